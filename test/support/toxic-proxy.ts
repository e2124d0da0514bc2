/**
 * A TCP proxy between two of our processes that misbehaves on demand, for tests of what happens when the network does.
 *
 *   const proxy = await startToxicProxy({ host: '127.0.0.1', port: redisPort });
 *   proxy.set({ latencyMs: 300 });  proxy.cut();  proxy.set({ hang: true });  proxy.resume();
 *
 * Toxics apply to bytes of both directions from the moment they are set. Loopback only; it stops with the test's process.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterFile } from './after-file.js';

export interface Toxics {
  /** Each chunk arrives so much later; order is kept. */
  readonly latencyMs: number;
  /** Bytes are swallowed: both sides think that the other is slow. */
  readonly hang: boolean;
  /** New connections are closed at once. */
  readonly refuse: boolean;
  /** Chunks are handed on in pieces of at most so many bytes, a turn of the event loop apart; 0 is off. */
  readonly sliceBytes: number;
  /** The connection breaks (RST) after so many further bytes to the client; -1 is off. */
  readonly cutAfterBytes: number;
  /** Every chunk to the server is sent twice, as a confused middlebox would. */
  readonly duplicate: boolean;
}

const HEALTHY: Toxics = { latencyMs: 0, hang: false, refuse: false, sliceBytes: 0, cutAfterBytes: -1, duplicate: false };

export class ToxicProxy {
  readonly port: number;
  #toxics = HEALTHY;
  #bytesUntilCut = -1;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: { host: string; port: number };

  constructor(server: Server, port: number, target: { host: string; port: number }) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on('connection', (client) => this.#accept(client));
  }

  /** `url` with this proxy's host and port. */
  in(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href.replace(/\/$/, url.endsWith('/') ? '/' : '');
  }

  get openConnections(): number {
    return this.#sockets.size / 2;
  }

  set(toxics: Partial<Toxics>): void {
    this.#toxics = { ...this.#toxics, ...toxics };
    this.#bytesUntilCut = this.#toxics.cutAfterBytes;
  }

  /** Healthy again, for new bytes and connections; what hung stays lost. */
  resume(): void {
    this.#toxics = HEALTHY;
    this.#bytesUntilCut = -1;
  }

  /** Breaks every open connection now (RST). New ones are accepted unless `refuse` is set. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#toxics.refuse) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#target);
    this.#track(client, upstream);
    this.#track(upstream, client);
    this.#pass(client, upstream, 'up');
    this.#pass(upstream, client, 'down');
  }

  #track(socket: Socket, other: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => other.resetAndDestroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }

  /** A chain of promises keeps the order when toxics change in between. */
  #pass(from: Socket, to: Socket, direction: 'up' | 'down'): void {
    let before = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      if (this.#toxics.hang) return;
      const { latencyMs, duplicate } = this.#toxics;
      const due = Date.now() + latencyMs;
      before = before.then(async () => {
        if (latencyMs > 0) await wait(Math.max(0, due - Date.now()));
        await this.#write(to, chunk, direction);
        if (duplicate && direction === 'up') await this.#write(to, chunk, direction);
      });
    });
    from.on('end', () => {
      before = before.then(() => {
        to.end();
      });
    });
  }

  async #write(to: Socket, chunk: Buffer, direction: 'up' | 'down'): Promise<void> {
    const { sliceBytes } = this.#toxics;
    const step = sliceBytes > 0 ? sliceBytes : chunk.length;
    for (let start = 0; start < chunk.length && !to.destroyed; start += step) {
      const piece = chunk.subarray(start, start + step);
      if (direction === 'down' && this.#bytesUntilCut >= 0) {
        to.write(piece.subarray(0, this.#bytesUntilCut));
        this.#bytesUntilCut -= piece.length;
        if (this.#bytesUntilCut <= 0) {
          await wait(0);
          this.#bytesUntilCut = -1;
          to.resetAndDestroy();
          return;
        }
      } else {
        to.write(piece);
      }
      if (sliceBytes > 0) await wait(0);
    }
  }
}

/** Stops after the test file by itself. */
export async function startToxicProxy(target: { host: string; port: number }): Promise<ToxicProxy> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const proxy = new ToxicProxy(server, address.port, target);
  afterFile(() => proxy.stop());
  return proxy;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
