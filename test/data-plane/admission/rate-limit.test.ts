import { expect, test } from 'vitest';
import { type Limits, RateLimiter } from '../../../data-plane/admission/rate-limit.js';
import type { GatewayError } from '../../../shared/errors.js';

const UNLIMITED: Limits = {
  requestsPerMinute: Number.POSITIVE_INFINITY,
  tokensPerMinute: Number.POSITIVE_INFINITY,
  concurrency: Number.POSITIVE_INFINITY,
};
let nowMs = 0;

function makeLimiter(limits: Partial<Limits>, account: Partial<Limits> = {}) {
  nowMs = 1_000_000;
  const limiter = new RateLimiter(() => nowMs);
  const keyLimits = { requestsPerMinute: 1_000, tokensPerMinute: 100_000, concurrency: Number.POSITIVE_INFINITY, ...limits };
  return (tokens = 10, key = 'key') => limiter.take(key, keyLimits, 'account', { ...UNLIMITED, ...account }, tokens);
}
const refusal = (take: () => unknown): GatewayError => {
  try {
    take();
  } catch (error) {
    return error as GatewayError;
  }
  throw new Error('was admitted');
};

test('a minute holds as many requests as it says, then says when the next one may come', () => {
  const take = makeLimiter({ requestsPerMinute: 3 });
  for (let count = 0; count < 3; count++) take().close(10);
  const error = refusal(take);
  expect(error).toMatchObject({ code: 'rate_limit_exceeded', status: 429, retryAfterMs: 20_000 });
  nowMs += error.retryAfterMs ?? 0;
  take();
});

test('tokens are taken by estimate and corrected when the request ends', () => {
  const take = makeLimiter({ tokensPerMinute: 1_000 });
  const first = take(800);
  expect(refusal(() => take(300))).toMatchObject({ retryAfterMs: 6_000 });
  first.close(100);
  take(300);
});

test('a request larger than a minute holds is refused, not left waiting', () => {
  const take = makeLimiter({ tokensPerMinute: 1_000 });
  expect(refusal(() => take(1_001)).message).toContain('about 1001 tokens');
});

test('requests at once are counted until each has ended', () => {
  const take = makeLimiter({ concurrency: 2 });
  const first = take();
  take();
  expect(refusal(take).message).toContain('2 requests at once');
  first.close(1);
  take();
});

test('a request that is refused takes nothing, and one that never ran gives all back', () => {
  const take = makeLimiter({ requestsPerMinute: 2, tokensPerMinute: 100 });
  for (let count = 0; count < 5; count++) refusal(() => take(101));
  for (let count = 0; count < 5; count++) take(100).close(undefined);
  take(100);
});

test('the account bounds all its keys together', () => {
  const take = makeLimiter({}, { requestsPerMinute: 2 });
  take(1, 'one');
  take(1, 'two');
  expect(refusal(() => take(1, 'three')).message).toContain('account');
});

test('the headers say what is left of the key’s minute', () => {
  const take = makeLimiter({ requestsPerMinute: 60, tokensPerMinute: 6_000 });
  expect(take(100).limits).toEqual({
    requests: { limit: 60, remaining: 59, resetMs: 1_000 },
    tokens: { limit: 6_000, remaining: 5_900, resetMs: 1_000 },
  });
});

test('idle keys are forgotten; one with a request under way is not', () => {
  const take = makeLimiter({ concurrency: 1 });
  const long = take(10, 'long');
  take(10, 'idle').close(10);
  for (let minutes = 0; minutes < 30; minutes += 6) {
    nowMs += 6 * 60_000;
    take(10, 'other').close(10);
  }
  expect(refusal(() => take(10, 'long')).message).toContain('at once');
  long.close(10);
  take(10, 'long');
});
