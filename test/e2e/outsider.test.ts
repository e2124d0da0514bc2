/**
 * The running product as somebody sees it who has an account of their own and bad intentions; and what is left of secrets and prompts in
 * everything that its processes wrote: logs, disks, metrics, errors, Redis, PostgreSQL.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { waitForSettlement } from '../support/settlement.js';
import { startStack, type TestStack } from '../support/stack.js';

const PASSWORD = 'correct horse battery';
const planted = (name: string) => `planted-${name}-${randomBytes(8).toString('hex')}`;
const secrets = { prompt: planted('prompt'), byok: planted('byok'), vendor: planted('vendor') };

interface Customer {
  readonly token: string;
  readonly key: string;
  readonly keyId: string;
}

let stack: TestStack;
let alice: Customer;
let mallory: Customer;

beforeAll(async () => {
  stack = await startStack({ nodes: ['us'] });
  [alice, mallory] = [await customer('alice@example.com'), await customer('mallory@example.com')];
  while ((await rest('GET', '/v1/models', mallory.key)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
}, 120_000);

async function rest(method: string, path: string, credential?: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${stack.gateway}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
}

async function customer(email: string): Promise<Customer> {
  const { body: session } = await rest('POST', '/auth/register', undefined, { email, password: PASSWORD });
  const { body: made } = await rest('POST', '/v1/keys', session.token, { name: 'mine', test: true });
  return { token: session.token, key: made.key, keyId: made.id };
}

const question = (content = 'Hello') => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }], max_tokens: 20 });

/** fetch does not let a caller set these. */
function raw(path: string, headers: Record<string, string>, body = '', host = 'localhost'): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(stack.gateway);
  return new Promise((resolve, reject) => {
    const call = httpRequest({ hostname, port, path, method: body ? 'POST' : 'GET', headers: { host, ...headers } }, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('another tenant', () => {
  test('reads, revokes and replays nothing of mine', async () => {
    const mine = await rest('POST', '/v1/chat/completions', alice.key, question(), { 'idempotency-key': 'the-same' });
    expect(mine.status).toBe(200);
    const generation = mine.headers.get('x-modelapi-generation') ?? '';
    const theirs = await rest('POST', '/v1/chat/completions', mallory.key, question(), { 'idempotency-key': 'the-same' });
    expect(theirs.headers.get('x-modelapi-generation')).not.toBe(generation);
    expect(theirs.headers.get('idempotent-replayed')).toBeNull();
    await waitForSettlement(stack.database.pool, generation);
    expect((await rest('GET', `/v1/generations/${generation}`, alice.key)).status).toBe(200);
    expect((await rest('GET', `/v1/generations/${generation}`, mallory.key)).status).toBe(404);
    expect((await rest('DELETE', `/v1/keys/${alice.keyId}`, mallory.token)).status).toBe(404);
    expect((await rest('POST', `/v1/keys/${alice.keyId}/rotate`, mallory.token, { grace_seconds: 0 })).status).toBe(404);
    const batch = await rest('POST', '/v1/batch', alice.key, { requests: [{ custom_id: 'a', ...question() }] });
    expect(batch.status).toBeLessThan(300);
    for (const path of [`/v1/batch/${batch.body.id}`, `/v1/batch/${batch.body.id}/results`])
      expect([path, (await rest('GET', path, mallory.key)).status]).toEqual([path, 404]);
  });

  test('gives themselves nothing by members that are not theirs to send', async () => {
    const { rows } = await stack.database.pool.query<{ account_id: string }>('SELECT account_id FROM api_key WHERE id = $1', [alice.keyId]);
    const account = rows[0]?.account_id;
    const made = await rest('POST', '/v1/keys', mallory.token, {
      name: 'k',
      account_id: account,
      accountId: account,
      operator: true,
      role: 'owner',
    });
    expect(made.status).toBe(400);
    const registered = await rest('POST', '/auth/register', undefined, {
      email: 'op@example.com',
      password: PASSWORD,
      operator: true,
      role: 'owner',
    });
    // What a client sends beyond the contract is ignored here, as OpenAI's endpoints do.
    expect(registered.body.user).toMatchObject({ email: 'op@example.com' });
    const operators = await stack.database.pool.query('SELECT count(*)::int AS count FROM app_user WHERE operator');
    expect(operators.rows).toEqual([{ count: 1 }]);
  });
});

describe('a lie in a header', () => {
  test('about the client’s address opens no IP range, and one about the host no other region or account', async () => {
    const { body: made } = await rest('POST', '/v1/keys', mallory.token, { name: 'narrow', test: true, ip_allowlist: ['203.0.113.0/24'] });
    const use = (headers: Record<string, string>) => rest('POST', '/v1/chat/completions', made.key, question(), headers);
    await expect.poll(async () => (await use({})).body?.error?.code, { timeout: 5_000 }).toBe('ip_not_allowed');
    for (const name of [
      'x-forwarded-for',
      'x-real-ip',
      'forwarded',
      'cf-connecting-ip',
      'true-client-ip',
      'x-modelapi-client-address',
      'x-client-ip',
    ])
      expect([name, (await use({ [name]: name === 'forwarded' ? 'for=203.0.113.9' : '203.0.113.9' })).status]).toEqual([name, 403]);
    for (const hop of ['x.y', `${Buffer.from(JSON.stringify(['us', '203.0.113.9', Date.now()])).toString('base64url')}.AAAA`])
      expect((await use({ 'x-modelapi-hop': hop })).status).toBe(403);
    for (const host of ['evil.example', 'api.localhost', 'us.api.localhost', 'admin', 'localhost:1', '127.0.0.1'])
      expect([host, (await raw('/v1/keys', {}, '', host)).status]).toEqual([host, 401]);
  });

  test('a batch ticket or an operator’s ticket of one’s own making opens nothing', async () => {
    const forged = `item.${'a'.repeat(64)}.${Math.floor(Date.now() / 1000) + 600}.${'A'.repeat(43)}`;
    expect((await rest('POST', '/v1/chat/completions', undefined, question(), { 'x-modelapi-batch-ticket': forged })).status).toBe(401);
    expect((await rest('POST', '/v1/chat/completions', mallory.key, question(), { 'x-modelapi-batch-ticket': forged })).status).toBe(401);
    const explain = await rest(
      'POST',
      '/internal/routing/explain',
      mallory.key,
      { request: '{}', keyHash: null },
      { 'x-modelapi-explain-ticket': `9999999999.${'A'.repeat(43)}` },
    );
    expect(explain.status).toBe(403);
  });

  test('a session is no key, a key no session, and the token of neither opens the planes’ own routes', async () => {
    expect((await rest('POST', '/v1/chat/completions', mallory.token, question())).status).toBe(401);
    expect((await rest('GET', '/v1/credits', mallory.key)).status).toBe(401);
    for (const path of [
      '/internal/leases',
      '/internal/usage',
      '/internal/status',
      '/internal/snapshot/manifest',
      '/internal/snapshot/changes?base=0',
    ]) {
      for (const credential of ['', mallory.key, mallory.token, 'undefined', 'null']) {
        const response = await fetch(`${stack.addresses.controlPlaneUrl}${path}`, {
          method: path.includes('snapshot') ? 'GET' : 'POST',
          headers: { authorization: `Bearer ${credential}`, ...(!path.includes('snapshot') && { 'content-type': 'application/json' }) },
          body: path.includes('snapshot') ? null : '{}',
        });
        expect([path, [401, 403].includes(response.status)]).toEqual([path, true]);
      }
    }
  });

  test('nothing of a client’s headers reaches a vendor: they are built from scratch', async () => {
    const { apiKey } = stack;
    const mark = planted('header');
    const sent = {
      'x-api-key': mark,
      'api-key': mark,
      'x-goog-api-key': mark,
      cookie: `session=${mark}`,
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': mark,
      forwarded: `for=${mark}`,
      'openai-organization': mark,
      'openai-project': mark,
      'anthropic-beta': mark,
      'anthropic-version': mark,
      'user-agent': mark,
      referer: `https://${mark}.example/`,
      'x-sandbox': mark,
      'proxy-authorization': mark,
    };
    await fetch(`${stack.addresses.sandboxUrl}/__sandbox/requests`, { method: 'DELETE' });
    for (const model of ['gpt-4o-mini', 'claude-haiku-4-5', 'gemini-2.5-flash'])
      await rest('POST', '/v1/chat/completions', apiKey, { ...question(), model }, sent);
    const { requests } = (await (await fetch(`${stack.addresses.sandboxUrl}/__sandbox/requests`)).json()) as {
      requests: { headers: Record<string, string> }[];
    };
    expect(requests.length).toBeGreaterThan(0);
    const heard = JSON.stringify(requests.map(({ headers }) => headers));
    for (const forbidden of [mark, mark.slice(-4), '203.0.113.9', apiKey, apiKey.slice(-4)]) expect(heard).not.toContain(forbidden);
  });
});

describe('addresses of ours', () => {
  const INSIDE = [
    'http://127.0.0.1:1/',
    'https://127.0.0.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://localhost/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/',
    'https://user:pass@example.com/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ];

  test('are no callback of a batch, no base URL of a vendor key, and no webhook', async () => {
    for (const url of INSIDE) {
      const batch = await rest('POST', '/v1/batch', mallory.key, { requests: [{ custom_id: 'a', ...question() }], callback_url: url });
      expect([url, batch.status]).toEqual([url, 400]);
      const key = await rest('POST', '/v1/keys', mallory.token, {
        name: 'k',
        byok: [{ provider: 'azure', api_key: 'a-key', base_url: url, mode: 'only' }],
      });
      expect([url, key.status]).toEqual([url, 400]);
      const webhook = await graphql(
        'mutation ($url: String!) { createWebhookEndpoint(input: { url: $url }) { secret } }',
        { url },
        mallory.token,
      );
      expect([url, webhook]).toEqual([url, expect.stringContaining('invalid_request')]);
    }
  });
});

async function graphql(query: string, variables: object, token?: string): Promise<string> {
  const response = await fetch(`${stack.addresses.controlPlaneUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return response.text();
}

test('markup that a customer wrote comes back as data that no browser runs', async () => {
  const markup = '<img src=x onerror=alert(1)><script>alert(1)</script>';
  const { headers, body } = await rest('POST', '/v1/keys', mallory.token, { name: markup, test: true });
  expect(body.name).toBe(markup);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  const missing = await raw(`/v1/${encodeURI(markup)}`, {});
  expect(missing.status).toBe(404);
  const page = await fetch(`${stack.addresses.controlPlaneUrl}/`);
  expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self'|default-src 'self'/);
  expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe-inline'[^;]*;?\s*script|script-src[^;]*unsafe/);
});

test('secrets and prompts are nowhere in what the processes wrote, and no log line is a customer’s', async () => {
  const login = await graphql(
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }',
    stack.operator,
  );
  const { token } = JSON.parse(login).data.login;
  await graphql(
    'mutation ($secret: String!) { addVendorCredential(input: { vendorId: "openai", secret: $secret, weight: 1000 }) { id } }',
    { secret: secrets.vendor },
    token,
  );
  const { body: made } = await rest('POST', '/v1/keys', mallory.token, {
    name: 'own',
    byok: [{ provider: 'openai', api_key: secrets.byok, mode: 'prefer' }],
  });
  const keys = [made.key, stack.apiKey, mallory.key];
  await expect.poll(async () => (await rest('GET', '/v1/models', made.key)).status, { timeout: 5_000 }).toBe(200);
  const finished = await rest('POST', '/v1/chat/completions', stack.apiKey, question(secrets.prompt));
  await waitForSettlement(stack.database.pool, finished.headers.get('x-modelapi-generation') ?? '');
  const forged = `x\n{"level":60,"msg":"${planted('line')}"}\r\n`;
  for (const key of keys) {
    for (const content of [secrets.prompt, `[[sandbox 500]] ${secrets.prompt}`, `[[sandbox 400]] ${secrets.prompt}`])
      await rest('POST', '/v1/chat/completions', key, question(content));
    await rest(
      'POST',
      '/v1/chat/completions',
      key,
      { ...question(secrets.prompt), stream: true },
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    );
    await rest('POST', '/v1/chat/completions', key, { ...question(secrets.prompt), model: forged });
    await rest('POST', '/v1/chat/completions', key, `{"model": "gpt-4o-mini", "messages": [${secrets.prompt}`);
    await rest('GET', `/v1/generations/${encodeURIComponent(forged)}`, key);
  }
  const places: Record<string, string> = {
    'disk and logs': readFolder(dirname(stack.logFolder)),
    metrics: (await rest('GET', '/metrics')).text + (await (await fetch(`${stack.addresses.controlPlaneUrl}/metrics`)).text()),
    health: (await rest('GET', '/readyz')).text + (await rest('GET', '/healthz')).text,
    redis: await dumpRedis(),
    database: await dumpDatabase(),
  };
  const wanted = { ...secrets, apiKey: made.key, demoKey: stack.apiKey, session: mallory.token, nodeToken: stack.secrets.nodeToken };
  const found = Object.entries(places).flatMap(([place, text]) =>
    Object.entries(wanted)
      .filter(([, secret]) => text.includes(secret))
      .map(([name]) => `${name} in ${place}`),
  );
  expect(found).toEqual([]);
  expect(places['disk and logs']).toContain('an attempt failed');
  for (const line of logLines()) expect([line.slice(0, 200), () => JSON.parse(line)]).toSatisfy(([, parse]) => isJson(parse));
}, 60_000);

function isJson(parse: () => unknown): boolean {
  try {
    return typeof parse() === 'object';
  } catch {
    return false;
  }
}

function logLines(): string[] {
  return readdirSync(stack.logFolder)
    .filter((name) => /^(us|control)/.test(name))
    .flatMap((name) => readFileSync(join(stack.logFolder, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
}

function readFolder(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('sandbox'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

async function dumpRedis(): Promise<string> {
  const { client, prefix } = stack.redis;
  const parts = await Promise.all(
    (await client.keys(`${prefix}*`)).map(async (name) => `${name} ${(await client.dumpBuffer(name))?.toString('latin1')}`),
  );
  return parts.join('\n');
}

async function dumpDatabase(): Promise<string> {
  const { pool } = stack.database;
  const tables = await pool.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  const parts = await Promise.all(
    tables.rows.map(async ({ name }) => {
      const { rows } = await pool.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      return rows.map((row) =>
        Object.values(row)
          .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
          .join(' '),
      );
    }),
  );
  return parts.flat().join('\n');
}
