/** How long one attempt may take to begin, and how long to wait before another: pure arithmetic over deadlines. */

/** While others could still answer, one candidate gets at most this share of the time left: a hanging vendor leaves time for the next. */
const SHARE_OF_REST = 0.4;
/** Of the time left, when the last candidate is asked for the first time: the rest is for asking it again. */
const SHARE_FOR_FIRST_TRY = 0.7;
/** A sync answer begins when it is complete: so much slower than this a model is taken to hang. Output tokens per second. */
const SLOW_TOKENS_PER_SECOND = 15;
/** Reasoning is not in the estimate of output. */
const SYNC_EXTRA_MS = 60_000;
/** So many times what nearly all answers keep, and never below a time in which any model begins. */
const PATIENCE = 8;
const MIN_PATIENCE_MS = 10_000;
/** Nobody connects, thinks and answers in less; a shorter time would only make failures. */
const MIN_BEGIN_MS = 50;

const BACKOFF_BASE_MS = 100;
const BACKOFF_CAP_MS = 3_000;
/** A customer rather hears `retry-after` than waits longer than this in silence. */
const MAX_WAIT_MS = 10_000;

/** What is known of how long this endpoint usually takes to begin. */
export interface UsualBegin {
  /** The 95th percentile, once enough was measured. */
  readonly slowMs: number | undefined;
  /** It was silent to this request already. */
  readonly hungBefore: boolean;
  /** A sync answer begins with its end. */
  readonly sync: boolean;
  /** Expected of a sync answer. */
  readonly outputTokens: number;
}

/**
 * Milliseconds until the first good frame must be there. `firstTokenMs` is the vendor's own limit, `remainingMs` goes to the request's
 * deadline. While others could answer, a vendor that is silent much longer than it ever is gives way to the next; the last one is asked
 * again.
 */
export function beginTimeMs(firstTokenMs: number, remainingMs: number, othersLeft: boolean, usual: UsualBegin): number {
  const generationMs = usual.sync ? (usual.outputTokens * 1000) / SLOW_TOKENS_PER_SECOND : 0;
  const limitMs = firstTokenMs + generationMs + (usual.sync ? SYNC_EXTRA_MS : 0);
  const patienceMs = usual.slowMs === undefined ? limitMs : Math.max(MIN_PATIENCE_MS + generationMs, usual.slowMs * PATIENCE);
  if (!othersLeft) {
    // Nobody else is there. It is asked a second time if what is left is as much as it nearly always needs.
    const firstMs = Math.min(limitMs, remainingMs * SHARE_FOR_FIRST_TRY);
    const again = !usual.hungBefore && (usual.slowMs ?? 0) <= remainingMs - firstMs;
    return Math.max(MIN_BEGIN_MS, again ? Math.min(firstMs, patienceMs) : Math.min(limitMs, remainingMs));
  }
  return Math.max(MIN_BEGIN_MS, Math.min(limitMs, patienceMs, remainingMs * SHARE_OF_REST));
}

/** Decorrelated jitter (each wait between the base and three times the last). Undefined: not worth waiting, or past the deadline. */
export function nextWaitMs(
  lastMs: number,
  retryAfterMs: number | undefined,
  remainingMs: number,
  random: () => number,
): number | undefined {
  const jittered = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS + random() * Math.max(0, lastMs * 3 - BACKOFF_BASE_MS));
  const wait = Math.max(jittered, retryAfterMs ?? 0);
  return wait > MAX_WAIT_MS || wait >= remainingMs ? undefined : wait;
}
