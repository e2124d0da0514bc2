import { describe, expect, test } from 'vitest';
import { countUsage, type RequestFacts } from '../../../data-plane/metering/count-usage.js';
import type { Candidate, UsageReport } from '../../../data-plane/types.js';
import { NO_TOKENS, type TokenBuckets } from '../../../shared/money.js';
import { makePlan } from '../money.js';

const plan = makePlan();
const [candidate] = plan.candidates;
const report = (buckets: Partial<TokenBuckets>, mismatch = false): UsageReport => ({
  ...{ buckets: { ...NO_TOKENS, ...buckets }, reasoningTokens: 0, mismatch },
});
const facts = (changes: Partial<RequestFacts>): RequestFacts => ({
  ...{ ending: 'completed', candidate, estimate: plan.estimate, usage: undefined, finished: false, deliveredBytes: 0 },
  ...changes,
});
const vendorThatBillsAbandoned = {
  ...candidate,
  endpoint: { ...candidate?.endpoint, quirks: { more: { billsAbandonedInput: true } } },
} as Candidate;

describe('the settlement table of billing 3, row by row', () => {
  test('completed: usage as reported', () => {
    const counted = countUsage(
      facts({ usage: report({ inputUncached: 90, cacheRead: 10, output: 50 }), finished: true, deliveredBytes: 180 }),
    );
    expect(counted).toMatchObject({ reason: 'completed', estimated: false, buckets: { inputUncached: 90, cacheRead: 10, output: 50 } });
  });

  test('client left before the first token: nothing', () => {
    expect(countUsage(facts({ ending: 'client_left' }))).toMatchObject({ reason: 'client_closed', buckets: NO_TOKENS });
    expect(countUsage(facts({ ending: 'client_left', candidate: undefined }))).toMatchObject({
      reason: 'client_closed',
      buckets: NO_TOKENS,
    });
  });

  test('client left before the first token, and the vendor bills the input: the input', () => {
    const counted = countUsage(facts({ ending: 'client_left', candidate: vendorThatBillsAbandoned }));
    expect(counted).toMatchObject({ reason: 'client_closed', estimated: true, buckets: { inputUncached: 100, output: 0 } });
  });

  test('client left mid-stream: input and delivered output', () => {
    const counted = countUsage(facts({ ending: 'client_left', deliveredBytes: 401 }));
    expect(counted).toMatchObject({ reason: 'client_closed', estimated: true, buckets: { inputUncached: 100, output: 101 } });
  });

  test('client left mid-stream after the vendor reported its input: that input', () => {
    const counted = countUsage(
      facts({ ending: 'client_left', usage: report({ inputUncached: 70, cacheRead: 25, output: 1 }), deliveredBytes: 40 }),
    );
    expect(counted.buckets).toEqual({ ...NO_TOKENS, inputUncached: 70, cacheRead: 25, output: 10 });
  });

  test('vendor cut the stream: input and delivered output', () => {
    expect(countUsage(facts({ ending: 'failed', deliveredBytes: 40 }))).toMatchObject({
      reason: 'upstream_cut',
      estimated: true,
      buckets: { output: 10 },
    });
  });

  test('error, or an answer without output: nothing', () => {
    expect(countUsage(facts({ ending: 'failed' }))).toMatchObject({ reason: 'no_output', buckets: NO_TOKENS });
    expect(countUsage(facts({ ending: 'failed', candidate: undefined }))).toMatchObject({ reason: 'no_output', buckets: NO_TOKENS });
    const empty = facts({ usage: report({ inputUncached: 100 }), finished: true });
    expect(countUsage(empty)).toMatchObject({ reason: 'no_output', buckets: NO_TOKENS });
  });

  test('vendor sent no usage: counted here, and flagged', () => {
    const counted = countUsage(facts({ finished: true, deliveredBytes: 400 }));
    expect(counted).toMatchObject({ reason: 'estimated', estimated: true, buckets: { inputUncached: 100, output: 100 } });
  });

  test('the funds ended: input and delivered output', () => {
    expect(countUsage(facts({ ending: 'funds_ended', deliveredBytes: 80 }))).toMatchObject({
      reason: 'funds_ended',
      buckets: { output: 20 },
    });
  });
});

describe('a report beyond reason is cut and flagged, never unbounded and never negative', () => {
  const counted = (usage: UsageReport) => countUsage(facts({ usage, finished: true, deliveredBytes: 40 }));
  test.each([
    ['negative', { inputUncached: -5, output: 10 }, { inputUncached: 0, output: 10 }],
    ['absurd input', { inputUncached: 2 ** 60, output: 10 }, { inputUncached: 20_120, output: 10 }],
    ['absurd output', { inputUncached: 10, output: 1e18 }, { inputUncached: 10, output: 4_096 }],
    ['not a number', { inputUncached: Number.NaN, output: 10 }, { inputUncached: 0, output: 10 }],
    ['fractions', { inputUncached: 10.9, output: 10 }, { inputUncached: 10, output: 10 }],
    ['dearest first', { inputUncached: 20_000, cacheRead: 20_000, output: 1 }, { inputUncached: 120, cacheRead: 20_000, output: 1 }],
  ])('%s', (_name, given, expected) => {
    const { buckets, mismatch } = counted(report(given));
    expect(buckets).toMatchObject(expected);
    expect(mismatch).toBe(true);
  });

  test('a vendor whose parts and total disagree is settled and flagged', () => {
    expect(counted(report({ inputUncached: 10, output: 10 }, true))).toMatchObject({ reason: 'completed', mismatch: true });
  });
});
