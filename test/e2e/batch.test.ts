/** Batches against real processes: half price to the nano-dollar, each item once, and refusals that hold nothing. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { creditBonus } from '../../control-plane/modules/billing/credit-account.js';
import { NANO_PER_USD } from '../../shared/money.js';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';

interface Batch {
  readonly id: string;
  readonly status: string;
  readonly poll_url: string;
  readonly cost_usd: string;
  readonly items_per_second: number | null;
  readonly expected_end_at: number | null;
  readonly finished_at: number | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly results: readonly {
    readonly custom_id: string;
    readonly status_code: number;
    readonly cost: string;
    readonly response?: { readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number } };
  }[];
}

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us', 'us'] });
}, 120_000);

afterEach(() => assertMoneyInvariants(stack.database.pool));

async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const response = await fetch(stack.gateway + path, {
    method,
    headers: { authorization: `Bearer ${stack.apiKey}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = (await response.json()) as Batch & { readonly error: { readonly param: string | null } };
  return { status: response.status, headers: response.headers, body: answer };
}

function items(count: number, model = 'gpt-4o-mini') {
  return Array.from({ length: count }, (_item, index) => ({
    custom_id: `doc_${index}`,
    model,
    messages: [{ role: 'user', content: `Summarize document number ${index}` }],
    max_tokens: 50,
  }));
}

async function waitForEnd(path: string): Promise<Batch> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const { body } = await call('GET', path);
    if (!['queued', 'in_progress', 'cancelling'].includes(body.status)) return body;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the batch did not end within 30 s');
}

describe('a batch', () => {
  test('of mixed models runs every item once, at half of what its tokens cost', async () => {
    const requests = [
      ...items(30),
      { ...items(1, 'claude-sonnet-4')[0], custom_id: 'claude' },
      { ...items(1, 'ama/smart-write')[0], custom_id: 'group' },
    ];
    const submitted = await call('POST', '/v1/batch', { tier: 'batch_50', requests });
    expect(submitted.status).toBe(202);
    expect(submitted.body).toMatchObject({ object: 'batch', status: 'queued', request_counts: { total: 32, completed: 0, failed: 0 } });
    const batch = await waitForEnd(submitted.body.poll_url);
    expect(batch.status).toBe('completed');
    expect(batch.request_counts).toEqual({ total: 32, completed: 32, failed: 0 });
    expect(batch.results.map((result) => result.custom_id)).toEqual(requests.map((request) => request.custom_id));
    expect(batch.items_per_second).toBeGreaterThan(0);
    expect(batch.expected_end_at).toBe(batch.finished_at);
    await waitForCharges(batch.id, 32);
    const priced = (await call('GET', batch.poll_url)).body as Batch;
    for (const result of priced.results.slice(0, 30)) {
      const usage = result.response?.usage;
      // gpt-4o-mini: 150 and 600 nano-USD a token, half of it, rounded down once.
      const expected = (150n * BigInt(usage?.prompt_tokens ?? 0) + 600n * BigInt(usage?.completion_tokens ?? 0)) / 2n;
      expect(result.cost).toBe(formatNano(expected));
    }
    const { rows } = await stack.database.pool.query(
      'SELECT count(*)::int AS charged, count(DISTINCT batch_item_id)::int AS items FROM settlement WHERE batch_item_id IS NOT NULL',
    );
    expect(rows[0]).toEqual({ charged: 32, items: 32 });
  });

  test('as product-docs.txt submits it is taken and answered', async () => {
    const { status, body } = await call('POST', '/v1/batch', {
      tier: 'batch_50',
      requests: [{ custom_id: 'doc_1', model: 'deepseek-r1', messages: [{ role: 'user', content: 'Summarize...' }] }],
      callback_url: 'https://yourapp.com/webhooks/batch',
    });
    expect(status).toBe(202);
    const batch = await waitForEnd(body.poll_url);
    expect(batch).toMatchObject({ status: 'completed', results: [{ custom_id: 'doc_1', status_code: 200 }] });
    await waitForCharges(batch.id, 1);
  });

  test('gives its hold back when it has ended', async () => {
    const { rows } = await stack.database.pool.query("SELECT count(*)::int AS open FROM lease WHERE node_id = 'batch' AND state = 'open'");
    expect(rows[0].open).toBe(0);
  });

  test('is the same one when it is submitted again under its Idempotency-Key', async () => {
    const body = { requests: items(3) };
    const first = await call('POST', '/v1/batch', body, { 'idempotency-key': 'again' });
    const second = await call('POST', '/v1/batch', body, { 'idempotency-key': 'again' });
    expect(second.body.id).toBe(first.body.id);
    expect((await call('POST', '/v1/batch', { requests: items(4) }, { 'idempotency-key': 'again' })).status).toBe(409);
  });

  test('that is cancelled sends no further item', async () => {
    const submitted = await call('POST', '/v1/batch', {
      requests: items(200, 'gpt-4o-mini').map((item) => ({
        ...item,
        messages: [{ role: 'user', content: `[[sandbox latency=400]] ${item.custom_id}` }],
      })),
    });
    const cancelled = await call('POST', `${submitted.body.poll_url}/cancel`);
    expect(['cancelling', 'cancelled']).toContain(cancelled.body.status);
    const batch = await waitForEnd(submitted.body.poll_url);
    expect(batch.status).toBe('cancelled');
    expect(batch.request_counts.completed).toBeLessThan(200);
  });

  test.each([
    ['no items', { requests: [] }, 400, 'requests'],
    ['1,001 items', { requests: items(1001) }, 400, 'requests'],
    ['a repeated custom_id', { requests: [...items(2), ...items(1)] }, 400, 'requests[2].custom_id'],
    ['a streamed item', { requests: [{ ...items(1)[0], stream: true }] }, 400, 'requests[0].stream'],
    ['an unknown tier', { tier: 'batch_90', requests: items(1) }, 400, 'tier'],
    ['an item without messages', { requests: [...items(1), { custom_id: 'x', model: 'gpt-4o' }] }, 400, 'requests[1].messages'],
    ['an unknown model', { requests: items(1, 'no-such-model') }, 404, 'requests[0].model'],
    ['a callback over http', { requests: items(1), callback_url: 'http://example.com/hook' }, 400, 'callback_url'],
    ['a callback to this machine', { requests: items(1), callback_url: 'https://127.0.0.1/hook' }, 400, 'callback_url'],
    ['a callback to a name of this machine', { requests: items(1), callback_url: 'https://localhost/hook' }, 400, 'callback_url'],
    [
      'more than the wallet can hold',
      { requests: items(1000, 'claude-opus-4-7').map((item) => ({ ...item, max_tokens: 100_000 })) },
      402,
      null,
    ],
  ])('with %s is refused and holds nothing', async (_name, body, status, param) => {
    const before = await holdings();
    const refused = await call('POST', '/v1/batch', body);
    expect({ status: refused.status, param: refused.body.error.param }).toEqual({ status, param });
    expect(await holdings()).toEqual(before);
  });

  test('of 30 MB is refused and holds nothing', async () => {
    const before = await holdings();
    const large = items(300).map((item) => ({ ...item, messages: [{ role: 'user', content: 'x'.repeat(100_000) }] }));
    const refused = await call('POST', '/v1/batch', { requests: large });
    expect(refused.status).toBe(413);
    expect(await holdings()).toEqual(before);
  });

  test('of one account does not wait for the large one that another submitted before', async () => {
    const slow = (item: ReturnType<typeof items>[number]) => ({
      ...item,
      messages: [{ role: 'user', content: `[[sandbox latency=300]] ${item.custom_id}` }],
    });
    const large = await call('POST', '/v1/batch', { requests: items(1_000).map(slow) });
    const key = await registerStranger('neighbour@example.com');
    await giveMoney('neighbour@example.com');
    const authorization = `Bearer ${key}`;
    const small = await call('POST', '/v1/batch', { requests: items(10) }, { authorization });
    expect(small.status).toBe(202);
    await expect
      .poll(async () => (await call('GET', small.body.poll_url, undefined, { authorization })).body.status, { timeout: 20_000 })
      .toBe('completed');
    const { body } = await call('GET', large.body.poll_url);
    expect(body.request_counts.completed).toBeLessThan(1_000);
    await call('POST', `${large.body.poll_url}/cancel`);
    await waitForEnd(large.body.poll_url);
  });

  test('of another account is not found', async () => {
    const submitted = await call('POST', '/v1/batch', { requests: items(1) });
    await waitForEnd(submitted.body.poll_url);
    const authorization = `Bearer ${await registerStranger()}`;
    for (const [method, path] of [
      ['GET', submitted.body.poll_url],
      ['POST', `${submitted.body.poll_url}/cancel`],
      ['DELETE', submitted.body.poll_url],
    ] as const)
      expect((await call(method, path, method === 'POST' ? {} : undefined, { authorization })).status).toBe(404);
    expect((await call('GET', submitted.body.poll_url)).status).toBe(200);
  });
});

describe('an Idempotency-Key on a completion', () => {
  test('gives the stored answer and one charge', async () => {
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Once only' }] };
    const first = await call('POST', '/v1/chat/completions', body, { 'idempotency-key': 'once' });
    const second = await call('POST', '/v1/chat/completions', body, { 'idempotency-key': 'once' });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('x-modelapi-generation')).toBe(first.headers.get('x-modelapi-generation'));
  });

  test('joins the running request', async () => {
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: '[[sandbox latency=600]] both at once' }] };
    const [first, second] = await Promise.all(
      [1, 2].map(() => call('POST', '/v1/chat/completions', body, { 'idempotency-key': 'joined' })),
    );
    expect(second?.body).toEqual(first?.body);
  });

  test('with another body is a conflict', async () => {
    const conflicting = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Something else' }] };
    expect((await call('POST', '/v1/chat/completions', conflicting, { 'idempotency-key': 'once' })).status).toBe(409);
  });
});

/** The API key of another account. */
async function registerStranger(email = 'stranger@example.com'): Promise<string> {
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(stack.gateway + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { readonly token: string; readonly key: string };
  };
  const { token } = await post('/auth/register', { email, password: 'a long pass phrase' });
  return (await post('/v1/keys', { name: 'theirs' }, { authorization: `Bearer ${token}` })).key;
}

async function giveMoney(email: string): Promise<void> {
  const client = await stack.database.pool.connect();
  await client.query('BEGIN');
  const { rows } = await client.query<{ id: string }>(
    'SELECT membership.account_id AS id FROM membership JOIN app_user ON app_user.id = membership.user_id WHERE email = $1',
    [email],
  );
  const accountId = rows[0]?.id ?? '';
  await creditBonus(client, { accountId, amount: 5n * NANO_PER_USD, refType: 'test', refId: accountId, reason: 'For a test' });
  await client.query('COMMIT');
  client.release();
}

async function holdings() {
  const { rows } = await stack.database.pool.query(
    "SELECT count(*)::int AS holds, (SELECT count(*)::int FROM batch) AS batches FROM lease WHERE node_id = 'batch'",
  );
  return rows[0];
}

async function waitForCharges(batchId: string, count: number): Promise<void> {
  const id = batchId.replace('batch_', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  for (const until = Date.now() + 10_000; Date.now() < until; ) {
    const { rows } = await stack.database.pool.query(
      'SELECT count(*)::int AS charged FROM batch_item JOIN batch_item_charge ON batch_item_charge.batch_item_id = item_id::text WHERE batch_id = $1',
      [id],
    );
    if (rows[0].charged === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the items did not settle within 10 s');
}

function formatNano(nano: bigint): string {
  const fraction = nano.toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? '0' : `0.${fraction}`;
}
