/**
 * One endpoint's circuit: closed, open (nothing passes until `reopensAt`), half-open (one probe at a time).
 * Opens when, of the recent attempts, too many failed or were slow to their first token; an opening after a failed probe lasts twice as
 * long. Counts decay, so an idle endpoint forgets. Pure arithmetic on a clock given by the caller; nothing allocates after construction.
 */

/** Recent means: an attempt counts half after this long. */
const HALF_LIFE_MS = 20_000;
/** Fewer recent attempts say nothing (decayed counts: 5 attempts within a few seconds). */
const MIN_ATTEMPTS = 4.5;
const MAX_FAILURE_SHARE = 0.5;
/** A slow first token is most of a failure: a vendor at which everything is slow opens, one where every other answer is slow does not. */
const SLOW_WEIGHT = 0.8;
const FIRST_OPEN_MS = 5_000;
const MAX_OPEN_MS = 60_000;
/** Probes in a row that must succeed. */
const PROBES_TO_CLOSE = 2;
/** A probe that never reported back (its request was dropped) blocks no longer than this. */
const PROBE_LEASE_MS = 60_000;

export class CircuitBreaker {
  #attempts = 0;
  #failures = 0;
  #decayedAtMs = 0;
  /** 0 when closed. */
  #reopensAtMs = 0;
  #openMs = FIRST_OPEN_MS;
  #halfOpen = false;
  #probeSinceMs = Number.NEGATIVE_INFINITY;
  #probesPassed = 0;
  /** Opened by a probe of the prober, not by customers' requests: a good probe takes it back. */
  #suspended = false;

  /** No request passes now: open, or half-open with its probe on the way. */
  isOpen(nowMs: number): boolean {
    if (nowMs < this.#reopensAtMs) return true;
    return this.#halfOpen && nowMs - this.#probeSinceMs < PROBE_LEASE_MS;
  }

  /** Milliseconds until the next probe may pass; 0 when closed. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#reopensAtMs - nowMs);
  }

  /** Called when an attempt begins. False: not now. In half-open this attempt becomes the probe. */
  tryBegin(nowMs: number): boolean {
    if (this.isOpen(nowMs)) return false;
    if (this.#reopensAtMs > 0) this.#halfOpen = true;
    if (this.#halfOpen) this.#probeSinceMs = nowMs;
    return true;
  }

  /** The attempt says nothing about the vendor (the client left, the request was wrong). */
  release(): void {
    this.#probeSinceMs = Number.NEGATIVE_INFINITY;
  }

  succeed(nowMs: number, slow: boolean): void {
    this.#count(nowMs, slow ? SLOW_WEIGHT : 0);
    if (this.#halfOpen) {
      this.release();
      this.#probesPassed++;
      if (this.#probesPassed >= PROBES_TO_CLOSE) this.#close();
    } else this.#openIfBad(nowMs);
  }

  /** True when this failure opened the circuit. */
  fail(nowMs: number): boolean {
    this.#count(nowMs, 1);
    if (!this.#halfOpen) return this.#openIfBad(nowMs);
    this.#openMs = Math.min(this.#openMs * 2, MAX_OPEN_MS);
    this.#open(nowMs, this.#openMs);
    return true;
  }

  /** A neighbour saw it fail: believe it briefly, then probe for ourselves. */
  openFor(nowMs: number, durationMs: number): void {
    if (!this.isOpen(nowMs) && !this.#halfOpen) this.#open(nowMs, Math.min(durationMs, FIRST_OPEN_MS));
  }

  /** A probe found nobody there. What customers' requests opened stays theirs. */
  suspend(nowMs: number, durationMs: number): void {
    if (this.#halfOpen || (this.isOpen(nowMs) && !this.#suspended)) return;
    this.#open(nowMs, durationMs);
    this.#suspended = true;
  }

  /** A probe found the vendor well: ends a suspension, and nothing else. */
  resume(nowMs: number): void {
    if (this.#suspended && this.isOpen(nowMs)) this.#close();
  }

  /** 0 to 1 over recent attempts; 1 when there were none. */
  successRate(nowMs: number): number {
    const decay = decayOver(nowMs - this.#decayedAtMs);
    // One imagined success: a single failure after silence is no proof.
    return 1 - (this.#failures * decay) / (this.#attempts * decay + 1);
  }

  #count(nowMs: number, failure: number): void {
    const decay = decayOver(nowMs - this.#decayedAtMs);
    this.#attempts = this.#attempts * decay + 1;
    this.#failures = this.#failures * decay + failure;
    this.#decayedAtMs = nowMs;
  }

  #openIfBad(nowMs: number): boolean {
    if (this.#attempts < MIN_ATTEMPTS || this.#failures < this.#attempts * MAX_FAILURE_SHARE) return false;
    this.#open(nowMs, this.#openMs);
    return true;
  }

  #open(nowMs: number, durationMs: number): void {
    this.#reopensAtMs = nowMs + durationMs;
    this.#halfOpen = false;
    this.#suspended = false;
    this.#probesPassed = 0;
    this.release();
  }

  #close(): void {
    this.#reopensAtMs = 0;
    this.#halfOpen = false;
    this.#suspended = false;
    this.#probesPassed = 0;
    this.#openMs = FIRST_OPEN_MS;
    this.#attempts = 0;
    this.#failures = 0;
  }
}

function decayOver(elapsedMs: number): number {
  return elapsedMs <= 0 ? 1 : 2 ** (-elapsedMs / HALF_LIFE_MS);
}
