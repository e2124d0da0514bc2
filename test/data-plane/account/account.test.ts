import { generateKeyPairSync } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { NODE_TOKEN, startTestNode, type TestNode } from '../http/test-node.js';

const pair = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
let node: TestNode;
let token: string;

beforeAll(async () => {
  node = await startTestNode({ jwtPublicKey: pair.publicKey.export({ format: 'jwk' }).x ?? '' });
  token = await sign({});
});
beforeEach(() => {
  node.control.graphqlCalls.length = 0;
});

async function sign(options: { key?: typeof pair; issuer?: string; audience?: string; expires?: string; alg?: string }): Promise<string> {
  const key = await importJWK({ ...(options.key ?? pair).privateKey.export({ format: 'jwk' }), alg: 'EdDSA' }, 'EdDSA');
  return new SignJWT({ acc: 'a', role: 'owner', op: false, sid: 's' })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer(options.issuer ?? 'modelapi')
    .setAudience(options.audience ?? 'modelapi')
    .setSubject('u')
    .setExpirationTime(options.expires ?? '15m')
    .sign(key);
}

async function call(method: string, path: string, options: { body?: unknown; headers?: Record<string, string> } = {}) {
  const response = await fetch(`${node.url}${path}`, {
    method,
    headers: { ...(options.body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
    body: options.body === undefined ? null : JSON.stringify(options.body),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}
const bearer = (value = token) => ({ authorization: `Bearer ${value}` });

const session = {
  user: { id: 'u', email: 'a@example.com', name: 'A', role: 'customer' },
  account: { id: 'a', name: 'A', status: 'active' },
  token: 'jwt',
  refreshToken: 'refresh',
  expiresIn: 900,
};

test('register answers 201 with a session, sets cookies that no script reads, and keeps the refresh token out of the body', async () => {
  node.control.answerGraphql = () => ({ data: { register: session } });
  const answer = await call('POST', '/auth/register', { body: { email: 'a@example.com', password: 'correct horse' } });
  expect(answer).toMatchObject({ status: 201, body: { user: session.user, account: session.account, token: 'jwt', expires_in: 900 } });
  expect(JSON.stringify(answer.body)).not.toContain('refresh');
  const cookies = answer.headers.getSetCookie();
  expect(cookies).toHaveLength(2);
  for (const cookie of cookies) expect(cookie).toMatch(/^modelapi_\w+=\w+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  expect(node.control.graphqlCalls[0]).toMatchObject({
    variables: { email: 'a@example.com', password: 'correct horse' },
    headers: { 'x-modelapi-client-address': '127.0.0.1', 'x-modelapi-node-token': NODE_TOKEN },
  });
});

test.each([
  [{ email: 'a@example.com', password: 'short' }, 'password'],
  [{ password: 'correct horse' }, 'email'],
  [{ email: 5, password: 'correct horse' }, 'email'],
])('a registration of %j names what is wrong', async (body, param) => {
  expect(await call('POST', '/auth/register', { body })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', param } },
  });
  expect(node.control.graphqlCalls).toEqual([]);
});

test("the control plane's refusal is rendered with its own status", async () => {
  node.control.answerGraphql = () => ({
    data: null,
    errors: [{ message: 'Wrong email or password.', extensions: { code: 'invalid_session', param: 'password', stacktrace: ['secret'] } }],
  });
  const answer = await call('POST', '/auth/login', { body: { email: 'a@example.com', password: 'x' } });
  expect(answer).toMatchObject({
    status: 401,
    body: { error: { code: 'invalid_session', param: 'password', message: 'Wrong email or password.' } },
  });
  expect(JSON.stringify(answer.body)).not.toContain('secret');
});

const needSession: readonly (readonly [method: string, path: string, body: unknown])[] = [
  ['GET', '/auth/me', undefined],
  ['GET', '/v1/keys', undefined],
  ['POST', '/v1/keys', { name: 'k' }],
  ['DELETE', '/v1/keys/018f0000-0000-7000-8000-000000000001', undefined],
  ['POST', '/v1/keys/018f0000-0000-7000-8000-000000000001/rotate', {}],
  ['GET', '/v1/credits', undefined],
  ['POST', '/v1/credits/topup', { amount_usd: '10', method: 'card' }],
  ['GET', '/v1/credits/topup/1', undefined],
  ['GET', '/v1/usage', undefined],
];

test.each(needSession)('%s %s refuses nobody, an API key, and sessions that are not ours', async (method, path, body) => {
  const tokens = [
    await sign({ key: stranger }),
    await sign({ issuer: 'other' }),
    await sign({ audience: 'other' }),
    await sign({ expires: '-1m' }),
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`,
    node.key,
  ];
  for (const headers of [{}, ...tokens.map((one) => bearer(one))]) {
    expect(await call(method, path, { body, headers })).toMatchObject({ status: 401, body: { error: { code: 'invalid_session' } } });
  }
  expect(node.control.graphqlCalls).toEqual([]);
});

test('a cookie may read, and may write from our own page alone', async () => {
  node.control.answerGraphql = () => ({ data: { apiKeys: [], createApiKey: { key: 'sk-ama-x', apiKey: { id: '1', limits: {} } } } });
  const cookie = { cookie: `other=1; modelapi_session=${token}` };
  expect(await call('GET', '/v1/keys', { headers: cookie })).toMatchObject({ status: 200, body: { object: 'list', data: [] } });
  const body = { name: 'k' };
  const refused = [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }];
  for (const headers of refused) {
    expect(await call('POST', '/v1/keys', { body, headers: { ...cookie, ...headers } })).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
  }
  for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: node.url }]) {
    expect(await call('POST', '/v1/keys', { body, headers: { ...cookie, ...headers } })).toMatchObject({ status: 201 });
  }
});

test('a key is created with limits, scopes and vendor keys, and shown once', async () => {
  const id = '018f0000-0000-7000-8000-000000000001';
  const limits = { requestsPerMinute: 60, tokensPerMinute: null, concurrency: null, dailyUsd: '5', monthlyUsd: null, totalUsd: null };
  const apiKey = {
    id,
    name: 'k',
    prefix: 'sk-ama-',
    last4: 'abcd',
    models: ['auto'],
    ipAllowlist: null,
    regions: null,
    byok: [],
    status: 'active',
    limits,
  };
  node.control.answerGraphql = () => ({ data: { createApiKey: { key: 'sk-ama-secret', apiKey } } });
  const answer = await call('POST', '/v1/keys', {
    headers: bearer(),
    body: { name: 'k', models: ['auto'], limits: { rpm: 60, daily_usd: 5 }, byok: [{ provider: 'openai', api_key: 'sk-x', mode: 'only' }] },
  });
  expect(answer).toMatchObject({
    status: 201,
    body: {
      id,
      key: 'sk-ama-secret',
      last4: 'abcd',
      scopes: { models: ['auto'] },
      limits: { rpm: 60, tpm: null, daily_usd: '5' },
      byok: [],
    },
  });
  expect(node.control.graphqlCalls[0]?.variables).toEqual({
    input: {
      name: 'k',
      models: ['auto'],
      limits: { requestsPerMinute: 60, tokensPerMinute: null, concurrency: null, dailyUsd: '5', monthlyUsd: null, totalUsd: null },
      byok: [{ provider: 'openai', apiKey: 'sk-x', mode: 'only' }],
    },
  });
  expect(node.control.graphqlCalls[0]?.headers['authorization']).toBe(`Bearer ${token}`);
});

test('a revocation says how many nodes know', async () => {
  const id = '018f0000-0000-7000-8000-000000000001';
  node.control.answerGraphql = () => ({ data: { revokeApiKey: { id, acknowledged: 2, nodes: 3 } } });
  expect(await call('DELETE', `/v1/keys/${id}`, { headers: bearer() })).toMatchObject({
    status: 200,
    body: { id, deleted: true, propagated: { acknowledged: 2, nodes: 3 } },
  });
});

test('credits are a balance and a page of the ledger', async () => {
  const line = {
    id: '9',
    kind: 'charge',
    amountUsd: '-0.001',
    balanceAfterUsd: '9.999',
    reference: 'r',
    reason: 'completed',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  node.control.answerGraphql = () => ({
    data: {
      wallet: { balanceUsd: '10', leasedUsd: '0.5' },
      ledger: { edges: [{ cursor: 'c', node: line }], pageInfo: { endCursor: 'c', hasNextPage: true } },
    },
  });
  expect((await call('GET', '/v1/credits?limit=1', { headers: bearer() })).body).toEqual({
    object: 'credits',
    balance_usd: '10',
    leased_usd: '0.5',
    ledger: {
      data: [
        {
          id: '9',
          kind: 'charge',
          amount_usd: '-0.001',
          balance_after_usd: '9.999',
          reference: 'r',
          reason: 'completed',
          created_at: line.createdAt,
        },
      ],
      has_more: true,
      next: 'c',
    },
  });
  expect(await call('GET', '/v1/credits?limit=0', { headers: bearer() })).toMatchObject({
    status: 400,
    body: { error: { param: 'limit' } },
  });
});

test('usage is asked by day, model and key', async () => {
  node.control.answerGraphql = () => ({ data: { usage: { rows: [{ date: '2026-01-01', costUsd: '1' }], totals: { costUsd: '1' } } } });
  const answer = await call('GET', '/v1/usage?from=2026-01-01&group_by=day,model', { headers: bearer() });
  expect(answer.body).toMatchObject({ data: [{ date: '2026-01-01', cost_usd: '1' }], totals: { cost_usd: '1' } });
  expect(node.control.graphqlCalls[0]?.variables).toEqual({ from: '2026-01-01T00:00:00.000Z', to: null, groupBy: ['day', 'model'] });
  expect(await call('GET', '/v1/usage?group_by=mood', { headers: bearer() })).toMatchObject({
    status: 400,
    body: { error: { param: 'group_by' } },
  });
});

test('an answer that is no GraphQL is a 503 with a hint, never a 401', async () => {
  node.control.answerGraphql = () => 'oops';
  const answer = await call('GET', '/v1/keys', { headers: bearer() });
  expect(answer).toMatchObject({ status: 503, body: { error: { code: 'service_unavailable' } } });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
});
