/** How long one attempt may take to begin, and how long to wait before another: pure arithmetic over deadlines. */
import type { Candidate, CompletionRequest, RoutePlan } from '../types.js';

/** While others could still answer, one candidate gets at most this share of the time left: a hanging vendor leaves time for the next. */
const SHARE_OF_REST = 0.4;
/** A sync answer begins when it is complete: so much slower than this a model is taken to hang. Output tokens per second. */
const SLOW_TOKENS_PER_SECOND = 15;
/** Reasoning is not in the estimate of output. */
const SYNC_EXTRA_MS = 60_000;
/** Nobody connects, thinks and answers in less; a shorter time would only make failures. */
const MIN_BEGIN_MS = 50;

const BACKOFF_BASE_MS = 100;
const BACKOFF_CAP_MS = 3_000;
/** A customer rather hears `retry-after` than waits longer than this in silence. */
const MAX_WAIT_MS = 10_000;

/** Milliseconds until the first good frame must be there. `remainingMs`: to the request's deadline. */
export function beginTimeMs(
  candidate: Candidate,
  request: Pick<CompletionRequest, 'stream'>,
  plan: Pick<RoutePlan, 'estimate'>,
  remainingMs: number,
  othersLeft: boolean,
): number {
  const { firstTokenMs } = candidate.endpoint.vendor.timeouts;
  const generationMs = request.stream ? 0 : SYNC_EXTRA_MS + (plan.estimate.outputExpected * 1000) / SLOW_TOKENS_PER_SECOND;
  const allowed = othersLeft ? remainingMs * SHARE_OF_REST : remainingMs;
  return Math.max(MIN_BEGIN_MS, Math.min(firstTokenMs + generationMs, allowed));
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
