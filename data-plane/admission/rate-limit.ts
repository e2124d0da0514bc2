/**
 * Requests a minute, tokens a minute and requests at once, per key and per account, in this node's memory: about a tenth of a
 * microsecond, no hop. Each limit is a bucket that holds a minute's worth and fills steadily (GCRA: one number, the moment at which
 * the bucket is full again). Limits hold per node; what a key may spend over all nodes is bounded by its leases and budgets.
 *
 * Either everything a request needs is taken or nothing is. Tokens are taken by estimate and corrected when the request ends.
 * A key that was idle for `ROTATE_MS` is forgotten: its buckets are full by then.
 */
import { GatewayError } from '../../shared/errors.js';
import type { RateLimitReading } from '../types.js';

const MINUTE_MS = 60_000;
const ROTATE_MS = 5 * MINUTE_MS;

export interface Limits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  /** Requests at once; Infinity is no limit. */
  readonly concurrency: number;
}

interface Buckets {
  /** Steady milliseconds at which the bucket is full again. */
  requestsFullAtMs: number;
  tokensFullAtMs: number;
  open: number;
}

/** What a request took; given back or corrected once. */
export interface RateTicket {
  readonly limits: RateLimitReading;
  /** The request ended, having used so many tokens (undefined: it never ran). */
  close(tokens: number | undefined): void;
}

export class RateLimiter {
  #newer = new Map<string, Buckets>();
  #older = new Map<string, Buckets>();
  #rotateAtMs: number;

  constructor(private readonly now: () => number) {
    this.#rotateAtMs = now() + ROTATE_MS;
  }

  /** Throws 429 `rate_limit_exceeded` with the time after which the request would pass; then nothing was taken. */
  take(keyId: string, keyLimits: Limits, accountId: string, accountLimits: Limits, tokens: number): RateTicket {
    const nowMs = this.now();
    if (nowMs >= this.#rotateAtMs) this.#rotate(nowMs);
    const key = this.#buckets(keyId);
    const account = this.#buckets(accountId);
    check('key', key, keyLimits, tokens, nowMs);
    check('account', account, accountLimits, tokens, nowMs);
    spend(key, keyLimits, tokens, nowMs);
    spend(account, accountLimits, tokens, nowMs);
    return {
      limits: reading(key, keyLimits, nowMs),
      close: (used) => {
        const correction = (used ?? 0) - tokens;
        refund(key, keyLimits, correction, used === undefined);
        refund(account, accountLimits, correction, used === undefined);
      },
    };
  }

  #buckets(id: string): Buckets {
    const known = this.#newer.get(id);
    if (known) return known;
    const buckets = this.#older.get(id) ?? { requestsFullAtMs: 0, tokensFullAtMs: 0, open: 0 };
    this.#newer.set(id, buckets);
    return buckets;
  }

  #rotate(nowMs: number): void {
    for (const [id, buckets] of this.#older) if (buckets.open > 0 && !this.#newer.has(id)) this.#newer.set(id, buckets);
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#rotateAtMs = nowMs + ROTATE_MS;
  }
}

function check(whose: 'key' | 'account', buckets: Buckets, limits: Limits, tokens: number, nowMs: number): void {
  if (buckets.open >= limits.concurrency)
    throw limited(`This ${whose} may run ${limits.concurrency} requests at once; wait for one to finish.`, 1_000);
  const requestWaitMs = buckets.requestsFullAtMs + MINUTE_MS / limits.requestsPerMinute - nowMs - MINUTE_MS;
  if (requestWaitMs > 0) throw limited(`This ${whose} may send ${limits.requestsPerMinute} requests a minute.`, requestWaitMs);
  if (tokens > limits.tokensPerMinute)
    throw limited(`This request needs about ${tokens} tokens; this ${whose} may use ${limits.tokensPerMinute} a minute.`, MINUTE_MS);
  const tokenWaitMs = buckets.tokensFullAtMs + (tokens * MINUTE_MS) / limits.tokensPerMinute - nowMs - MINUTE_MS;
  if (tokenWaitMs > 0) throw limited(`This ${whose} may use ${limits.tokensPerMinute} tokens a minute.`, tokenWaitMs);
}

function spend(buckets: Buckets, limits: Limits, tokens: number, nowMs: number): void {
  buckets.open++;
  buckets.requestsFullAtMs = Math.max(buckets.requestsFullAtMs, nowMs) + MINUTE_MS / limits.requestsPerMinute;
  buckets.tokensFullAtMs = Math.max(buckets.tokensFullAtMs, nowMs) + (tokens * MINUTE_MS) / limits.tokensPerMinute;
}

function refund(buckets: Buckets, limits: Limits, correction: number, neverRan: boolean): void {
  buckets.open--;
  buckets.tokensFullAtMs += (correction * MINUTE_MS) / limits.tokensPerMinute;
  if (neverRan) buckets.requestsFullAtMs -= MINUTE_MS / limits.requestsPerMinute;
}

function reading(buckets: Buckets, limits: Limits, nowMs: number): RateLimitReading {
  return {
    requests: figures(limits.requestsPerMinute, buckets.requestsFullAtMs - nowMs),
    tokens: figures(limits.tokensPerMinute, buckets.tokensFullAtMs - nowMs),
  };
}

function figures(limit: number, resetMs: number) {
  const remaining = Math.max(0, Math.floor(limit * (1 - resetMs / MINUTE_MS)));
  return { limit, remaining, resetMs: Math.max(0, Math.ceil(resetMs)) };
}

function limited(message: string, retryAfterMs: number): GatewayError {
  return new GatewayError('rate_limit_exceeded', message, { retryAfterMs: Math.ceil(retryAfterMs) });
}
