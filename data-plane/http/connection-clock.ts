/**
 * One timer for all open answers, instead of one each: heartbeats and deadlines are checked twice a second. Nothing is written per frame
 * but a flag, so silence is counted in ticks.
 */
import type { GatewayError } from '../../shared/errors.js';

export interface OpenAnswer {
  /** Monotonic milliseconds (`performance.now`). */
  tick(nowMs: number): void;
  abort(reason: GatewayError): void;
}

export const TICK_MS = 500;

export class ConnectionClock {
  readonly #open = new Set<OpenAnswer>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  get openCount(): number {
    return this.#open.size;
  }

  add(connection: OpenAnswer): void {
    this.#open.add(connection);
  }

  remove(connection: OpenAnswer): void {
    this.#open.delete(connection);
  }

  /** The drain's limit has passed: what is still open is told so. */
  abortAll(reason: GatewayError): void {
    for (const connection of this.#open) connection.abort(reason);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const connection of this.#open) connection.tick(nowMs);
  }
}
