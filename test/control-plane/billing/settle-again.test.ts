import { beforeAll, expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import type { SettleAgain } from '../../../control-plane/modules/billing/settle-again.js';
import type { Actor } from '../../../control-plane/modules/permissions.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import { createSettleAgain } from '../../../control-plane/workers/settle-again.js';
import type { PriceSheet } from '../../../shared/money.js';
import type { UsageEvent } from '../../../shared/usage-event.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import { arrivalsOf, createCustomer, createNode, createPrice, grant, usageEvent, walletOf } from './money-fixture.js';

const USD = 1_000_000_000n;
let database: TestDatabase;
let price: PriceSheet;
let settler: UsageSettler;
let settleAgain: SettleAgain;
let operator: Actor;
beforeAll(async () => {
  database = await createDatabase();
  price = await createPrice(database.pool);
  settler = new UsageSettler(database.pool);
  settleAgain = createSettleAgain(database.pool);
  const userId = newId();
  await database.pool.query("INSERT INTO app_user (id, email) VALUES ($1, 'operator@test.example')", [userId]);
  const { accountId } = await createCustomer(database.pool, 0n);
  operator = { userId, accountId, sessionId: newId(), role: 'owner', operator: true, accountStatus: 'active', address: '' };
});

/** A request of 200,000 nano-USD whose price nobody knows yet. Returns the quarantine's id. */
async function quarantineOne() {
  const customer = await createCustomer(database.pool, 10n * USD);
  const node = createNode();
  const { leaseId } = await grant(database.pool, node, customer, 5_000_000n);
  const { rows } = await database.pool.query<{ next: string }>('SELECT max(revision) + 1 AS next FROM model_price');
  const revision = Number(rows[0]?.next);
  const event = usageEvent(node, 1, customer, leaseId, { ...price, revision });
  await settler.settle(arrivalsOf([event]));
  return { customer, node, event, leaseId, id: await quarantineIdOf(event) };
}

async function quarantineIdOf(event: UsageEvent): Promise<bigint> {
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM quarantine WHERE request_id = $1', [event.requestId]);
  return BigInt(rows[0]?.id ?? 0);
}

test('an event settles once its price is known: charged as if it had just come, noted, audited, once', async () => {
  const { customer, event, id } = await quarantineOne();
  await expect(settleAgain(operator, id, 'too early')).rejects.toMatchObject({ code: 'unprocessable' });
  expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 10n * USD - 10_000_000n });
  await createPrice(database.pool);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => settleAgain(operator, id, 'the price is known')));
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled').length).toBe(1);
  const { available, leased } = await walletOf(database.pool, customer.accountId);
  expect(available + leased).toBe(10n * USD - 200_000n);
  const quarantine = await database.pool.query('SELECT resolution FROM quarantine WHERE id = $1', [id]);
  expect(quarantine.rows).toEqual([{ resolution: 'Settled again: the price is known' }]);
  const audit = await database.pool.query("SELECT detail FROM audit_log WHERE action = 'quarantine.settle' AND account_id = $1", [
    customer.accountId,
  ]);
  expect(audit.rows).toEqual([{ detail: { quarantineId: id.toString(), requestId: event.requestId, reason: 'the price is known' } }]);
  await assertMoneyInvariants(database.pool);
});

test('when its lease has ended meanwhile, the customer pays nothing and the loss is shown', async () => {
  const { customer, event, leaseId, id } = await quarantineOne();
  await createPrice(database.pool);
  await database.pool.query(
    `WITH ended AS (UPDATE lease SET state = 'expired', closed_at = now() WHERE id = $1 RETURNING granted)
     UPDATE wallet SET available = available + granted, leased = leased - granted FROM ended WHERE account_id = $2`,
    [leaseId, customer.accountId],
  );
  await settleAgain(operator, id, 'late');
  const { rows } = await database.pool.query('SELECT charge, loss FROM settlement WHERE request_id = $1', [event.requestId]);
  expect(rows).toEqual([{ charge: '0', loss: '200000' }]);
  expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 10n * USD });
  await assertMoneyInvariants(database.pool);
});

test('an event in whose place another was settled stays refused, and one that is no event too', async () => {
  const customer = await createCustomer(database.pool, 10n * USD);
  const node = createNode();
  const { leaseId } = await grant(database.pool, node, customer, 5_000_000n);
  const impostor = usageEvent(node, 1, customer, leaseId, price);
  await settler.settle(arrivalsOf([usageEvent(node, 1, customer, leaseId, price)]));
  await settler.settle(arrivalsOf([impostor]));
  await settler.quarantine('not JSON', 'stream entry 1');
  const { rows } = await database.pool.query<{ id: string }>("SELECT id FROM quarantine WHERE reason = 'malformed_batch'");
  for (const id of [await quarantineIdOf(impostor), BigInt(rows[0]?.id ?? 0)])
    await expect(settleAgain(operator, id, 'try')).rejects.toMatchObject({ code: 'unprocessable' });
  await expect(settleAgain(operator, 999_999n, 'try')).rejects.toMatchObject({ code: 'not_found' });
  await expect(settleAgain({ ...operator, operator: false }, 1n, 'try')).rejects.toMatchObject({ code: 'forbidden' });
});
