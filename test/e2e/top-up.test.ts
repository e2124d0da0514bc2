/** A customer puts money in, over REST, with the stand-in for Stripe in the vendor's place, and spends it. */
import { beforeAll, expect, test, vi } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us'], fakeStripe: true });
}, 120_000);

/** What these calls answer, as far as it is looked at. */
interface Answer {
  readonly id: string;
  readonly token: string;
  readonly key: string;
  readonly status: string;
  readonly checkout_url: string;
  readonly balance_usd: string;
  readonly ledger: { readonly data: readonly unknown[] };
}

async function call(method: string, path: string, token: string, body?: unknown): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${stack.gateway}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

test('pays on the page, sees the balance and the ledger line, and can use it', async () => {
  const email = `payer-${Date.now()}@test.example`;
  const registered = await call('POST', '/auth/register', '', { email, password: 'correct horse battery' });
  expect(registered.status).toBe(201);
  const { token } = registered.body;
  const { body: key } = await call('POST', '/v1/keys', token, { name: 'first' });

  const ask = () => call('POST', '/v1/chat/completions', key.key, { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
  await vi.waitFor(async () => expect((await ask()).status).toBe(402), { timeout: 15_000, interval: 300 });

  const topUp = await call('POST', '/v1/credits/topup', token, { amount_usd: '12.50', method: 'alipay' });
  expect(topUp).toMatchObject({ status: 201, body: { status: 'pending' } });
  const page = await fetch(topUp.body.checkout_url);
  expect(await page.text()).toContain('12.50 USD');
  await fetch(`${topUp.body.checkout_url}/paid`, { method: 'POST', redirect: 'manual' });

  await vi.waitFor(async () => expect((await call('GET', `/v1/credits/topup/${topUp.body.id}`, token)).body.status).toBe('paid'), {
    timeout: 15_000,
    interval: 200,
  });
  const credits = await call('GET', '/v1/credits', token);
  expect(credits.body.balance_usd).toBe('12.5');
  expect(credits.body.ledger.data[0]).toMatchObject({ kind: 'top_up', amount_usd: '12.5', reference: `top_up:${topUp.body.id}` });
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), { timeout: 15_000, interval: 300 });
  await assertMoneyInvariants(stack.database.pool);
}, 90_000);

test('saves a card on the page, and is topped up by itself when the balance is low', async () => {
  const { body: registered } = await call('POST', '/auth/register', '', {
    email: `saver-${Date.now()}@test.example`,
    password: 'correct horse battery',
  });
  const graphql = async <T>(query: string, variables: object = {}): Promise<T> => {
    const response = await fetch(`${stack.control.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${registered.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    expect(errors).toBeUndefined();
    return data;
  };
  const { saveCard } = await graphql<{ saveCard: { url: string } }>('mutation { saveCard(input: {}) { url } }');
  expect(await (await fetch(saveCard.url)).text()).toContain('Save a card that pays');
  await fetch(`${saveCard.url}/good`, { method: 'POST', redirect: 'manual' });
  const read = () =>
    graphql<{ autoTopUp: { card: { last4: string } | null; chargedThisMonthUsd: string } }>(
      '{ autoTopUp { card { last4 } chargedThisMonthUsd } }',
    );
  await vi.waitFor(async () => expect((await read()).autoTopUp.card).toEqual({ last4: '4242' }), { timeout: 15_000, interval: 200 });

  const input = { enabled: true, thresholdUsd: '5', amountUsd: '20', monthlyCapUsd: '50' };
  await graphql('mutation ($input: AutoTopUpInput!) { setAutoTopUp(input: $input) { enabled } }', { input });
  const balance = async () => (await call('GET', '/v1/credits', registered.token)).body.balance_usd;
  await vi.waitFor(async () => expect(await balance()).toBe('20'), { timeout: 30_000, interval: 300 });
  expect((await read()).autoTopUp.chargedThisMonthUsd).toBe('20');
  await assertMoneyInvariants(stack.database.pool);
}, 90_000);
