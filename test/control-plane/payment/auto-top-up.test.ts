/** Automatic top-ups by saved card: the vendor's own SDK against the stand-in for Stripe, a real database. */
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { registerErrorHandler } from '../../../control-plane/http/error-handler.js';
import { adjustAccount } from '../../../control-plane/modules/billing/credit-account.js';
import { freezeAccount } from '../../../control-plane/modules/billing/freeze-account.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import type { Mail } from '../../../control-plane/modules/mail/mailer.js';
import {
  type AutoTopUpWish,
  findAutoTopUp,
  findSavedCard,
  setAutoTopUp,
  sumAutoTopUps,
} from '../../../control-plane/modules/payment/auto-top-up.js';
import { openPayments, type Payments } from '../../../control-plane/modules/payment/payments.js';
import { registerStripeWebhook } from '../../../control-plane/modules/payment/receive-stripe-webhook.js';
import { beginCardSetup, removeSavedCard, syncStaleSetups } from '../../../control-plane/modules/payment/saved-card.js';
import type { Actor } from '../../../control-plane/modules/permissions.js';
import { topUpAutomatically } from '../../../control-plane/workers/watch-payments.js';
import type { CardKind } from '../../../local/fake-stripe/saved-cards.js';
import { FakeStripe } from '../../../local/fake-stripe/server.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import { createCustomer, walletOf } from '../billing/money-fixture.js';

const USD = 1_000_000_000n;
const SECRET = 'whsec_secret';
const WISH: AutoTopUpWish = { enabled: true, thresholdUsd: '10', amountUsd: '25', monthlyCapUsd: '100' };
const URLS = { successUrl: null, cancelUrl: null };
let database: TestDatabase;
let stripe: FakeStripe;
let payments: Payments;
let server: FastifyInstance;
let webhookUrl: string;
const mails: Mail[] = [];
const mailer = { send: (mail: Mail) => void mails.push(mail) };

beforeAll(async () => {
  database = await createDatabase();
  stripe = new FakeStripe({ webhookSecret: SECRET });
  await stripe.start();
  payments = openPayments(
    {
      stripe: { secretKey: 'sk_test_local', webhookSecrets: [SECRET], apiBase: stripe.url },
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

/** Of an account with $5. */
async function owner(): Promise<Actor> {
  const { accountId } = await createCustomer(database.pool, 5n * USD);
  const userId = newId();
  await database.pool.query('INSERT INTO app_user (id, email) VALUES ($1, $2)', [userId, `${userId}@test.example`]);
  await database.pool.query("INSERT INTO membership (account_id, user_id, role) VALUES ($1, $2, 'owner')", [accountId, userId]);
  await database.pool.query(
    `INSERT INTO webhook_endpoint (id, account_id, url, event_types) VALUES ($1, $2, 'https://customer.test/', '{}')`,
    [newId(), accountId],
  );
  return { userId, accountId, sessionId: newId(), role: 'owner', operator: false, accountStatus: 'active', address: '' };
}

/** Its card is saved, by the notice that Stripe sends. */
async function ownerWithCard(kind: CardKind = 'good', wish: Partial<AutoTopUpWish> = {}): Promise<Actor> {
  const actor = await owner();
  await saveCard(actor, kind);
  await setAutoTopUp(database.pool, actor, { ...WISH, ...wish });
  return actor;
}

async function saveCard(actor: Actor, kind: CardKind): Promise<void> {
  await stripe.saveCard(await sessionOf(actor), kind);
  expect(await deliver()).toBe('saved');
}

async function sessionOf(actor: Actor): Promise<string> {
  const { id, url } = await beginCardSetup(database.pool, payments, actor, URLS);
  expect(url).toContain('/pay/');
  const { rows } = await database.pool.query<{ session_id: string }>('SELECT session_id FROM card_setup WHERE id = $1', [id]);
  return rows[0]?.session_id ?? '';
}

/** The newest notice. */
async function deliver(): Promise<string> {
  const event = stripe.events.at(-1);
  if (!event) throw new Error('no notice');
  const response = await stripe.deliver(event, webhookUrl);
  expect(response.status).toBe(200);
  return ((await response.json()) as { outcome: string }).outcome;
}

const pass = () => topUpAutomatically(database.pool, payments, mailer);

async function spend(actor: Actor, usd: bigint): Promise<void> {
  const movement = { accountId: actor.accountId, amount: -usd * USD, refType: 'test', refId: newId(), reason: 'spent' };
  await inTransaction(database.pool, (client) => adjustAccount(client, movement));
}

async function available(actor: Actor): Promise<bigint> {
  return (await walletOf(database.pool, actor.accountId)).available / USD;
}

async function topUpsOf(actor: Actor) {
  const { rows } = await database.pool.query<{ id: string; status: string; failure: string | null; payment_intent: string | null }>(
    'SELECT id, status, failure, payment_intent FROM top_up WHERE account_id = $1 ORDER BY id',
    [actor.accountId],
  );
  return rows;
}

async function eventsOf(actor: Actor): Promise<string[]> {
  const { rows } = await database.pool.query<{ event_type: string }>(
    'SELECT event_type FROM webhook_delivery WHERE account_id = $1 ORDER BY id',
    [actor.accountId],
  );
  return rows.map((row) => row.event_type);
}

function chargesOf(actor: Actor): number {
  return [...stripe.store.intents.values()].filter((intent) => intent.metadata['account'] === actor.accountId).length;
}

/** As if the back-off, or another control plane's turn, were over. */
async function letTimePass(actor: Actor): Promise<void> {
  await database.pool.query('UPDATE auto_top_up SET retry_at = NULL WHERE account_id = $1', [actor.accountId]);
  await database.pool.query('UPDATE top_up SET attempted_at = NULL WHERE account_id = $1', [actor.accountId]);
}

describe('a card', () => {
  test('is saved on the page of Stripe; we keep its brand and last digits', async () => {
    const actor = await owner();
    expect(await findSavedCard(database.pool, actor.accountId)).toBeNull();
    await saveCard(actor, 'good');
    expect(await findSavedCard(database.pool, actor.accountId)).toMatchObject({
      brand: 'visa',
      last4: '4242',
      expMonth: 12,
      expYear: 2034,
    });
    expect(await deliver()).toBe('handled before');
  });

  test('whose notice was lost is found by asking', async () => {
    const actor = await owner();
    await stripe.saveCard(await sessionOf(actor));
    await syncStaleSetups(database.pool, payments, 0);
    expect(await findSavedCard(database.pool, actor.accountId)).not.toBeNull();
  });

  test('of another customer, or of a page that nobody went through, is not saved', async () => {
    const [actor, other] = [await owner(), await owner()];
    const session = stripe.store.sessions.get(await sessionOf(actor));
    await sessionOf(other);
    if (!session) throw new Error('no page');
    await stripe.notify('checkout.session.completed', { ...session, status: 'complete' });
    expect(await deliver()).toBe('nothing to do');
    Object.assign(session, { customer: [...stripe.cards.customers.keys()].at(-1) });
    await stripe.saveCard(session.id);
    expect(await deliver()).toBe('mismatch');
    expect([await findSavedCard(database.pool, actor.accountId), await findSavedCard(database.pool, other.accountId)]).toEqual([
      null,
      null,
    ]);
  });

  test('removed, ends automatic top-ups and is detached at Stripe', async () => {
    const actor = await ownerWithCard();
    expect(await removeSavedCard(database.pool, payments, actor)).toBe(true);
    expect(await removeSavedCard(database.pool, payments, actor)).toBe(false);
    await pass();
    expect(await findAutoTopUp(database.pool, actor.accountId)).toMatchObject({ enabled: false });
    expect(chargesOf(actor)).toBe(0);
    expect([...stripe.cards.methods.values()].at(-1)?.customer).toBeNull();
  });
});

describe('a balance below the threshold', () => {
  test('is filled up once a crossing, whatever control planes are at it', async () => {
    const actor = await ownerWithCard();
    await Promise.all(Array.from({ length: 8 }, pass));
    expect(await available(actor)).toBe(30n);
    await Promise.all(Array.from({ length: 8 }, pass));
    expect(chargesOf(actor)).toBe(1);
    await spend(actor, 21n);
    await Promise.all(Array.from({ length: 8 }, pass));
    expect([await available(actor), chargesOf(actor)]).toEqual([34n, 2]);
    expect(await eventsOf(actor)).toEqual(['topup.credited', 'topup.credited']);
    expect(await sumAutoTopUps(database.pool, actor.accountId)).toBe(50n * USD);
    await assertMoneyInvariants(database.pool);
  });

  test('is charged once although the answers of Stripe were lost, and credited when it is asked again', async () => {
    const actor = await ownerWithCard();
    stripe.loseAnswers = 3;
    await expect(pass()).rejects.toThrow();
    expect([await available(actor), chargesOf(actor)]).toEqual([5n, 1]);
    await letTimePass(actor);
    await pass();
    expect([await available(actor), chargesOf(actor)]).toEqual([30n, 1]);
    expect(await topUpsOf(actor)).toMatchObject([{ status: 'paid' }]);
  });

  test('is credited by the notice when the process died after the charge, once however often it comes', async () => {
    const actor = await ownerWithCard();
    stripe.loseAnswers = 3;
    await expect(pass()).rejects.toThrow();
    const event = stripe.events.at(-1);
    if (!event) throw new Error('no notice');
    expect(event.type).toBe('payment_intent.succeeded');
    await Promise.all(Array.from({ length: 5 }, () => stripe.deliver(event, webhookUrl)));
    await letTimePass(actor);
    await pass();
    expect([await available(actor), chargesOf(actor)]).toEqual([30n, 1]);
  });

  test('whose charge Stripe has forgotten the key of is not charged again: it is looked for', async () => {
    const actor = await ownerWithCard();
    stripe.loseAnswers = 3;
    await expect(pass()).rejects.toThrow();
    await database.pool.query(`UPDATE top_up SET created_at = now() - interval '21 hours' WHERE account_id = $1`, [actor.accountId]);
    await letTimePass(actor);
    await pass();
    expect([await available(actor), chargesOf(actor)]).toEqual([30n, 1]);
  });

  test('is not charged past the cap of the month, and people hear of it once', async () => {
    const actor = await ownerWithCard('good', { monthlyCapUsd: '60' });
    for (let round = 0; round < 4; round++) {
      await pass();
      if ((await available(actor)) > 25n) await spend(actor, 25n);
    }
    expect(chargesOf(actor)).toBe(2);
    expect(await eventsOf(actor)).toEqual(['topup.credited', 'topup.credited', 'auto_topup.capped']);
    expect(mails.filter((mail) => mail.to.startsWith(actor.userId)).map((mail) => mail.subject)).toEqual([
      'Automatic top-ups have reached their monthly cap',
    ]);
    await setAutoTopUp(database.pool, actor, { ...WISH, monthlyCapUsd: '75' });
    await pass();
    expect(chargesOf(actor)).toBe(3);
  });

  test('of a frozen account, or with automatic top-ups off, is left alone', async () => {
    const [frozen, off] = [await ownerWithCard(), await ownerWithCard('good', { enabled: false })];
    await inTransaction(database.pool, (client) => freezeAccount(client, frozen.accountId, 'ledger_mismatch'));
    await pass();
    expect([chargesOf(frozen), chargesOf(off)]).toEqual([0, 0]);
  });

  test('a charge of another amount or customer is credited to nobody and raises an alert', async () => {
    const actor = await ownerWithCard();
    stripe.loseAnswers = 3;
    await expect(pass()).rejects.toThrow();
    const intent = [...stripe.store.intents.values()].at(-1);
    Object.assign(intent ?? {}, { amount_received: 100 });
    expect(await deliver()).toBe('mismatch');
    expect(await available(actor)).toBe(5n);
    const { rows } = await database.pool.query('SELECT kind FROM alert WHERE account_id = $1', [actor.accountId]);
    expect(rows).toEqual([{ kind: 'payment_mismatch' }]);
    Object.assign(intent ?? {}, { amount_received: 2_500 });
    await letTimePass(actor);
    await pass();
    expect(await available(actor)).toBe(30n);
  });

  test('a refund of an automatic top-up takes it back, a dispute freezes and ends charging', async () => {
    const actor = await ownerWithCard();
    await pass();
    const [topUp] = await topUpsOf(actor);
    await stripe.refund(topUp?.payment_intent ?? '', 500);
    expect(await deliver()).toBe('reversed');
    expect(await available(actor)).toBe(25n);
    await spend(actor, 24n);
    await stripe.openDispute(topUp?.payment_intent ?? '', 2_000);
    expect(await deliver()).toBe('reversed');
    await pass();
    expect(chargesOf(actor)).toBe(1);
    await assertMoneyInvariants(database.pool);
  });
});

describe('a declined card', () => {
  test('is tried again later, and after the third time no more: webhook and mail say so', async () => {
    const actor = await ownerWithCard('declined');
    await Promise.all([pass(), pass()]);
    expect(await findAutoTopUp(database.pool, actor.accountId)).toMatchObject({ enabled: true, failures: 1, retryAt: expect.any(Date) });
    await pass();
    expect(chargesOf(actor)).toBe(1);
    for (let failure = 2; failure <= 3; failure++) {
      await letTimePass(actor);
      await pass();
    }
    await letTimePass(actor);
    await pass();
    expect(chargesOf(actor)).toBe(3);
    expect(await findAutoTopUp(database.pool, actor.accountId)).toMatchObject({ enabled: false, disabledReason: 'insufficient_funds' });
    expect(await topUpsOf(actor)).toMatchObject(Array(3).fill({ status: 'failed', failure: 'insufficient_funds' }));
    expect(await eventsOf(actor)).toEqual(['topup.failed', 'topup.failed', 'topup.failed', 'auto_topup.disabled']);
    expect(mails.filter((mail) => mail.to.startsWith(actor.userId)).map((mail) => mail.subject)).toEqual([
      'Your card was declined',
      'Your card was declined',
      'Automatic top-ups are off: your card was declined',
    ]);
    expect(await available(actor)).toBe(5n);
    expect(await sumAutoTopUps(database.pool, actor.accountId)).toBe(0n);
  });

  test('whose bank wants to ask the customer ends automatic top-ups at once', async () => {
    const actor = await ownerWithCard('authentication');
    await pass();
    expect(await findAutoTopUp(database.pool, actor.accountId)).toMatchObject({
      enabled: false,
      disabledReason: 'authentication_required',
    });
  });

  test('replaced by a good one and turned on again pays', async () => {
    const actor = await ownerWithCard('authentication');
    await pass();
    await saveCard(actor, 'good');
    await setAutoTopUp(database.pool, actor, WISH);
    await pass();
    expect([await available(actor), chargesOf(actor)]).toEqual([30n, 2]);
    expect(await findAutoTopUp(database.pool, actor.accountId)).toMatchObject({ enabled: true, failures: 0, disabledReason: null });
  });

  test('that paid after all is credited', async () => {
    const actor = await ownerWithCard('declined');
    await pass();
    const intent = [...stripe.store.intents.values()].at(-1);
    if (!intent) throw new Error('no intent');
    stripe.store.collect(intent);
    await stripe.notify('payment_intent.succeeded', intent);
    expect(await deliver()).toBe('credited');
    expect(await available(actor)).toBe(30n);
  });
});

describe('setting it', () => {
  test('without a card is refused, and off it needs none', async () => {
    const actor = await owner();
    await expect(setAutoTopUp(database.pool, actor, WISH)).rejects.toMatchObject({ code: 'unprocessable', param: 'enabled' });
    await setAutoTopUp(database.pool, actor, { ...WISH, enabled: false });
    expect(await findAutoTopUp(database.pool, actor.accountId)).toMatchObject({ enabled: false, amount: 25n * USD });
  });

  test.each<[Partial<AutoTopUpWish>, string]>([
    [{ amountUsd: '4.99' }, 'amountUsd'],
    [{ amountUsd: '10000.01' }, 'amountUsd'],
    [{ amountUsd: 'NaN' }, 'amountUsd'],
    [{ amountUsd: '1e30' }, 'amountUsd'],
    [{ thresholdUsd: '0' }, 'thresholdUsd'],
    [{ thresholdUsd: '-1' }, 'thresholdUsd'],
    [{ thresholdUsd: '25.01' }, 'thresholdUsd'],
    [{ monthlyCapUsd: '24.99' }, 'monthlyCapUsd'],
    [{ monthlyCapUsd: '100.005' }, 'monthlyCapUsd'],
  ])('to %j is refused, naming the member', async (change, param) => {
    await expect(setAutoTopUp(database.pool, await owner(), { ...WISH, ...change })).rejects.toMatchObject({
      code: 'invalid_request',
      param,
    });
  });

  test('by a role that may not pay is forbidden', async () => {
    const actor = { ...(await owner()), role: 'developer' as const };
    await expect(setAutoTopUp(database.pool, actor, WISH)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(beginCardSetup(database.pool, payments, actor, URLS)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(removeSavedCard(database.pool, payments, actor)).rejects.toMatchObject({ code: 'forbidden' });
  });
});
