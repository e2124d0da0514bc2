/** What the operator's pages ask beside the catalogue: payments, batches, drains, the import, the trial balance of closed hours. */
import { beforeAll, expect, test } from 'vitest';
import { newId } from '../../control-plane/db/new-id.js';
import { listBatches } from '../../control-plane/modules/batch/read-batches.js';
import { sumEndedBatches } from '../../control-plane/modules/batch/sum-batches.js';
import { closeLedgerHours } from '../../control-plane/modules/billing/trial-balance.js';
import { type ControlPlaneFixture, type Person, startControlPlane } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
let operator: Person;
let customer: Person;
beforeAll(async () => {
  control = await startControlPlane();
  operator = await control.registerOperator();
  customer = await control.register('Customer Ltd');
});

const ask = <T>(query: string, variables: object = {}) => control.must<T>(query, variables, operator.token);
const adjust = (amountUsd: string) =>
  ask('mutation ($input: AdjustAccountInput!) { adjustAccount(input: $input) { balanceUsd } }', {
    input: { accountId: customer.accountId, amountUsd, reason: 'test' },
  });

test('the trial balance is the same before and after hours are closed, and counts what came since', async () => {
  const { pool } = control.database;
  const balance = async () =>
    (await ask<{ trialBalance: { ledgerAccount: string; amountUsd: string }[] }>('{ trialBalance { ledgerAccount amountUsd } }'))
      .trialBalance;
  await adjust('7');
  await pool.query('ALTER TABLE journal DISABLE TRIGGER journal_append_only');
  await pool.query("UPDATE journal SET created_at = created_at - interval '3 hours'");
  await pool.query('ALTER TABLE journal ENABLE TRIGGER journal_append_only');
  const before = await balance();
  await closeLedgerHours(pool);
  await closeLedgerHours(pool);
  expect((await pool.query('SELECT * FROM ledger_hour')).rowCount).toBe(2);
  expect(await balance()).toEqual(before);
  await adjust('2.5');
  expect(await balance()).toEqual([
    { ledgerAccount: 'adjustments', amountUsd: '-9.5' },
    { ledgerAccount: 'customer', amountUsd: '9.5' },
  ]);
});

test('payments of all customers come newest first, by state, in pages', async () => {
  const ids = [newId(), newId(), newId()].sort();
  for (const [index, status] of ['paid', 'pending', 'paid'].entries())
    await control.database.pool.query(
      `INSERT INTO top_up (id, account_id, method, amount, status, credited) VALUES ($1, $2, 'card', 10000000000, $3, $4)`,
      [ids[index], customer.accountId, status, status === 'paid' ? 10_000_000_000 : 0],
    );
  const QUERY = `query ($first: Int, $after: String, $status: String) { payments(first: $first, after: $after, status: $status) {
    edges { node { accountName status creditedUsd } } pageInfo { endCursor hasNextPage } } }`;
  interface Answer {
    payments: { edges: { node: { status: string } }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
  }
  const first = await ask<Answer>(QUERY, { first: 2 });
  expect(first.payments.edges.map(({ node }) => node.status)).toEqual(['paid', 'pending']);
  expect(first.payments.pageInfo.hasNextPage).toBe(true);
  const second = await ask<Answer>(QUERY, { first: 2, after: first.payments.pageInfo.endCursor });
  expect(second.payments.edges).toEqual([{ node: { accountName: 'Customer Ltd', status: 'paid', creditedUsd: '10' } }]);
  expect((await ask<Answer>(QUERY, { status: 'pending' })).payments.edges).toHaveLength(1);
});

test('the import adds what is new, changes what differs, and is done when applied', async () => {
  const LIST = '{ catalogueImport { modelId kind changes } }';
  interface Answer {
    catalogueImport: { modelId: string; kind: string; changes: string[] }[];
  }
  const apply = () => ask<{ applyCatalogueImport: number }>('mutation { applyCatalogueImport(modelIds: ["gpt-4o-mini"]) }');
  const mine = async () => (await ask<Answer>(LIST)).catalogueImport.find(({ modelId }) => modelId === 'gpt-4o-mini');
  await ask('mutation ($input: VendorInput!) { saveVendor(input: $input) { id } }', {
    input: { id: 'openai', name: 'OpenAI', protocol: 'openai', baseUrl: 'https://api.openai.com/v1' },
  });
  expect(await mine()).toMatchObject({ kind: 'added' });
  expect(await apply()).toEqual({ applyCatalogueImport: 1 });
  expect(await mine()).toBeUndefined();
  const rates = { inputUncached: '9', cacheRead: '9', cacheWrite5m: '9', cacheWrite1h: '9', output: '9' };
  await ask('mutation ($rates: RatesInput!) { setModelPrice(modelId: "gpt-4o-mini", input: { rates: $rates }) { revision } }', { rates });
  expect((await mine())?.changes).toContainEqual(expect.stringMatching(/^price\.output: 9 -> 0\.6$/));
  expect(await apply()).toEqual({ applyCatalogueImport: 1 });
  expect(await apply()).toEqual({ applyCatalogueImport: 0 });
});

test('a drained node stands in the settings of the next revision until it is told otherwise', async () => {
  await control.database.pool.query(
    `INSERT INTO node (id, region, url, version, epoch, status) VALUES ('us-9', 'us', 'http://127.0.0.1:1', '1', 1, '{}')`,
  );
  const drain = (drained: boolean) => ask('mutation ($drained: Boolean!) { drainNode(id: "us-9", drained: $drained) }', { drained });
  const settings = async () => (await control.database.pool.query('SELECT document FROM setting')).rows[0]?.document.drainedNodes;
  expect(await drain(true)).toEqual({ drainNode: true });
  expect(await drain(true)).toEqual({ drainNode: false });
  expect(await settings()).toEqual(['us-9']);
  expect(await drain(false)).toEqual({ drainNode: true });
  expect(await settings()).toEqual([]);
});

test('the sums of an ended batch are kept once all that was sent has settled, or nothing can settle any more', async () => {
  const { pool } = control.database;
  const settle = async (itemId: string, requestId: string) => {
    await pool.query(
      `INSERT INTO settlement (request_id, account_id, position, line, key_id, node_id, epoch, sequence, model, vendor_id, byok, test,
         input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, reasoning, multiplier_numerator,
         multiplier_denominator, actual, charge, loss, reason, estimated, usage_mismatch, balance_after, usage_date, batch_item_id)
       VALUES ($1, $2, 1, 0, $1, 'us-1', 1, 1, 'm', 'v', false, false, 1, 0, 0, 0, 1, 1, 0, 1, 2, 500, 500, 0, 'completed', false, false, 0,
         now(), $3)`,
      [requestId, customer.accountId, itemId],
    );
    await pool.query('INSERT INTO batch_item_charge (batch_item_id, request_id, interactive) VALUES ($1, $2, 1001)', [itemId, requestId]);
  };
  const end = async (ago: string) => {
    const [batchId, itemId, requestId] = [newId(), newId(), newId()];
    await pool.query(
      `INSERT INTO batch (id, account_id, api_key_id, key_hash, tier, status, request_hash, total, failed, ceiling, data_key, finished_at, expires_at, delete_after)
       VALUES ($1, $2, $1, sha256('k'), 'batch_50', 'completed', sha256('r'), 1, 1, 0, 'none', now() - $3::interval, now(), now() + interval '1 day')`,
      [batchId, customer.accountId, ago],
    );
    await pool.query(
      `INSERT INTO batch_item (batch_id, ordinal, item_id, custom_id, status, ceiling, held, request, request_id) VALUES ($1, 0, $2, 'a', 'failed', 0, false, '', $3)`,
      [batchId, itemId, requestId],
    );
    return { batchId, itemId, requestId };
  };
  const sums = async (batchId: string) => (await pool.query('SELECT charge, interactive FROM batch WHERE id = $1', [batchId])).rows[0];
  const [young, old] = [await end('1 hour'), await end('27 hours')];
  await sumEndedBatches(pool);
  expect(await sums(young.batchId)).toEqual({ charge: null, interactive: null });
  expect(await sums(old.batchId)).toEqual({ charge: '0', interactive: '0' });
  await settle(young.itemId, young.requestId);
  const cost = async () => (await listBatches(pool, customer.accountId, 10, null)).data.map((batch) => [batch.cost_usd, batch.saved_usd]);
  const before = await cost();
  expect(before).toContainEqual(['0.0000005', '0.000000501']);
  await sumEndedBatches(pool);
  expect(await sums(young.batchId)).toEqual({ charge: '500', interactive: '1001' });
  expect(await cost()).toEqual(before);
});
