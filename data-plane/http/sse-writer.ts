/**
 * An SSE answer over a raw response. Writes whole events; `write` gives a promise only while the socket is full, so that a slow reader
 * slows the vendor down and a fast one costs nothing. Comments fill silence, so that proxies keep the connection.
 * When the client leaves, writes become nothing and a waiting one resolves.
 */
import type { ServerResponse } from 'node:http';
import { TICK_MS } from './connection-clock.js';

const HEARTBEAT = Buffer.from(': keep-alive\n\n');
const HEARTBEAT_TICKS = 15_000 / TICK_MS;

export class SseWriter {
  #silentTicks = 0;
  #release: (() => void) | undefined;

  constructor(private readonly response: ServerResponse) {
    const release = () => this.#release?.();
    response.on('drain', release);
    response.on('close', release);
  }

  write(data: Buffer | string): void | Promise<void> {
    if (data.length === 0 || this.response.destroyed) return;
    this.#silentTicks = 0;
    if (this.response.write(data)) return;
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  tick(): void {
    this.#silentTicks++;
    if (this.#silentTicks < HEARTBEAT_TICKS || this.response.writableNeedDrain) return;
    this.#silentTicks = 0;
    this.response.write(HEARTBEAT);
  }

  end(last?: string): void {
    this.response.end(last);
  }
}
