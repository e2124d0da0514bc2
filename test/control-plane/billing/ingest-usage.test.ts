import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import type { PriceSheet } from '../../../shared/money.js';
import type { UsageEvent } from '../../../shared/usage-event.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import {
  amountOf,
  arrivalsOf,
  type Customer,
  createCustomer,
  createNode,
  createPrice,
  grant,
  type Node,
  usageEvent,
  walletOf,
} from './money-fixture.js';

const USD = 1_000_000_000n;
let database: TestDatabase;
let price: PriceSheet;
let settler: UsageSettler;
beforeAll(async () => {
  database = await createDatabase();
  price = await createPrice(database.pool);
  settler = new UsageSettler(database.pool);
});

interface Scene {
  readonly node: Node;
  readonly customer: Customer;
  readonly leaseId: string;
  event(sequence: number, changes?: Parameters<typeof usageEvent>[5]): UsageEvent;
}

async function openScene(estimate = 5_000_000n): Promise<Scene> {
  const node = createNode();
  const customer = await createCustomer(database.pool, 10n * USD);
  const { leaseId } = await grant(database.pool, node, customer, estimate);
  return {
    node,
    customer,
    leaseId,
    event: (sequence, changes) => usageEvent(node, sequence, customer, leaseId, price, changes),
  };
}

async function settled(node: Node): Promise<number[]> {
  const { rows } = await database.pool.query<{ sequence: string }>('SELECT sequence FROM settlement WHERE node_id = $1 ORDER BY sequence', [
    node.id,
  ]);
  return rows.map((row) => Number(row.sequence));
}

async function quarantined(node: Node): Promise<string[]> {
  const { rows } = await database.pool.query<{ reason: string }>('SELECT reason FROM quarantine WHERE node_id = $1 ORDER BY id', [node.id]);
  return rows.map((row) => row.reason);
}

async function cursor(node: Node): Promise<number> {
  const { rows } = await database.pool.query<{ acknowledged: string }>('SELECT acknowledged FROM node_cursor WHERE node_id = $1', [
    node.id,
  ]);
  return Number(rows[0]?.acknowledged ?? 0);
}

describe('settling', () => {
  test('charges the wallet, the lease, the ledger, the rollup and the cursor by the same figure', async () => {
    const { node, customer, leaseId, event } = await openScene();
    const events = [event(1), event(2, { output: 250 }), event(3, { byok: true })];
    const byokFee = (100n * 500n).toString();
    events[2] = { ...events[2], actualNano: byokFee, chargeNano: byokFee } as UsageEvent;
    const [acknowledged] = await settler.settle(arrivalsOf(events));
    expect(acknowledged).toEqual({ nodeId: node.id, epoch: 1, acknowledged: 3 });
    const charge = events.reduce((total, one) => total + BigInt(one.chargeNano), 0n);
    const { available, leased } = await walletOf(database.pool, customer.accountId);
    expect(available + leased).toBe(10n * USD - charge);
    const lease = await database.pool.query('SELECT consumed, settled_count, settled_sum FROM lease WHERE id = $1', [leaseId]);
    expect(lease.rows[0]).toEqual({ consumed: charge.toString(), settled_count: '3', settled_sum: charge.toString() });
    const rollup = await database.pool.query('SELECT byok, requests, charge, output FROM usage_rollup WHERE key_id = $1 ORDER BY byok', [
      customer.keyId,
    ]);
    expect(rollup.rows).toEqual([
      { byok: false, requests: '2', charge: (charge - 50_000n).toString(), output: '350' },
      { byok: true, requests: '1', charge: '50000', output: '100' },
    ]);
    await assertMoneyInvariants(database.pool);
  });

  test('an event delivered 100 times, also concurrently, settles once', async () => {
    const { node, event } = await openScene();
    const arrivals = arrivalsOf([event(1), event(2)]);
    await Promise.all(Array.from({ length: 100 }, () => settler.settle(arrivals)));
    expect(await settled(node)).toEqual([1, 2]);
    expect(await quarantined(node)).toEqual([]);
    await assertMoneyInvariants(database.pool);
  });

  test('events out of order settle at once; the cursor waits for the hole and then passes it', async () => {
    const { node, event } = await openScene();
    const events = [1, 2, 3, 4, 5].map((sequence) => event(sequence));
    const deliver = async (...sequences: number[]) =>
      (await settler.settle(arrivalsOf(events.filter((one) => sequences.includes(one.sequence)))))[0]?.acknowledged;
    expect(await deliver(4, 5)).toBe(0);
    expect(await deliver(2)).toBe(0);
    expect(await deliver(4)).toBe(0);
    expect(await deliver(1)).toBe(2);
    expect(await settled(node)).toEqual([1, 2, 4, 5]);
    expect(await deliver(3)).toBe(5);
    expect(await settled(node)).toEqual([1, 2, 3, 4, 5]);
    const ahead = await database.pool.query('SELECT * FROM usage_ahead WHERE node_id = $1', [node.id]);
    expect(ahead.rows).toEqual([]);
    await assertMoneyInvariants(database.pool);
  });

  test('a restarted node settles what its last epoch left on the old lease', async () => {
    const { node, event } = await openScene();
    await settler.settle(arrivalsOf([event(1)]));
    const recovered = event(1, { epoch: 2, reason: 'node_crash', estimated: true });
    await settler.settle(arrivalsOf([recovered]));
    expect(await settled(node)).toEqual([1, 1]);
    expect(await quarantined(node)).toEqual([]);
  });

  test('a charge beyond the lease is paid by the platform, never by the wallet', async () => {
    const node = createNode();
    const customer = await createCustomer(database.pool, USD / 10n);
    const lease = await grant(database.pool, node, customer, 150_000n);
    await settler.settle(arrivalsOf([usageEvent(node, 1, customer, lease.leaseId, price)]));
    const { available, leased } = await walletOf(database.pool, customer.accountId);
    expect(available + leased).toBe(USD / 10n - amountOf(lease));
    const { rows } = await database.pool.query('SELECT charge, loss FROM settlement WHERE node_id = $1', [node.id]);
    expect(rows).toEqual([{ charge: '150000', loss: '50000' }]);
    await assertMoneyInvariants(database.pool);
  });

  test('what the node could not hold is a loss that the ledger shows', async () => {
    const { node, event } = await openScene();
    await settler.settle(arrivalsOf([{ ...event(1), chargeNano: '1', reason: 'funds_ended' }]));
    const { rows } = await database.pool.query('SELECT charge, loss FROM settlement WHERE node_id = $1', [node.id]);
    expect(rows).toEqual([{ charge: '1', loss: '199999' }]);
    await assertMoneyInvariants(database.pool);
  });

  test('a test key costs nothing and leaves its usage in the reports', async () => {
    const customer = await createCustomer(database.pool, 0n, { test: true });
    const node = createNode();
    await settler.settle(arrivalsOf([{ ...usageEvent(node, 1, customer, null, price), test: true, chargeNano: '0' }]));
    expect(await settled(node)).toEqual([1]);
    const { rows } = await database.pool.query('SELECT charge, output FROM usage_rollup WHERE key_id = $1', [customer.keyId]);
    expect(rows).toEqual([{ charge: '0', output: '100' }]);
  });

  test('a batch item is charged once, however often it ran', async () => {
    const { node, customer, event } = await openScene();
    const half = { batchItemId: randomUUID(), multiplier: { numerator: 1, denominator: 2 } };
    await settler.settle(arrivalsOf([event(1, half), event(2, half)]));
    await settler.settle(arrivalsOf([event(3, half)]));
    const { rows } = await database.pool.query('SELECT charge, loss FROM settlement WHERE node_id = $1 ORDER BY sequence', [node.id]);
    expect(rows).toEqual([
      { charge: '100000', loss: '0' },
      { charge: '0', loss: '100000' },
      { charge: '0', loss: '100000' },
    ]);
    const { available, leased } = await walletOf(database.pool, customer.accountId);
    expect(available + leased).toBe(10n * USD - 100_000n);
    await assertMoneyInvariants(database.pool);
  });

  test('the day of the report is bounded by PostgreSQL’s clock', async () => {
    const { node, event } = await openScene();
    const tenYears = 10 * 365 * 86_400_000;
    await settler.settle(arrivalsOf([event(1, { startedAtMs: Date.now() + tenYears }), event(2, { startedAtMs: 0 })]));
    const { rows } = await database.pool.query<{ late: boolean; early: boolean }>(
      `SELECT max(usage_date) <= (now() AT TIME ZONE 'UTC')::date AS late, min(usage_date) >= (now() AT TIME ZONE 'UTC')::date - 2 AS early
       FROM settlement WHERE node_id = $1`,
      [node.id],
    );
    expect(rows).toEqual([{ late: true, early: true }]);
  });
});

describe('quarantine: refused with a reason, kept whole, passed by the cursor', () => {
  const wrong: [reason: string, change: (event: UsageEvent) => unknown][] = [
    ['malformed_event', () => 'not an event'],
    ['malformed_event', () => null],
    ['malformed_event', (event) => ({ ...event, buckets: { ...event.buckets, output: 1.5 } })],
    ['malformed_event', (event) => ({ ...event, chargeNano: '-5' })],
    ['malformed_event', (event) => ({ ...event, chargeNano: 'NaN' })],
    ['malformed_event', (event) => ({ ...event, model: 'nul\u0000' })],
    ['malformed_event', (event) => ({ ...event, reason: 'because' })],
    ['malformed_event', (event) => ({ ...event, sequence: 1e300 })],
    ['foreign_event', (event) => ({ ...event, nodeId: 'another' })],
    ['unknown_key', (event) => ({ ...event, keyId: newId() })],
    ['wrong_account', (event) => ({ ...event, accountId: newId() })],
    ['wrong_key_kind', (event) => ({ ...event, test: true, chargeNano: '0' })],
    ['absurd_count', (event) => ({ ...event, buckets: { ...event.buckets, output: -1 } })],
    ['absurd_count', (event) => ({ ...event, buckets: { ...event.buckets, output: Number.MAX_SAFE_INTEGER } })],
    ['absurd_count', (event) => ({ ...event, reasoningTokens: -1 })],
    ['absurd_amount', (event) => ({ ...event, actualNano: '9223372036854775808', chargeNano: '9223372036854775808' })],
    ['absurd_amount', (event) => ({ ...event, chargeNano: (BigInt(event.actualNano) + 1n).toString() })],
    ['wrong_charge', (event) => ({ ...event, actualNano: '1', chargeNano: '1' })],
    ['wrong_charge', (event) => ({ ...event, reason: 'no_output' })],
    ['wrong_charge', (event) => ({ ...event, multiplier: { numerator: 1, denominator: 2 } })],
    ['unknown_price', (event) => ({ ...event, priceRevision: 999_999 })],
    ['unknown_price', (event) => ({ ...event, model: 'another-model' })],
    ['missing_lease', (event) => ({ ...event, leaseId: null })],
    ['unknown_lease', (event) => ({ ...event, leaseId: randomUUID() })],
  ];

  test.each(wrong)('%s %#', async (reason, change) => {
    const { node, customer, event } = await openScene();
    const good = [event(1), event(3)];
    const bad = change(event(2));
    const arrivals = arrivalsOf([...good]);
    arrivals.splice(1, 0, { nodeId: node.id, epoch: 1, raw: bad });
    await settler.settle(arrivals);
    await settler.settle(arrivals);
    expect(await quarantined(node)).toEqual([reason]);
    expect(await settled(node)).toEqual([1, 3]);
    const readable = typeof bad === 'object' && bad !== null && (bad as UsageEvent).sequence === 2;
    expect(await cursor(node)).toBe(readable ? 3 : 1);
    const { available, leased } = await walletOf(database.pool, customer.accountId);
    expect(available + leased).toBe(10n * USD - 400_000n);
    const alerts = await database.pool.query("SELECT raised FROM alert WHERE kind = 'usage_quarantined' AND subject = $1", [
      `${node.id}: ${reason}`,
    ]);
    expect(alerts.rows).toEqual([{ raised: '1' }]);
  });

  test("a lease of another key, or of another node, or of a later epoch pays for nobody else's request", async () => {
    const [mine, other] = [await openScene(), await openScene()];
    await settler.settle(arrivalsOf([mine.event(1, { leaseId: other.leaseId })]));
    await settler.settle(arrivalsOf([mine.event(1, { epoch: 0 })]));
    expect(await quarantined(mine.node)).toEqual(['foreign_lease', 'foreign_lease']);
    expect(await walletOf(database.pool, other.customer.accountId)).toMatchObject({ debt: 0n });
    await assertMoneyInvariants(database.pool);
  });

  test('a sequence used again for another request does not vanish', async () => {
    const { node, event } = await openScene();
    await settler.settle(arrivalsOf([event(1)]));
    await settler.settle(arrivalsOf([event(1)]));
    expect(await settled(node)).toEqual([1]);
    expect(await quarantined(node)).toEqual(['sequence_reused']);
  });

  test('a request settled under another sequence is not charged again', async () => {
    const { node, event } = await openScene();
    const first = event(1);
    await settler.settle(arrivalsOf([first]));
    await settler.settle(arrivalsOf([event(2), { ...first, sequence: 3 }, event(4)]));
    expect(await settled(node)).toEqual([1, 2, 4]);
    expect(await quarantined(node)).toEqual(['request_reused']);
    expect(await cursor(node)).toBe(4);
    await assertMoneyInvariants(database.pool);
  });
});

test('concurrent batches of many nodes on one wallet neither deadlock nor lose', async () => {
  const customer = await createCustomer(database.pool, 100n * USD);
  const batches = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const node = createNode();
      const lease = await grant(database.pool, node, customer, 20_000_000n);
      return Array.from({ length: 50 }, (_, index) => usageEvent(node, index + 1, customer, lease.leaseId, price));
    }),
  );
  const slices = batches.flatMap((events) => [events.slice(0, 25), events.slice(25), events.slice(10, 40)]);
  await Promise.all(slices.map((events) => settler.settle(arrivalsOf(events))));
  const { available, leased } = await walletOf(database.pool, customer.accountId);
  expect(available + leased).toBe(100n * USD - 400n * 200_000n);
  await assertMoneyInvariants(database.pool, { maxPlatformLoss: 10n * USD });
});
