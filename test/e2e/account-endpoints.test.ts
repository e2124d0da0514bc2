/** The REST account endpoints against a real control plane: what a customer does before and after the first completion. */
import { beforeAll, expect, test } from 'vitest';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us', 'sg'] });
}, 120_000);

async function call(method: string, path: string, options: { body?: unknown; token?: string; key?: string } = {}) {
  const credential = options.token ?? options.key;
  const response = await fetch(`${stack.gateway}${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    },
    body: options.body === undefined ? null : JSON.stringify(options.body),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const password = 'correct horse battery';
const question = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello!' }] };

async function register(email: string): Promise<string> {
  const answer = await call('POST', '/auth/register', { body: { email, password } });
  expect(answer).toMatchObject({ status: 201, body: { user: { email }, account: { status: 'active' }, expires_in: 900 } });
  return answer.body.token;
}

test('a customer registers, makes a key, uses it, and sees it stop within a second of its revocation', async () => {
  const token = await register('first@example.com');
  expect(await call('GET', '/auth/me', { token })).toMatchObject({ status: 200, body: { user: { email: 'first@example.com' } } });

  const created = await call('POST', '/v1/keys', { token, body: { name: 'mine', test: true, limits: { rpm: 60 } } });
  expect(created).toMatchObject({ status: 201, body: { name: 'mine', status: 'active', limits: { rpm: 60 } } });
  const { id, key } = created.body;
  expect(key).toMatch(/^sk-ama-test-/);
  const list = await call('GET', '/v1/keys', { token });
  expect(list.body.data).toMatchObject([{ id, prefix: 'sk-ama-test-', last4: key.slice(-4) }]);
  expect(JSON.stringify(list.body)).not.toContain(key);

  const use = () => call('POST', '/v1/chat/completions', { key, body: question });
  await expect.poll(async () => (await use()).status, { timeout: 3_000 }).toBe(200);

  const revoked = await call('DELETE', `/v1/keys/${id}`, { token });
  expect(revoked).toMatchObject({ status: 200, body: { id, deleted: true, propagated: { acknowledged: 2, nodes: 2 } } });
  expect(await use()).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } });
});

test('an empty wallet is a 402 that says what is missing, and the ledger is empty', async () => {
  const token = await register('second@example.com');
  const { key } = (await call('POST', '/v1/keys', { token, body: { name: 'live' } })).body;
  await expect.poll(async () => (await call('GET', '/v1/models', { key })).status, { timeout: 3_000 }).toBe(200);
  const refused = await call('POST', '/v1/chat/completions', { key, body: question });
  expect(refused).toMatchObject({ status: 402, body: { error: { code: 'insufficient_quota' } } });
  expect(refused.headers.get('x-should-retry')).toBe('false');
  expect(await call('GET', '/v1/credits', { token })).toMatchObject({
    status: 200,
    body: { balance_usd: '0', leased_usd: '0', ledger: { data: [], has_more: false } },
  });
  expect(await call('GET', '/v1/usage?group_by=day,model,key', { token })).toMatchObject({
    status: 200,
    body: { object: 'list', totals: {} },
  });
});

test('the same answer for an unknown user and a wrong password', async () => {
  await register('third@example.com');
  const [unknown, wrong] = await Promise.all([
    call('POST', '/auth/login', { body: { email: 'nobody@example.com', password } }),
    call('POST', '/auth/login', { body: { email: 'third@example.com', password: 'wrong horse battery' } }),
  ]);
  expect(unknown.status).toBe(401);
  expect(wrong).toMatchObject({ status: unknown.status, body: unknown.body });
});

test('a session is renewed by its cookie once, and ends with log-out', async () => {
  const answer = await call('POST', '/auth/register', { body: { email: 'fourth@example.com', password } });
  const jar = answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
  const withCookie = (path: string, cookie: string) =>
    fetch(`${stack.gateway}${path}`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      body: '{}',
    });
  const renewed = await withCookie('/auth/refresh', jar);
  expect(renewed.status).toBe(200);
  const next = renewed.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
  expect((await withCookie('/auth/logout', next)).status).toBe(200);
  expect((await withCookie('/auth/refresh', next)).status).toBe(401);
  expect((await withCookie('/auth/refresh', jar)).status).toBe(401);
});
