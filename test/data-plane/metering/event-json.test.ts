import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventJson, startJson } from '../../../data-plane/metering/event-json.js';
import type { StartRecord } from '../../../data-plane/metering/spool-record.js';
import type { AttemptRecord, ExclusionRecord, UsageEvent } from '../../../shared/usage-event.js';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('a "quoted" \\ name'), fc.constant('名前\u2028'));
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value);
const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const start: { [member in keyof StartRecord]: fc.Arbitrary<StartRecord[member]> } = {
  requestId: fc.uuid(),
  region: text,
  accountId: fc.uuid(),
  keyId: fc.uuid(),
  leaseId: orNull(fc.uuid()),
  test: fc.boolean(),
  modelAsked: text,
  route: text,
  tier: orNull(fc.constantFrom('frontier', 'standard', 'value')),
  sessionId: orNull(text),
  multiplier: fc.constantFrom({ numerator: 1, denominator: 1 }, { numerator: 1, denominator: 2 }),
  streamed: fc.boolean(),
  startedAtMs: whole,
  batchItemId: orNull(fc.uuid()),
};

const attempt: fc.Arbitrary<AttemptRecord> = fc.record({
  vendorId: text,
  endpointId: text,
  model: text,
  credential: fc.constantFrom('house', 'byok'),
  outcome: text,
  status: orNull(whole),
  durationMs: whole,
  firstTokenMs: orNull(whole),
});
const exclusion: fc.Arbitrary<ExclusionRecord> = fc.record({ model: text, vendorId: orNull(text), reason: text });

// Typed by the event: a new member that is missing here does not compile.
const event: { [member in keyof UsageEvent]: fc.Arbitrary<UsageEvent[member]> } = {
  ...start,
  nodeId: text,
  epoch: whole,
  sequence: whole,
  model: orNull(text),
  vendorId: orNull(text),
  endpointId: orNull(text),
  upstreamModel: orNull(text),
  byok: fc.boolean(),
  attempts: fc.array(attempt, { maxLength: 3 }),
  excluded: fc.array(exclusion, { maxLength: 3 }),
  buckets: fc.record({ inputUncached: whole, cacheRead: whole, cacheWrite5m: whole, cacheWrite1h: whole, output: whole, requests: whole }),
  reasoningTokens: whole,
  priceRevision: orNull(whole),
  actualNano: fc.bigInt().map(String),
  chargeNano: fc.bigInt().map(String),
  reason: fc.constantFrom('completed', 'client_closed', 'upstream_cut', 'no_output', 'estimated', 'node_crash', 'funds_ended', 'rejected'),
  estimated: fc.boolean(),
  usageMismatch: fc.boolean(),
  status: whole,
  errorCode: orNull(text),
  finishReason: orNull(text),
  firstTokenMs: orNull(whole),
  totalMs: whole,
};

test('an END is written as JSON.stringify would say it, whatever its texts hold', () => {
  fc.assert(
    fc.property(fc.record(event), (one) => {
      expect(JSON.parse(eventJson(one))).toEqual(one);
    }),
  );
});

test('so is a START', () => {
  fc.assert(
    fc.property(fc.record(start), (one) => {
      expect(JSON.parse(startJson(one))).toEqual(one);
    }),
  );
});
