/** How fast a key spends: over the current and the last window of 10 s. No clock of its own. */
import type { NanoUsd } from './money.js';

const WINDOW_MS = 10_000;

export class BurnRate {
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #current: NanoUsd = 0n;
  #previous: NanoUsd = 0n;

  add(amount: NanoUsd, nowMs: number): void {
    this.#turn(nowMs);
    this.#current += amount;
  }

  /** Nano-USD a second. */
  perSecond(nowMs: number): NanoUsd {
    this.#turn(nowMs);
    const elapsedMs = Math.max(1_000, Math.round(nowMs - this.#startedAtMs) + (this.#previous > 0n ? WINDOW_MS : 0));
    return ((this.#current + this.#previous) * 1_000n) / BigInt(elapsedMs);
  }

  #turn(nowMs: number): void {
    const elapsedMs = nowMs - this.#startedAtMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#previous = elapsedMs < 2 * WINDOW_MS ? this.#current : 0n;
    this.#current = 0n;
    this.#startedAtMs = nowMs;
  }
}
