/** What a customer can ask of routing, against real processes and a sandbox that fails, hangs or dawdles on command. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { waitForSettlement } from '../support/settlement.js';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us'] });
}, 240_000);
beforeEach(() => sandbox('DELETE', 'faults'));
afterEach(() => assertMoneyInvariants(stack.database.pool));

async function sandbox(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${stack.sandbox.url}/__sandbox/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return (await response.json()) as Record<string, unknown>;
}

const fault = (vendor: string, words: string, more: Record<string, unknown> = {}) =>
  sandbox('POST', 'faults', { match: { vendor }, fault: words, ...more });

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly tookMs: number;
}

async function ask(body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Asked> {
  const startedAt = performance.now();
  const response = await fetch(`${stack.gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello there' }], max_tokens: 60, ...body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text(), tookMs: performance.now() - startedAt };
}

const vendorOf = ({ headers }: Asked) => headers.get('x-modelapi-vendor');

describe('suffixes', () => {
  const MODEL = 'llama-3.3-70b-instruct';

  test(':floor takes the vendor that costs the operator least', async () => {
    const { rows } = await stack.database.pool.query<{ vendor_id: string }>(
      `SELECT vendor_id FROM endpoint WHERE model_id = $1 AND enabled AND vendor_id <> 'sandbox'
       ORDER BY 3 * (cost ->> 'inputUncached')::numeric + (cost ->> 'output')::numeric, id LIMIT 1`,
      [MODEL],
    );
    for (let count = 0; count < 4; count++) expect(vendorOf(await ask({ model: `${MODEL}:floor` }))).toBe(rows[0]?.vendor_id);
  });

  test(':nitro takes the vendor whose tokens come fastest, as measured', async () => {
    const slow = { model: MODEL, stream: true, max_tokens: 200 };
    await fault('groq', 'pace=250 chunks=12 words=20');
    await fault('openrouter', 'pace=5 chunks=12 words=20');
    for (let count = 0; count < 2; count++) {
      await ask({ ...slow, provider: { order: ['groq'], allow_fallbacks: false } });
      expect(vendorOf(await ask({ ...slow, provider: { only: ['openrouter'] } }))).toBe('openrouter');
    }
    const answer = await ask({ model: `${MODEL}:nitro`, provider: { only: ['groq', 'openrouter'] } });
    expect([answer.status, vendorOf(answer)]).toEqual([200, 'openrouter']);
    expect(answer.headers.get('x-modelapi-route')).toContain('throughput');
  });
});

test('max_cost keeps auto to models below it, and refuses when there is none', async () => {
  const answer = await ask({ model: 'auto', max_cost: 0.0005, max_tokens: 500 });
  expect(answer.status).toBe(200);
  expect(Number(answer.headers.get('x-modelapi-cost'))).toBeLessThanOrEqual(0.0005);
  const refused = await ask({ model: 'auto', max_cost: 0.000000001, max_tokens: 500 });
  expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([402, 'max_cost_exceeded']);
});

test('session_id returns a conversation to the vendor that has it in cache, until that vendor fails', async () => {
  const body = {
    model: 'gpt-4o',
    session_id: `conversation-${Date.now()}`,
    provider: { only: ['openai', 'azure'] },
    messages: [{ role: 'user', content: `Remember this. ${'A long story with many turns. '.repeat(400)}` }],
  };
  const first = vendorOf(await ask(body)) ?? '';
  for (let count = 0; count < 8; count++) {
    const answer = await ask(body);
    expect([vendorOf(answer), answer.headers.get('x-modelapi-route')]).toEqual([first, expect.stringContaining('prompt cache')]);
  }
  await fault(first, '503', { times: 8 });
  for (let count = 0; count < 8; count++) expect((await ask(body)).status).toBe(200);
  expect(vendorOf(await ask(body))).toBe(first === 'openai' ? 'azure' : 'openai');
});

describe('a vendor that says when to come back', () => {
  const alone = { model: 'gpt-4.1', provider: { only: ['openai'] } };

  test('is asked again then, within the deadline', async () => {
    await fault('openai', '429 retry-after=2', { times: 1 });
    const answer = await ask(alone);
    expect([answer.status, answer.headers.get('x-modelapi-attempts')]).toEqual([200, '2']);
    expect(answer.tookMs).toBeGreaterThanOrEqual(1_900);
  });

  test('and says later than the customer waits: the answer is there at once, and says when', async () => {
    await fault('openai', '429 retry-after=60', { times: 1 });
    const answer = await ask(alone, { 'x-request-timeout': '5' });
    expect([429, 502, 503]).toContain(answer.status);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(5);
    expect(answer.tookMs).toBeLessThan(4_000);
  });
});

test('a vendor that hangs near the customer’s deadline gives way in less than a second', async () => {
  await fault('openai', 'hang');
  const answer = await ask({ model: 'gpt-5-mini', provider: { order: ['openai', 'azure'] } }, { 'x-request-timeout': '2' });
  expect([answer.status, vendorOf(answer), answer.headers.get('x-modelapi-attempts')]).toEqual([200, 'azure', '2']);
  expect(answer.tookMs).toBeLessThan(1_900);
});

describe('hedging', () => {
  test('where a group has it, a slow first is overtaken by the second, cancelled, and shown with what it cost', async () => {
    const group = 'ama/smart-write';
    const tiers = { frontier: ['gpt-4o'], standard: ['gpt-4o'], value: ['gpt-4.1-mini', 'claude-haiku-4-5'] };
    await changeGroup(group, tiers, true);
    const body = { model: group, tier: 'value', stream: true, provider: { only: ['openai', 'anthropic'] } };
    await expect
      .poll(async () => (await ask(body)).headers.get('x-modelapi-model'), { timeout: 20_000, interval: 300 })
      .toBe('gpt-4.1-mini');
    // The 95th percentile is known after eight answers.
    for (let count = 0; count < 10; count++) expect((await ask(body)).status).toBe(200);
    await sandbox('DELETE', 'requests');
    await fault('openai', 'hang', { times: 1 });
    const answer = await ask(body);
    expect([answer.status, answer.text.trimEnd().endsWith('data: [DONE]')]).toEqual([200, true]);
    expect(answer.headers.get('x-modelapi-model')).not.toBe('gpt-4.1-mini');
    const id = answer.headers.get('x-modelapi-generation') ?? '';
    await waitForSettlement(stack.database.pool, id);
    const story = await fetch(`${stack.gateway}/v1/generations/${id}`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
    const { attempts } = (await story.json()) as { attempts: { outcome: string }[] };
    expect(attempts.map(({ outcome }) => outcome).sort()).toEqual(['hedged', 'ok']);
    const { requests } = (await sandbox('GET', 'requests?vendor=openai')) as { requests: { abortedAfterMs: number | null }[] };
    expect(requests[0]?.abortedAfterMs ?? null).not.toBeNull();
  });

  test('is off unless the operator turns it on', async () => {
    const { rows } = await stack.database.pool.query("SELECT id FROM routing_group WHERE hedge AND id <> 'ama/smart-write'");
    expect(rows).toEqual([]);
  });
});

/** As the operator would: in one transaction with the bump of the revision. */
async function changeGroup(id: string, tiers: Readonly<Record<string, readonly string[]>>, hedge: boolean): Promise<void> {
  const connection = await stack.database.pool.connect();
  await connection.query('BEGIN');
  await connection.query('UPDATE routing_group SET tiers = $2, hedge = $3 WHERE id = $1', [id, JSON.stringify(tiers), hedge]);
  await connection.query('SELECT touch_config($1, NULL)', [
    JSON.stringify([{ kind: 'catalog', subjectType: 'routing_group', subjectId: id }]),
  ]);
  await connection.query('COMMIT');
  connection.release();
}
