/**
 * The connections to one origin: an undici `Client` each, the one that was free last is used first. undici's own `Pool` looks through
 * all of its clients at every dispatch, twice: 10 us at 64 running requests, and more with each that runs. Here it is one pop.
 * Connections that load no longer needs go cold at the bottom: their sockets close after the keep-alive time, the clients after `IDLE_MS`,
 * and whoever comes next asks DNS again. Unbounded on purpose: admission bounds what runs. Called by `dispatch.ts` alone.
 */
import { Client, type Dispatcher } from 'undici';
import type { ResponseReader } from './response-reader.js';

const IDLE_MS = 300_000;
const SWEEP_MS = 60_000;

interface Idle {
  readonly client: Client;
  readonly sinceMs: number;
}

export class OriginClients {
  readonly #all = new Set<Client>();
  #idle: Idle[] = [];
  readonly #timer = setInterval(() => this.#sweep(performance.now()), SWEEP_MS).unref();

  constructor(
    private readonly origin: string,
    private readonly options: Client.Options,
  ) {}

  dispatch(options: Dispatcher.DispatchOptions, reader: ResponseReader): void {
    const client = this.#idle.pop()?.client ?? this.#open();
    reader.onFinished = (reusable) => {
      if (reusable && !client.destroyed) this.#idle.push({ client, sinceMs: performance.now() });
      else this.#drop(client);
    };
    client.dispatch(options, reader);
  }

  /** Lets running calls end, then closes every connection. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#idle = [];
    await Promise.all([...this.#all].map((client) => client.close()));
  }

  #open(): Client {
    const client = new Client(this.origin, this.options);
    this.#all.add(client);
    return client;
  }

  #sweep(nowMs: number): void {
    const cold = this.#idle.findIndex(({ sinceMs }) => nowMs - sinceMs < IDLE_MS);
    for (const { client } of this.#idle.splice(0, cold === -1 ? this.#idle.length : cold)) this.#drop(client);
  }

  /** It may still be connecting for a request that was given up: nobody waits behind that. */
  #drop(client: Client): void {
    this.#all.delete(client);
    void client.destroy();
  }
}
