import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { adjustAccount, creditPayment, restorePayment, reversePayment } from '../../../control-plane/modules/billing/credit-account.js';
import { listLedger } from '../../../control-plane/modules/billing/list-ledger.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import { findGeneration } from '../../../control-plane/modules/usage/find-generation.js';
import { reportRevenue } from '../../../control-plane/modules/usage/report-revenue.js';
import { reportUsage } from '../../../control-plane/modules/usage/report-usage.js';
import { snakeCased } from '../../../control-plane/modules/usage/snake-case.js';
import { RevenueDimension, UsageDimension } from '../../../control-plane/modules/usage/usage-dimension.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import { maintainLedger } from '../../../control-plane/workers/maintain-ledger.js';
import { reconcileSome } from '../../../control-plane/workers/reconcile.js';
import type { PriceSheet } from '../../../shared/money.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import { arrivalsOf, type Customer, createCustomer, createNode, createPrice, grant, MODEL, usageEvent, walletOf } from './money-fixture.js';

const USD = 1_000_000_000n;
let database: TestDatabase;
let price: PriceSheet;
beforeAll(async () => {
  database = await createDatabase();
  price = await createPrice(database.pool);
});

async function spend(customer: Customer, count: number) {
  const node = createNode();
  const { leaseId } = await grant(database.pool, node, customer, 5_000_000n);
  const events = Array.from({ length: count }, (_, index) => usageEvent(node, index + 1, customer, leaseId, price));
  await new UsageSettler(database.pool).settle(arrivalsOf(events));
  return events;
}

function movement(customer: Customer, amount: bigint, refId = newId()) {
  return { accountId: customer.accountId, amount, refType: 'payment', refId, reason: 'because' };
}

describe('the ledger that customers read', () => {
  test('shows one line a request with its reason and the balance after it, newest first, in pages', async () => {
    const customer = await createCustomer(database.pool, 10n * USD);
    await spend(customer, 3);
    await inTransaction(database.pool, (client) => creditPayment(client, movement(customer, USD, 'second')));
    await spend(customer, 2);
    const lines = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listLedger>> = await listLedger(database.pool, customer.accountId, { first: 2, after });
      lines.push(...page.edges.map((edge) => edge.node));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(lines.map((line) => [line.kind, line.amountUsd, line.balanceAfterUsd, line.reason])).toEqual([
      ['usage', '-0.0002', '10.999', 'completed'],
      ['usage', '-0.0002', '10.9992', 'completed'],
      ['top_up', '1', '10.9994', 'because'],
      ['usage', '-0.0002', '9.9994', 'completed'],
      ['usage', '-0.0002', '9.9996', 'completed'],
      ['usage', '-0.0002', '9.9998', 'completed'],
      ['top_up', '10', '10', 'Top-up'],
    ]);
    expect(new Set(lines.map((line) => line.id)).size).toBe(7);
    expect(lines[2]?.reference).toBe('payment:second');
  });

  test('a cursor of another list is refused', async () => {
    const customer = await createCustomer(database.pool, 0n);
    await expect(listLedger(database.pool, customer.accountId, { after: 'bm9wZQ' })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('money in and out', () => {
  test('a payment is credited once, also when asked eight times at once', async () => {
    const customer = await createCustomer(database.pool, 0n);
    const credit = movement(customer, 5n * USD);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => inTransaction(database.pool, (client) => creditPayment(client, credit))),
    );
    expect(answers.filter((answer) => answer === 'posted')).toHaveLength(1);
    expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 5n * USD });
  });

  test('a payment of one account cannot be credited to another', async () => {
    const [mine, other] = [await createCustomer(database.pool, 0n), await createCustomer(database.pool, 0n)];
    const refId = newId();
    await inTransaction(database.pool, (client) => creditPayment(client, movement(mine, USD, refId)));
    await expect(inTransaction(database.pool, (client) => creditPayment(client, movement(other, USD, refId)))).rejects.toThrow(
      'another account',
    );
  });

  test('a reversal of what is spent becomes debt and freezes; the next top-up pays it first and unfreezes', async () => {
    const customer = await createCustomer(database.pool, 2n * USD);
    const frozen = async () =>
      (await database.pool.query('SELECT frozen_reason FROM account WHERE id = $1', [customer.accountId])).rows[0]?.frozen_reason;
    await inTransaction(database.pool, (client) => reversePayment(client, 'dispute', movement(customer, 5n * USD)));
    expect(await walletOf(database.pool, customer.accountId)).toEqual({ available: 0n, leased: 0n, debt: 3n * USD });
    expect(await frozen()).toBe('debt');
    expect(await grant(database.pool, createNode(), customer, 1n)).toMatchObject({ granted: false, refusal: 'account_frozen' });
    await inTransaction(database.pool, (client) => creditPayment(client, movement(customer, USD)));
    expect(await walletOf(database.pool, customer.accountId)).toEqual({ available: 0n, leased: 0n, debt: 2n * USD });
    await inTransaction(database.pool, (client) => restorePayment(client, movement(customer, 5n * USD)));
    expect(await walletOf(database.pool, customer.accountId)).toEqual({ available: 3n * USD, leased: 0n, debt: 0n });
    expect(await frozen()).toBe(null);
    await assertMoneyInvariants(database.pool);
  });

  test('an adjustment takes at most what is available, never what nodes hold', async () => {
    const customer = await createCustomer(database.pool, USD);
    await grant(database.pool, createNode(), customer, 200_000_000n);
    const { available } = await walletOf(database.pool, customer.accountId);
    const adjust = (amount: bigint) => inTransaction(database.pool, (client) => adjustAccount(client, movement(customer, amount)));
    await expect(adjust(-available - 1n)).rejects.toMatchObject({ code: 'unprocessable' });
    await adjust(-available);
    expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 0n });
  });
});

describe('the ledger’s own guards', () => {
  test.each([
    ['an unbalanced posting', `INSERT INTO posting SELECT account_id, position, 'revenue', 5 FROM journal LIMIT 1`],
    [
      'a posting without a journal',
      `INSERT INTO posting VALUES (gen_random_uuid(), 1, 'revenue', 5), (gen_random_uuid(), 1, 'customer', -5)`,
    ],
    ['changing a posting', 'UPDATE posting SET amount = amount + 1'],
    ['deleting a journal', 'DELETE FROM journal'],
    ['changing a settlement', 'UPDATE settlement SET charge = 0, actual = 0, loss = 0'],
    ['a negative balance', 'UPDATE wallet SET available = -1'],
    ['a lease beyond its grant', 'UPDATE lease SET consumed = granted + 1'],
    [
      'one reference posted twice',
      `INSERT INTO journal SELECT account_id, position + 1000, kind, ref_type, ref_id, reason, balance_after, debt_after, settlements, created_at, prev_hash, hash FROM journal LIMIT 1`,
    ],
  ])('PostgreSQL refuses %s', async (_, sql) => {
    await spend(await createCustomer(database.pool, USD), 1);
    await expect(database.pool.query(sql)).rejects.toThrow();
  });
});

describe('usage', () => {
  test('reports by what was asked for, and the totals are those of the ledger', async () => {
    const customer = await createCustomer(database.pool, USD);
    await spend(customer, 4);
    const report = await reportUsage(database.pool, { accountId: customer.accountId, from: null, to: null, groupBy: null });
    const today = new Date().toISOString().slice(0, 10);
    const counts = {
      requests: 4,
      errors: 0,
      promptTokens: 0,
      cachedTokens: 0,
      completionTokens: 400,
      reasoningTokens: 0,
      costUsd: '0.0008',
    };
    expect(report).toEqual({ rows: [{ date: today, model: MODEL, keyId: null, byok: false, ...counts }], totals: counts });
    const byKey = await reportUsage(database.pool, { accountId: customer.accountId, from: null, to: null, groupBy: [UsageDimension.key] });
    expect(byKey.rows).toEqual([{ date: null, model: null, keyId: customer.keyId, byok: false, ...counts }]);
  });

  test('an operator sees revenue, cost and margin by day, model and vendor', async () => {
    const own = await createDatabase();
    const ownPrice = await createPrice(own.pool);
    const customer = await createCustomer(own.pool, USD);
    const node = createNode();
    const { leaseId } = await grant(own.pool, node, customer, 5_000_000n);
    await new UsageSettler(own.pool).settle(arrivalsOf([usageEvent(node, 1, customer, leaseId, ownPrice)]));
    await own.pool.query("INSERT INTO vendor (id, name, protocol, base_url) VALUES ('sandbox', 'Sandbox', 'openai', 'http://x')");
    const cost = { inputUncached: '0', cacheRead: '0', cacheWrite5m: '0', cacheWrite1h: '0', output: '1500000', requests: '0' };
    await own.pool.query("INSERT INTO endpoint (id, model_id, vendor_id, upstream_model, cost) VALUES ('e', $1, 'sandbox', 'm', $2)", [
      MODEL,
      cost,
    ]);
    const figures = {
      requests: 1,
      errors: 0,
      tokens: 100,
      revenueUsd: '0.0002',
      platformLossUsd: '0',
      costUsd: '0.00015',
      marginUsd: '0.00005',
    };
    expect(await reportRevenue(own.pool, null, null, [RevenueDimension.vendor, RevenueDimension.model])).toEqual([
      { date: null, model: MODEL, vendor: 'sandbox', ...figures },
    ]);
    expect(await reportRevenue(own.pool, null, null, [])).toEqual([{ date: null, model: null, vendor: null, ...figures }]);
  });

  test('a generation tells what happened, to its own account only', async () => {
    const customer = await createCustomer(database.pool, USD);
    const [event] = await spend(customer, 1);
    const id = event?.requestId ?? '';
    const generation = await findGeneration(database.pool, customer.accountId, id);
    expect(generation).toMatchObject({ id, model: MODEL, vendor: 'sandbox', costUsd: '0.0002', reason: 'completed', region: 'us' });
    expect(generation?.unitPrices).toMatchObject({ input: '0.0000005', output: '0.000002' });
    expect(snakeCased(generation)).toMatchObject({ cost_usd: '0.0002', tokens: { cache_write_5m: 0, output: 100 }, total_ms: 20 });
    expect(await findGeneration(database.pool, newId(), id)).toBeUndefined();
    expect(await findGeneration(database.pool, customer.accountId, 'not-an-id')).toBeUndefined();
  });
});

describe('reconciler', () => {
  test('finds nothing wrong in right books, and looks only at what is new', async () => {
    const own = await createDatabase();
    const customer = await createCustomer(own.pool, USD);
    expect(await reconcileSome(own.pool)).toMatchObject({ mismatched: [] });
    await inTransaction(own.pool, (client) => creditPayment(client, movement(customer, USD)));
    expect(await reconcileSome(own.pool)).toMatchObject({ mismatched: [] });
    const { rows } = await own.pool.query('SELECT position, balance FROM reconciliation');
    expect(rows).toEqual([{ position: '2', balance: (2n * USD).toString() }]);
  });

  test.each([
    ['a wallet with money from nowhere', 'UPDATE wallet SET available = available + 1'],
    ['leased money that no lease has', 'UPDATE wallet SET available = available - 1, leased = leased + 1'],
    ['a lease that was raised by hand', 'UPDATE lease SET granted = granted + 1'],
    ['debt from nowhere', 'UPDATE wallet SET debt = 1'],
    ['a chain cut short', 'UPDATE wallet SET head = decode(repeat($$11$$, 32), $$hex$$)'],
  ])('%s freezes the account and raises an alert', async (_, tamper) => {
    const own = await createDatabase();
    const customer = await createCustomer(own.pool, USD);
    await grant(own.pool, createNode(), customer, 1_000n);
    await reconcileSome(own.pool);
    await own.pool.query(tamper);
    expect(await reconcileSome(own.pool)).toMatchObject({ mismatched: [customer.accountId] });
    expect(await grant(own.pool, createNode(), customer, 1n)).toMatchObject({ granted: false, refusal: 'account_frozen' });
    const { rows } = await own.pool.query('SELECT kind, account_id FROM alert');
    expect(rows).toEqual([{ kind: 'ledger_mismatch', account_id: customer.accountId }]);
    const touched = await own.pool.query("SELECT subject_id FROM config_change WHERE kind = 'account'");
    expect(touched.rows).toEqual([{ subject_id: customer.accountId }]);
  });
});

test('a request id days ahead of the clock keeps no other day from its partition, and settles', async () => {
  const own = await createDatabase();
  const ownPrice = await createPrice(own.pool);
  const customer = await createCustomer(own.pool, USD);
  const node = createNode();
  const { leaseId } = await grant(own.pool, node, customer, 1_000_000n);
  const event = { ...usageEvent(node, 1, customer, leaseId, ownPrice), requestId: newId(Date.now() + 5 * 86_400_000) };
  await new UsageSettler(own.pool).settle(arrivalsOf([event]));
  await maintainLedger(own.pool);
  const { rows } = await own.pool.query<{ days: number }>(
    `SELECT count(*)::integer AS days FROM pg_inherits WHERE inhparent = 'settlement'::regclass`,
  );
  expect(rows[0]?.days).toBeGreaterThanOrEqual(8);
  expect(await findGeneration(own.pool, customer.accountId, event.requestId)).toMatchObject({ id: event.requestId });
  await assertMoneyInvariants(own.pool, { quiet: true });
});

test('maintenance does not wait behind a long export, nor make settlements wait', async () => {
  const own = await createDatabase();
  const reader = await own.pool.connect();
  await reader.query('BEGIN');
  await reader.query('SELECT count(*) FROM settlement');
  const begin = performance.now();
  await expect(maintainLedger(own.pool)).rejects.toThrow('lock timeout');
  expect(performance.now() - begin).toBeLessThan(5_000);
  const { rows } = await own.pool.query('SELECT count(*)::integer AS seals FROM ledger_seal');
  expect(rows).toEqual([{ seals: 1 }]);
  await reader.query('ROLLBACK');
  reader.release();
});

test('maintenance makes partitions ahead, seals once a day, and may run again', async () => {
  const own = await createDatabase();
  await createCustomer(own.pool, USD);
  await maintainLedger(own.pool);
  await maintainLedger(own.pool);
  const { rows } = await own.pool.query<{ seals: number; ahead: number }>(
    `SELECT (SELECT count(*)::integer FROM ledger_seal) AS seals,
       (SELECT count(*)::integer FROM pg_inherits WHERE inhparent = 'settlement'::regclass) AS ahead`,
  );
  expect(rows[0]?.seals).toBe(1);
  expect(rows[0]?.ahead).toBeGreaterThanOrEqual(9);
});
