import { describe, expect, test } from 'vitest';
import { RequestMeter } from '../../../data-plane/metering/meter.js';
import type { StartRecord } from '../../../data-plane/metering/spool-record.js';
import type { Hold, RoutePlan } from '../../../data-plane/types.js';
import type { ChatUsage } from '../../../shared/chat.js';
import { GatewayError } from '../../../shared/errors.js';
import { type HoldOwner, Lease, LeaseHold } from '../../../shared/lease-hold.js';
import { BATCH_50, type NanoUsd } from '../../../shared/money.js';
import { ACCOUNT, KEY, makePlan, makePrincipal, makeRequest, textFrame, usageFrame } from '../money.js';

/** A lease of this size, with no ledger behind it: it refuses to be raised, or never answers. */
function makeHold(granted: NanoUsd, held: NanoUsd, answers: 'refused' | 'never' = 'refused'): Hold {
  const lease = new Lease('lease-1', ACCOUNT, KEY);
  lease.granted = granted;
  const owner: HoldOwner = { raise: () => answers === 'never', returned: () => undefined };
  const hold = new LeaseHold(owner, lease, held);
  const figures = { limit: 1, remaining: 1, resetMs: 0 };
  return {
    ...{
      requestId: 'r',
      accountId: ACCOUNT,
      keyId: KEY,
      leaseId: lease.id,
      limits: { requests: figures, tokens: figures },
      outputTokens: null,
    },
    get amount() {
      return hold.amount;
    },
    get refused() {
      return hold.refused;
    },
    extend: (more) => hold.extend(more),
    settle: (actual) => hold.settle(actual),
    cancel: () => hold.cancel(),
  };
}

interface Options {
  readonly hold?: Hold;
  readonly plan?: RoutePlan;
  readonly stream?: boolean;
  readonly batch?: boolean;
}

function openMeter(options: Options = {}) {
  const plan = options.plan ?? makePlan();
  const hold = options.hold ?? makeHold(1_000_000_000n, plan.ceiling);
  const principal = makePrincipal(options.batch ? { multiplier: BATCH_50, batchItemId: 'item' } : {});
  const request = makeRequest({ stream: options.stream ?? true });
  const meter = new RequestMeter({ nodeId: 'node-1', epoch: 3, now: Date.now }, {} as StartRecord, request, principal, plan, hold);
  const [candidate] = plan.candidates;
  if (candidate) meter.commit(candidate);
  return meter;
}

function renderUsage(meter: RequestMeter, input: number, output: number): ChatUsage {
  const bytes = meter.observe(usageFrame(input, output, { render: (usage) => Buffer.from(JSON.stringify(usage)) }));
  return JSON.parse(bytes.toString());
}

describe('what a request is charged', () => {
  test('prices times buckets, in nano-USD, as the usage object said', () => {
    const meter = openMeter();
    meter.observe(textFrame(200));
    const usage = renderUsage(meter, 100, 50);
    expect(usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 50, total_tokens: 150, cost: 0.0007, is_byok: false });
    const settlement = meter.close();
    expect(settlement).toMatchObject({ actual: 700_000n, charge: 700_000n, reason: 'completed' });
    expect(meter.event(settlement, 12)).toMatchObject({
      ...{
        sequence: 12,
        epoch: 3,
        model: 'test-model',
        vendorId: 'sandbox',
        priceRevision: 7,
        actualNano: '700000',
        chargeNano: '700000',
        status: 200,
      },
    });
  });

  test('half of it for a batch item', () => {
    const meter = openMeter({ batch: true });
    expect(renderUsage(meter, 101, 50).cost).toBe(0.000351);
    expect(meter.close().charge).toBe(351_000n);
  });

  test('500 nano-USD a token, and no model price, with the customer’s own vendor key', () => {
    const meter = openMeter({ plan: makePlan(4_096, { byok: true }) });
    expect(renderUsage(meter, 100, 50)).toMatchObject({ cost: 0.000075, is_byok: true });
    const settlement = meter.close();
    expect(settlement.charge).toBe(75_000n);
    expect(meter.event(settlement, 1)).toMatchObject({ byok: true, priceRevision: null });
  });

  test('usage that a vendor sends twice counts once: the last', () => {
    const meter = openMeter();
    meter.observe(usageFrame(100, 10));
    meter.observe(usageFrame(100, 50, { deliveredBytes: 200 }));
    expect(meter.close().charge).toBe(700_000n);
  });

  test('never more than the hold and what its lease has left; what was shown is what is charged', () => {
    const meter = openMeter({ hold: makeHold(500_000n, 300_000n) });
    meter.observe(textFrame(200));
    expect(renderUsage(meter, 100, 50).cost).toBe(0.0005);
    expect(meter.close()).toMatchObject({ actual: 700_000n, charge: 500_000n });
  });

  test('nothing when no vendor served, with the status that the customer saw', () => {
    const meter = new RequestMeter(
      { nodeId: 'node-1', epoch: 3, now: Date.now },
      {} as StartRecord,
      makeRequest(),
      makePrincipal(),
      makePlan(),
      makeHold(1_000n, 1_000n),
    );
    meter.fail(new GatewayError('all_providers_failed', 'none'));
    const settlement = meter.close();
    expect(settlement).toMatchObject({ charge: 0n, reason: 'no_output' });
    expect(meter.event(settlement, 1)).toMatchObject({ status: 502, errorCode: 'all_providers_failed', vendorId: null });
  });

  test('a client that left is status 499', () => {
    const meter = openMeter();
    meter.observe(textFrame(40));
    meter.abandon();
    const settlement = meter.close();
    expect(settlement).toMatchObject({ reason: 'client_closed', charge: 300_000n });
    expect(meter.event(settlement, 1)).toMatchObject({ status: 499, estimated: true });
  });
});

describe('a stream that outgrows its hold', () => {
  const chunk = 2_048n * 10_000n;

  test('takes more of its lease as it goes', () => {
    const hold = makeHold(chunk * 4n, chunk);
    const meter = openMeter({ hold });
    for (let tokens = 0; tokens < 4_000; tokens += 100) meter.observe(textFrame(400));
    expect(meter.fundsEnded).toBe(false);
    expect(hold.amount).toBeGreaterThan(4_000n * 10_000n);
  });

  test('ends when the wallet has no more, and is charged what there was', () => {
    const meter = openMeter({ hold: makeHold(chunk, chunk / 2n) });
    let tokens = 0;
    for (; !meter.fundsEnded && tokens < 10_000; tokens += 10) meter.observe(textFrame(40));
    expect(tokens).toBeGreaterThan(1_900);
    expect(tokens).toBeLessThan(2_300);
    const settlement = meter.close();
    expect(settlement).toMatchObject({ reason: 'funds_ended' });
    expect(settlement.charge).toBeLessThanOrEqual(chunk);
    expect(meter.event(settlement, 1)).toMatchObject({ finishReason: 'length', estimated: true });
  });

  test('runs on for a chunk while the ledger does not answer, then ends', () => {
    const meter = openMeter({ hold: makeHold(chunk, chunk, 'never') });
    let tokens = 0;
    for (; !meter.fundsEnded && tokens < 10_000; tokens += 10) meter.observe(textFrame(40));
    expect(tokens).toBeGreaterThan(4_000);
    expect(tokens).toBeLessThan(4_300);
  });
});

test('progress says what would be charged now, and only when something is new', () => {
  const meter = openMeter();
  expect(meter.progress()).toBeUndefined();
  meter.observe(textFrame(400));
  expect(meter.progress()).toMatchObject({ vendorId: 'sandbox', buckets: { inputUncached: 100, output: 100 }, chargeNano: '1200000' });
  expect(meter.progress()).toBeUndefined();
});
