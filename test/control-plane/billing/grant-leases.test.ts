import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { answerLeaseCall } from '../../../control-plane/workers/grant-leases.js';
import { expireLeases } from '../../../control-plane/workers/grant-leases-return.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import type { PriceSheet } from '../../../shared/money.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import {
  amountOf,
  arrivalsOf,
  createCustomer,
  createKey,
  createNode,
  createPrice,
  grant,
  type KeyLimits,
  usageEvent,
  walletOf,
} from './money-fixture.js';

const USD = 1_000_000_000n;
let database: TestDatabase;
let price: PriceSheet;
beforeAll(async () => {
  database = await createDatabase();
  price = await createPrice(database.pool);
});

describe('grants', () => {
  test('a grant moves money from available to leased and loses none', async () => {
    const customer = await createCustomer(database.pool, 10n * USD);
    const amount = amountOf(await grant(database.pool, createNode(), customer, 1_000_000n));
    expect(amount).toBeGreaterThanOrEqual(1_000_000n);
    expect(await walletOf(database.pool, customer.accountId)).toEqual({ available: 10n * USD - amount, leased: amount, debt: 0n });
    await assertMoneyInvariants(database.pool);
  });

  test('asking again with the same id returns the same lease, also concurrently', async () => {
    const customer = await createCustomer(database.pool, 10n * USD);
    const node = createNode();
    const leaseId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => grant(database.pool, node, customer, 1_000n, leaseId)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const { leased } = await walletOf(database.pool, customer.accountId);
    expect(leased).toBe(amountOf(answers[0] ?? (await grant(database.pool, node, customer, 0n))));
  });

  test('asking again with a larger estimate raises the lease, as far as the wallet goes', async () => {
    const customer = await createCustomer(database.pool, USD / 4n);
    const node = createNode();
    const lease = await grant(database.pool, node, customer, 1_000n);
    expect(await grant(database.pool, node, customer, 5_000n, lease.leaseId)).toMatchObject({ granted: true, amountNano: '5000' });
    expect(await grant(database.pool, node, customer, 2_000n, lease.leaseId)).toMatchObject({ granted: true, amountNano: '5000' });
    expect(await grant(database.pool, node, customer, 10n * USD, lease.leaseId)).toMatchObject({ amountNano: (USD / 4n).toString() });
    expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 0n, leased: USD / 4n });
    await assertMoneyInvariants(database.pool);
  });

  test('an ended lease is not granted again', async () => {
    const customer = await createCustomer(database.pool, USD);
    const node = createNode();
    const { leaseId } = await grant(database.pool, node, customer, 1_000n);
    const releases = [{ leaseId, count: 0, sumNano: '0' }];
    await answerLeaseCall(database.pool, { nodeId: node.id, epoch: 1, grants: [], renewals: [], releases });
    expect(await grant(database.pool, node, customer, 1_000n, leaseId)).toMatchObject({ granted: false, refusal: 'lease_closed' });
  });

  test("another account cannot take over a lease's id", async () => {
    const [owner, thief] = [await createCustomer(database.pool, USD), await createCustomer(database.pool, USD)];
    const node = createNode();
    const leaseId = randomUUID();
    await grant(database.pool, node, owner, 1_000n, leaseId);
    expect(await grant(database.pool, node, thief, 1_000n, leaseId)).toMatchObject({ granted: false, refusal: 'unknown_key' });
  });

  test('a small wallet is leased request by request', async () => {
    const customer = await createCustomer(database.pool, USD / 4n);
    const answer = await grant(database.pool, createNode(), customer, 12_345n);
    expect(answer).toMatchObject({ granted: true, strict: true, amountNano: '12345' });
  });

  test('parallel grants of many nodes never pass the wallet: exactly the affordable ones', async () => {
    const customer = await createCustomer(database.pool, 10_000_000n);
    const answers = await Promise.all(Array.from({ length: 40 }, () => grant(database.pool, createNode(), customer, 1_000_000n)));
    expect(answers.filter((answer) => answer.granted)).toHaveLength(10);
    expect(answers.find((answer) => !answer.granted)).toMatchObject({ refusal: 'insufficient_quota', availableNano: '0' });
    expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 0n, leased: 10_000_000n });
  });

  test('many grants in one call, of one account and of several, keep the order of the answers', async () => {
    const customers = [await createCustomer(database.pool, USD), await createCustomer(database.pool, USD)];
    const grants = Array.from({ length: 6 }, (_, index) => {
      const customer = customers[index % 2];
      if (!customer) throw new Error('no customer');
      return { leaseId: randomUUID(), ...customer, estimateNano: '1000', burnPerSecondNano: '0' };
    });
    const answer = await answerLeaseCall(database.pool, { nodeId: 'n', epoch: 1, grants, renewals: [], releases: [] });
    expect(answer.grants.map((one) => one.leaseId)).toEqual(grants.map((one) => one.leaseId));
  });
});

describe('budgets', () => {
  test.each([
    ['day', { dailyNano: 2_000_000n }],
    ['month', { monthlyNano: 2_000_000n }],
    ['all time', { totalNano: 2_000_000n }],
  ])('a budget for the %s bounds what a key may lease and spend', async (_, limits) => {
    const customer = await createCustomer(database.pool, 10n * USD, limits);
    const node = createNode();
    const first = await grant(database.pool, node, customer, 600_000n);
    expect(amountOf(first)).toBeLessThanOrEqual(2_000_000n);
    const event = usageEvent(node, 1, customer, first.leaseId, price, { output: 300 });
    await new UsageSettler(database.pool).settle(arrivalsOf([event]));
    await answerLeaseCall(database.pool, {
      nodeId: node.id,
      epoch: 1,
      grants: [],
      renewals: [],
      releases: [{ leaseId: first.leaseId, count: 1, sumNano: event.chargeNano }],
    });
    const second = await grant(database.pool, node, customer, 1_400_000n);
    expect(amountOf(second)).toBe(2_000_000n - BigInt(event.chargeNano));
    expect(await grant(database.pool, node, customer, 1n)).toMatchObject({ granted: false, refusal: 'key_budget_exceeded' });
    const other = { ...customer, keyId: await createKey(database.pool, customer.accountId) };
    expect(await grant(database.pool, node, other, 1_000n)).toMatchObject({ granted: true });
  });

  test.each<[string, KeyLimits]>([
    ['day', { dailyNano: 2_000_000n }],
    ['month', { monthlyNano: 2_000_000n }],
    ['all time', { totalNano: 2_000_000n }],
  ])('a budget for the %s goes on with the key that this one was rotated into', async (_, limits) => {
    const customer = await createCustomer(database.pool, 10n * USD, limits);
    const node = createNode();
    const first = await grant(database.pool, node, customer, 600_000n);
    const event = usageEvent(node, 1, customer, first.leaseId, price, { output: 300 });
    await new UsageSettler(database.pool).settle(arrivalsOf([event]));
    const left = 2_000_000n - amountOf(first);
    const successor = { ...customer, keyId: await createKey(database.pool, customer.accountId, { ...limits, lineageId: customer.keyId }) };
    await database.pool.query('UPDATE api_key SET replaced_by = $2 WHERE id = $1', [customer.keyId, successor.keyId]);
    expect(await grant(database.pool, node, successor, left + 1n)).toMatchObject({ granted: false, refusal: 'key_budget_exceeded' });
    expect(amountOf(await grant(database.pool, node, successor, left))).toBe(left);
    const moved = database.pool.query('UPDATE api_key SET lineage_id = id WHERE id = $1', [successor.keyId]);
    await expect(moved).rejects.toThrow('its lineage never changes');
  });

  test('two keys of one lineage share the budget within one call', async () => {
    const customer = await createCustomer(database.pool, 10n * USD, { totalNano: 1_500_000n });
    const keyId = await createKey(database.pool, customer.accountId, { totalNano: 1_500_000n, lineageId: customer.keyId });
    const grants = [customer.keyId, keyId].map((key) => ({
      ...{ leaseId: randomUUID(), accountId: customer.accountId, keyId: key, estimateNano: '1000000', burnPerSecondNano: '0' },
    }));
    const answer = await answerLeaseCall(database.pool, { nodeId: 'n', epoch: 1, grants, renewals: [], releases: [] });
    expect(answer.grants.map((one) => one.granted)).toEqual([true, false]);
  });

  test('two grants of one call share the budget', async () => {
    const customer = await createCustomer(database.pool, 10n * USD, { dailyNano: 1_500_000n });
    const grants = [1, 2].map(() => ({ leaseId: randomUUID(), ...customer, estimateNano: '1000000', burnPerSecondNano: '0' }));
    const answer = await answerLeaseCall(database.pool, { nodeId: 'n', epoch: 1, grants, renewals: [], releases: [] });
    expect(answer.grants.map((one) => one.granted)).toEqual([true, false]);
  });
});

describe('refusals', () => {
  test.each([
    ['a suspended account', "UPDATE account SET status = 'suspended' WHERE id = $1", 'account_suspended'],
    ['a frozen account', "UPDATE account SET frozen_at = now(), frozen_reason = 'debt' WHERE id = $1", 'account_frozen'],
    ['an account with debt', 'UPDATE wallet SET debt = 1 WHERE account_id = $1', 'account_frozen'],
    ['a revoked key', "UPDATE api_key SET revoked_at = now(), revoke_reason = 'owner' WHERE account_id = $1", 'unknown_key'],
    ['an expired key', "UPDATE api_key SET expires_at = now() - interval '1 second' WHERE account_id = $1", 'unknown_key'],
  ])('%s gets no lease', async (_, change, refusal) => {
    const own = await createDatabase();
    const customer = await createCustomer(own.pool, USD);
    await own.pool.query(change, [customer.accountId]);
    expect(await grant(own.pool, createNode(), customer, 1_000n)).toMatchObject({ granted: false, refusal });
  });

  test("a key of another account is unknown, and nobody's wallet moves", async () => {
    const [victim, other] = [await createCustomer(database.pool, USD), await createCustomer(database.pool, USD)];
    const stolen = { accountId: victim.accountId, keyId: other.keyId };
    expect(await grant(database.pool, createNode(), stolen, 1_000n)).toMatchObject({ granted: false, refusal: 'unknown_key' });
    expect(await walletOf(database.pool, victim.accountId)).toMatchObject({ available: USD, leased: 0n });
  });
});

describe('release', () => {
  test('refunds only when count and sum match: a late END of zero cost is waited for', async () => {
    const customer = await createCustomer(database.pool, 10n * USD);
    const node = createNode();
    const settler = new UsageSettler(database.pool);
    const lease = await grant(database.pool, node, customer, 1_000_000n);
    const paid = usageEvent(node, 1, customer, lease.leaseId, price);
    const free = usageEvent(node, 2, customer, lease.leaseId, price, { output: 0, reason: 'no_output' });
    const release = async () =>
      (
        await answerLeaseCall(database.pool, {
          nodeId: node.id,
          epoch: 1,
          grants: [],
          renewals: [],
          releases: [{ leaseId: lease.leaseId, count: 2, sumNano: paid.chargeNano }],
        })
      ).releases[0]?.state;
    expect(await release()).toBe('pending');
    await settler.settle(arrivalsOf([paid]));
    expect(await release()).toBe('pending');
    await settler.settle(arrivalsOf([free]));
    expect(await release()).toBe('released');
    expect(await release()).toBe('released');
    expect(await walletOf(database.pool, customer.accountId)).toMatchObject({ available: 10n * USD - BigInt(paid.chargeNano), leased: 0n });
    await assertMoneyInvariants(database.pool);
  });

  test('another node cannot release or renew it', async () => {
    const customer = await createCustomer(database.pool, 10n * USD);
    const lease = await grant(database.pool, createNode(), customer, 1_000n);
    const call = {
      nodeId: 'stranger',
      epoch: 1,
      grants: [],
      renewals: [lease.leaseId],
      releases: [{ leaseId: lease.leaseId, count: 0, sumNano: '0' }],
    };
    expect(await answerLeaseCall(database.pool, call)).toMatchObject({ renewed: [], releases: [{ state: 'unknown' }] });
  });
});

describe('expiry', () => {
  test('a silent lease is refunded after 15 minutes, and what comes later is a platform loss, not the customer’s', async () => {
    const own = await createDatabase();
    const ownPrice = await createPrice(own.pool);
    const customer = await createCustomer(own.pool, 10n * USD);
    const node = createNode();
    const lease = await grant(own.pool, node, customer, 1_000_000n);
    await own.pool.query("UPDATE lease SET expires_at = now() - interval '13 minutes'");
    expect(await expireLeases(own.pool)).toBe(0);
    await own.pool.query("UPDATE lease SET expires_at = now() - interval '14 minutes 1 second'");
    expect(await expireLeases(own.pool)).toBe(1);
    expect(await walletOf(own.pool, customer.accountId)).toMatchObject({ available: 10n * USD, leased: 0n });

    const late = usageEvent(node, 1, customer, lease.leaseId, ownPrice);
    await new UsageSettler(own.pool).settle(arrivalsOf([late]));
    expect(await walletOf(own.pool, customer.accountId)).toMatchObject({ available: 10n * USD, leased: 0n });
    const loss = await own.pool.query("SELECT -sum(amount) AS loss FROM posting WHERE ledger_account = 'platform_loss'");
    expect(loss.rows[0]?.loss).toBe(late.chargeNano);
    const alerts = await own.pool.query('SELECT kind FROM alert ORDER BY kind');
    expect(alerts.rows).toEqual([{ kind: 'late_settlement' }, { kind: 'lease_expired' }]);
    await assertMoneyInvariants(own.pool, { quiet: true });
  });

  test('time in which no control plane was up does not count against a lease', async () => {
    const own = await createDatabase();
    const customer = await createCustomer(own.pool, 10n * USD);
    const node = createNode();
    const lease = await grant(own.pool, node, customer, 1_000n);
    await own.pool.query("UPDATE lease SET expires_at = now() - interval '20 minutes'");
    await own.pool.query("UPDATE lease_watch SET looked_at = now() - interval '21 minutes'");
    expect(await expireLeases(own.pool)).toBe(0);
    const answer = await answerLeaseCall(own.pool, { nodeId: node.id, epoch: 1, grants: [], renewals: [lease.leaseId], releases: [] });
    expect(answer.renewed).toEqual([lease.leaseId]);
  });
});
