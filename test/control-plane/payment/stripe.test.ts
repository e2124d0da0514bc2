import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { registerErrorHandler } from '../../../control-plane/http/error-handler.js';
import { adjustAccount } from '../../../control-plane/modules/billing/credit-account.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import { createTopUp } from '../../../control-plane/modules/payment/create-top-up.js';
import { openPayments, type Payments } from '../../../control-plane/modules/payment/payments.js';
import { registerStripeWebhook } from '../../../control-plane/modules/payment/receive-stripe-webhook.js';
import type { Actor } from '../../../control-plane/modules/permissions.js';
import { syncStaleCheckouts } from '../../../control-plane/workers/watch-payments.js';
import { FakeStripe, signStripe } from '../../../local/fake-stripe/server.js';
import type { Session } from '../../../local/fake-stripe/store.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import { createCustomer, walletOf } from '../billing/money-fixture.js';

const USD = 1_000_000_000n;
const SECRETS = ['whsec_new_secret', 'whsec_old_secret'];
let database: TestDatabase;
let stripe: FakeStripe;
let payments: Payments;
let server: FastifyInstance;
let webhookUrl: string;

beforeAll(async () => {
  database = await createDatabase();
  stripe = new FakeStripe({ webhookSecret: SECRETS[0] ?? '' });
  await stripe.start();
  payments = openPayments(
    {
      stripe: { secretKey: 'sk_test_local', webhookSecrets: SECRETS, apiBase: stripe.url },
      usdt: { ethereum: undefined, tron: undefined },
    },
    'http://console.test',
  );
  server = Fastify();
  registerErrorHandler(server);
  if (payments.stripe) await registerStripeWebhook(server, database.pool, payments.stripe);
  webhookUrl = `${await server.listen({ port: 0, host: '127.0.0.1' })}/webhooks/stripe`;
});
afterAll(async () => {
  await server.close();
  await stripe.stop();
});

interface Order {
  readonly accountId: string;
  readonly topUpId: string;
  readonly session: Session;
}

async function actorOf(): Promise<Actor> {
  const { accountId } = await createCustomer(database.pool, 0n);
  const userId = newId();
  await database.pool.query('INSERT INTO app_user (id, email) VALUES ($1, $2)', [userId, `${userId}@test.example`]);
  return { userId, accountId, sessionId: newId(), role: 'owner', operator: false, accountStatus: 'active', address: '' };
}

async function order(amountUsd = '25.00', method = 'card'): Promise<Order> {
  const actor = await actorOf();
  const topUpId = await createTopUp(database.pool, payments, actor, {
    amountUsd,
    method,
    network: null,
    successUrl: null,
    cancelUrl: null,
  });
  const { rows } = await database.pool.query<{ session_id: string }>('SELECT session_id FROM top_up WHERE id = $1', [topUpId]);
  const session = stripe.store.sessions.get(rows[0]?.session_id ?? '');
  if (!session) throw new Error('no session was made');
  return { accountId: actor.accountId, topUpId, session };
}

async function outcomeOf(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  return ((await response.json()) as { outcome: string }).outcome;
}

/** Sends the newest notice. */
async function deliver(times = 1): Promise<string[]> {
  const event = stripe.events.at(-1);
  if (!event) throw new Error('no notice');
  const answers = await Promise.all(Array.from({ length: times }, () => stripe.deliver(event, webhookUrl)));
  return await Promise.all(answers.map(outcomeOf));
}

async function paidOrder(): Promise<Order & { readonly intent: string }> {
  const made = await order();
  await stripe.pay(made.session.id);
  expect(await deliver()).toEqual(['credited']);
  return { ...made, intent: made.session.payment_intent ?? '' };
}

async function available(accountId: string): Promise<bigint> {
  return (await walletOf(database.pool, accountId)).available;
}

async function statusOf(topUpId: string): Promise<string> {
  return (await database.pool.query<{ status: string }>('SELECT status FROM top_up WHERE id = $1', [topUpId])).rows[0]?.status ?? '';
}

describe('a card payment', () => {
  test.each(['card', 'alipay', 'wechat_pay'])('by %s is credited when Stripe says that it is paid', async (method) => {
    const { accountId, topUpId, session } = await order('25.50', method);
    expect(session).toMatchObject({ mode: 'payment', amount_total: 2550, currency: 'usd', client_reference_id: topUpId });
    expect(await available(accountId)).toBe(0n);
    await stripe.pay(session.id);
    expect(await deliver()).toEqual(['credited']);
    expect(await available(accountId)).toBe((255n * USD) / 10n);
    expect(await statusOf(topUpId)).toBe('paid');
    await assertMoneyInvariants(database.pool);
  });

  test('is credited once, however often and concurrently it is told', async () => {
    const { accountId, session, topUpId } = await order();
    await database.pool.query(
      `INSERT INTO webhook_endpoint (id, account_id, url, event_types) VALUES ($1, $2, 'https://customer.test/', '{topup.credited}')`,
      [newId(), accountId],
    );
    await stripe.pay(session.id);
    await deliver(10);
    // The same fact under another event id.
    await stripe.notify('checkout.session.completed', session);
    expect(await deliver(5)).not.toContain('credited');
    expect(await available(accountId)).toBe(25n * USD);
    const { rows } = await database.pool.query(`SELECT payload::jsonb -> 'data' AS data FROM webhook_delivery WHERE account_id = $1`, [
      accountId,
    ]);
    expect(rows).toEqual([{ data: { id: topUpId, amount_usd: '25', method: 'card' } }]);
  });

  test('a bank that answers later credits later, or not at all', async () => {
    const [good, bad] = [await order(), await order()];
    for (const { session } of [good, bad]) {
      await stripe.pay(session.id, 'delayed');
      expect(await deliver()).toEqual(['nothing to do']);
    }
    await stripe.resolve(good.session.id, 'succeeded');
    expect(await deliver()).toEqual(['credited']);
    await stripe.resolve(bad.session.id, 'failed');
    expect(await deliver()).toEqual(['failed']);
    expect([await available(good.accountId), await available(bad.accountId)]).toEqual([25n * USD, 0n]);
    expect(await statusOf(bad.topUpId)).toBe('failed');
  });

  test('notices in the wrong order end in the same state', async () => {
    const { accountId, session } = await order();
    await stripe.pay(session.id, 'delayed');
    const completed = stripe.events.at(-1);
    await stripe.resolve(session.id, 'succeeded');
    expect(await deliver()).toEqual(['credited']);
    if (completed) expect(await outcomeOf(await stripe.deliver(completed, webhookUrl))).toBe('nothing to do');
    expect(await available(accountId)).toBe(25n * USD);
  });

  test('an expired checkout credits nothing', async () => {
    const { accountId, topUpId, session } = await order();
    await stripe.expire(session.id);
    expect(await deliver()).toEqual(['expired']);
    expect([await available(accountId), await statusOf(topUpId)]).toEqual([0n, 'expired']);
  });

  test('whose notice was lost is found by asking', async () => {
    const { accountId, session } = await order();
    await stripe.pay(session.id);
    await syncStaleCheckouts(database.pool, payments, 0);
    expect(await available(accountId)).toBe(25n * USD);
    expect(await deliver()).toEqual(['nothing to do']);
  });
});

describe('a notice is believed for its signature only, and then only as a hint', () => {
  test.each([
    ['another secret', (body: string) => signStripe(body, 'whsec_forged')],
    ['an empty secret', (body: string) => signStripe(body, '')],
    ['an old timestamp', (body: string) => signStripe(body, SECRETS[0] ?? '', Math.floor(Date.now() / 1_000) - 3_600)],
    ['no signature', () => ''],
    ['garbage', () => 't=now,v1=zz'],
  ])('signed with %s it is refused, and nothing is credited', async (_, sign) => {
    const { accountId, session } = await order();
    await stripe.pay(session.id);
    const body = JSON.stringify(stripe.events.at(-1));
    const headers = { 'content-type': 'application/json', 'stripe-signature': sign(body) };
    expect((await fetch(webhookUrl, { method: 'POST', headers, body })).status).toBe(400);
    expect(await available(accountId)).toBe(0n);
  });

  test('both secrets are good while one is replaced', async () => {
    const { session } = await order();
    await stripe.pay(session.id);
    const event = stripe.events.at(-1);
    if (event) expect(await outcomeOf(await stripe.deliver(event, webhookUrl, SECRETS[1]))).toBe('credited');
  });

  test('saying "paid" of a checkout that is not is worth nothing', async () => {
    const { accountId, session } = await order();
    await stripe.notify('checkout.session.completed', { ...session, payment_status: 'paid', status: 'complete' });
    expect(await deliver()).toEqual(['nothing to do']);
    expect(await available(accountId)).toBe(0n);
  });

  test('without a webhook secret payments do not start', () => {
    const settings = { secretKey: 'sk_test', webhookSecrets: [''], apiBase: undefined };
    expect(() => openPayments({ stripe: settings, usdt: { ethereum: undefined, tron: undefined } }, 'http://x')).toThrow(
      'STRIPE_WEBHOOK_SECRET',
    );
  });
});

describe('order, amount, currency, account and method are bound', () => {
  test.each<[string, (session: Session, other: Order) => void]>([
    ['amount', (session) => Object.assign(session, { amount_total: 1 })],
    ['currency', (session) => Object.assign(session, { currency: 'jpy' })],
    ['order', (session, other) => Object.assign(session, { client_reference_id: other.topUpId })],
    ['account', (session, other) => Object.assign(session.metadata, { account: other.accountId })],
    ['method', (session) => Object.assign(session, { allowed_payment_method_types: ['alipay'] })],
  ])('another %s is not credited to anybody and raises an alert', async (_, change) => {
    const [mine, other] = [await order(), await order()];
    change(mine.session, other);
    await stripe.pay(mine.session.id);
    expect(await deliver()).toEqual(['mismatch']);
    expect([await available(mine.accountId), await available(other.accountId)]).toEqual([0n, 0n]);
    const { rows } = await database.pool.query('SELECT kind FROM alert WHERE subject = $1', [mine.topUpId]);
    expect(rows).toEqual([{ kind: 'payment_mismatch' }]);
  });

  test('a payment of somebody else’s system is left alone', async () => {
    await stripe.notify('checkout.session.completed', { id: 'cs_unknown' });
    const event = stripe.events.at(-1);
    if (event) expect(await outcomeOf(await stripe.deliver(event, webhookUrl))).toBe('unknown');
  });
});

describe('refunds and disputes', () => {
  test('partial refunds take back the difference of the cumulative amount, once', async () => {
    const { accountId, topUpId, intent } = await paidOrder();
    await stripe.refund(intent, 500);
    const first = stripe.events.at(-1);
    await stripe.refund(intent, 700);
    expect(await deliver(4)).toContain('reversed');
    if (first) expect(await outcomeOf(await stripe.deliver(first, webhookUrl))).toBe('nothing to do');
    expect(await available(accountId)).toBe(13n * USD);
    expect(await statusOf(topUpId)).toBe('refunded');
    await assertMoneyInvariants(database.pool);
  });

  test('a refund that the bank refused comes back, and the next one counts again', async () => {
    const { accountId, intent } = await paidOrder();
    for (const [cents, left] of [
      [500, 20n],
      [-500, 25n],
      [500, 20n],
    ] as const) {
      await stripe.refund(intent, cents);
      await deliver();
      expect(await available(accountId)).toBe(left * USD);
    }
    await assertMoneyInvariants(database.pool);
  });

  test('a dispute of spent money becomes debt and freezes; won, it comes back and unfreezes', async () => {
    const { accountId, topUpId, intent } = await paidOrder();
    const spent = { accountId, amount: -20n * USD, refType: 'test', refId: newId(), reason: 'spent' };
    await inTransaction(database.pool, (client) => adjustAccount(client, spent));
    const dispute = await stripe.openDispute(intent);
    expect(await deliver(3)).toContain('reversed');
    expect(await walletOf(database.pool, accountId)).toEqual({ available: 0n, leased: 0n, debt: 20n * USD });
    expect(await statusOf(topUpId)).toBe('disputed');
    await stripe.closeDispute(dispute, 'won');
    expect(await deliver(3)).toContain('restored');
    expect(await walletOf(database.pool, accountId)).toEqual({ available: 5n * USD, leased: 0n, debt: 0n });
    const { rows } = await database.pool.query('SELECT frozen_at FROM account WHERE id = $1', [accountId]);
    expect(rows).toEqual([{ frozen_at: null }]);
    await assertMoneyInvariants(database.pool);
  });

  test('a lost dispute takes the money once, however the notices come', async () => {
    const { accountId, intent } = await paidOrder();
    const dispute = await stripe.openDispute(intent);
    const opened = stripe.events.at(-1);
    await stripe.closeDispute(dispute, 'lost');
    expect(await deliver()).toEqual(['reversed']);
    if (opened) expect(await outcomeOf(await stripe.deliver(opened, webhookUrl))).toBe('nothing to do');
    expect(await available(accountId)).toBe(0n);
  });

  test('a refund that is heard of before the payment is taken from the payment', async () => {
    const { accountId, session } = await order();
    await stripe.pay(session.id);
    await stripe.refund(session.payment_intent ?? '', 1_000);
    expect(await deliver()).toEqual(['reversed']);
    expect(await available(accountId)).toBe(15n * USD);
    await assertMoneyInvariants(database.pool);
  });

  test('a dispute that is first heard of when it is won moves nothing in the end', async () => {
    const { accountId, intent } = await paidOrder();
    await stripe.closeDispute(await stripe.openDispute(intent), 'won');
    expect(await deliver()).toEqual(['restored']);
    expect(await available(accountId)).toBe(25n * USD);
    await assertMoneyInvariants(database.pool);
  });
});

describe('asking for a top-up', () => {
  test.each(['-1', '0', '0.001', '0.99', '1e30', 'NaN', '', ' 5', '10000.01', '99999999999999999999', '5.005', 'Infinity'])(
    'of %j is refused, naming the field',
    async (amountUsd) => {
      const request = { amountUsd, method: 'card', network: null, successUrl: null, cancelUrl: null };
      await expect(createTopUp(database.pool, payments, await actorOf(), request)).rejects.toMatchObject({
        code: 'invalid_request',
        param: 'amountUsd',
      });
    },
  );

  test.each([
    [{ method: 'cheque' }, 'method'],
    [{ method: 'usdt' }, 'network'],
    [{ successUrl: 'javascript:alert(1)' }, 'successUrl'],
  ])('with %j is refused', async (change, param) => {
    const request = { amountUsd: '5', method: 'card', network: null, successUrl: null, cancelUrl: null, ...change };
    await expect(createTopUp(database.pool, payments, await actorOf(), request)).rejects.toMatchObject({ param });
  });

  test('by a role that may not pay is forbidden', async () => {
    const actor = { ...(await actorOf()), role: 'developer' as const };
    const request = { amountUsd: '5', method: 'card', network: null, successUrl: null, cancelUrl: null };
    await expect(createTopUp(database.pool, payments, actor, request)).rejects.toMatchObject({ code: 'forbidden' });
  });
});
