/** Routing against real processes: the sandbox plays every vendor of the catalogue and fails on command. */
import OpenAI from 'openai';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
let client: OpenAI;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us'] });
  client = new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.apiKey, maxRetries: 0 });
}, 120_000);

beforeEach(async () => {
  await sandbox('DELETE', 'faults');
});
afterEach(() => assertMoneyInvariants(stack.database.pool));

async function sandbox(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${stack.sandbox.url}/__sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

function fault(vendor: string, words: string, more: Record<string, unknown> = {}): Promise<unknown> {
  return sandbox('POST', 'faults', { match: { vendor }, fault: words, ...more });
}

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(body: Record<string, unknown>, path = '/v1/chat/completions', headers: Record<string, string> = {}): Promise<Asked> {
  const response = await fetch(stack.gateway + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello there' }], max_tokens: 200, ...body }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

/** A model of its own for each case: a circuit that one opened must not help the next. */
const SYNC_FAULTS = [
  ['500', 'gpt-4o', 'openai', 'azure'],
  ['503', 'gpt-4o-mini', 'openai', 'azure'],
  ['429', 'gpt-4.1', 'openai', 'azure'],
  // A refused credential rests: a vendor that no other case needs.
  ['401', 'glm-5.3-flash', 'fireworks', 'zai'],
  ['reset', 'gpt-5', 'openai', 'azure'],
  ['html', 'gpt-5-mini', 'openai', 'azure'],
  ['malformed', 'gpt-5.5', 'openai', 'azure'],
  ['empty', 'gpt-oss-120b', 'groq', 'together'],
  ['error-200', 'llama-3.3-70b-instruct', 'groq', 'openrouter'],
] as const;
const STREAM_FAULTS = [
  ['500', 'kimi-k3', 'moonshotai', 'together'],
  ['empty', 'deepseek-v4-pro', 'deepseek', 'openrouter'],
  ['malformed', 'glm-5.3', 'zai', 'together'],
  ['error-200', 'qwen3.7-max', 'alibaba', 'together'],
  ['cut=0', 'qwen3.6-plus', 'alibaba', 'together'],
] as const;

function streamed(model: string, order: readonly string[]): OpenAI.ChatCompletionCreateParamsStreaming {
  const request = { model, provider: { order }, max_tokens: 200, stream: true, messages: [{ role: 'user', content: 'Hello there' }] };
  return request as unknown as OpenAI.ChatCompletionCreateParamsStreaming;
}

describe('a vendor in trouble', () => {
  test.each(SYNC_FAULTS)('%s of %s goes unnoticed: the next vendor serves', async (words, model, first, second) => {
    await fault(first, words, { times: 5 });
    const answer = await ask({ model, provider: { order: [first, second] } });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.headers.get('x-modelapi-vendor')).toBe(second);
    expect(Number(answer.headers.get('x-modelapi-attempts'))).toBeGreaterThan(1);
  });

  test.each(STREAM_FAULTS)('%s of %s before the first token of a stream goes unnoticed', async (words, model, first, second) => {
    await fault(first, words, { times: 5 });
    const { data, response } = await client.chat.completions.create(streamed(model, [first, second])).withResponse();
    let finished = '';
    for await (const chunk of data) finished = chunk.choices[0]?.finish_reason ?? finished;
    expect([response.headers.get('x-modelapi-vendor'), finished]).toEqual([second, 'stop']);
  });

  test('after the first token there is one error and no second vendor', async () => {
    await sandbox('DELETE', 'requests');
    await fault('zai', 'error-mid=3');
    const stream = await client.chat.completions.create(streamed('glm-5.2', ['zai', 'together']));
    const finishes: string[] = [];
    await expect(
      (async () => {
        for await (const chunk of stream) finishes.push(chunk.choices[0]?.finish_reason ?? '');
      })(),
    ).rejects.toThrow();
    expect(finishes.filter((reason) => reason !== '')).toEqual([]);
    expect(await sandbox('GET', 'requests')).toMatchObject({ total: 1, by_vendor: { zai: 1 } });
  });

  test('when every vendor fails, the answer says so without a vendor’s words', async () => {
    for (const vendor of ['groq', 'openrouter']) await fault(vendor, '500');
    const answer = await ask({ model: 'llama-4-scout' });
    expect([502, 503]).toContain(answer.status);
    expect(JSON.stringify(answer.body)).not.toContain('The server had an error');
  });
});

describe('the choice of model', () => {
  test('auto takes a cheap model and says why', async () => {
    const answer = await ask({ model: 'auto' });
    expect(answer.headers.get('x-modelapi-route')).toMatch(/^auto: cheapest of \d+, \$0\.\d+/);
    expect(answer.body['model']).toBe(answer.headers.get('x-modelapi-model'));
  });

  test('auto takes a model that can see when there is something to see', async () => {
    const url = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url } },
        ],
      },
    ];
    const { data } = await client.models.list();
    const answer = await ask({ model: 'auto', messages });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const served = data.find((model) => model.id === answer.body['model']) as unknown as { architecture: { input_modalities: string[] } };
    expect(served.architecture.input_modalities).toContain('image');
  });

  test('a smart group sends hard work up and routine work down; `tier` overrules', async () => {
    const hard =
      'Design a distributed lock service with fencing tokens, prove its safety under partitions, and implement the core in Go with tests for every failure mode.';
    const reason = async (body: Record<string, unknown>): Promise<string | null> =>
      (await ask({ model: 'ama/smart-code', ...body })).headers.get('x-modelapi-route');
    expect(await reason({ messages: [{ role: 'user', content: hard }] })).toContain('frontier');
    expect(await reason({ messages: [{ role: 'user', content: 'Rename x to y in: let x = 1' }] })).toContain('value');
    expect(await reason({ messages: [{ role: 'user', content: hard }], tier: 'standard' })).toContain('standard');
  });

  test('a list of models is a failover list', async () => {
    await fault('groq', '500');
    await fault('openrouter', '500');
    const answer = await ask({ model: 'llama-3.1-8b-instruct', models: ['nowhere', 'gpt-4o-mini'] });
    expect([answer.status, answer.body['model']]).toEqual([200, 'gpt-4o-mini']);
  });

  test('max_cost refuses before any call, and an explanation makes none', async () => {
    await sandbox('DELETE', 'requests');
    const refused = await ask({ model: 'gpt-5.5', max_cost: 0.000001 });
    expect([refused.status, (refused.body['error'] as { code: string }).code]).toEqual([402, 'max_cost_exceeded']);
    const explained = await ask({ model: 'auto' }, '/v1/routing/explain');
    expect(explained.status).toBe(200);
    expect(explained.body['candidates']).not.toHaveLength(0);
    expect((await sandbox('GET', 'requests'))['total']).toBe(0);
  });
});

test('with failures, hangs and a dead vendor, practically every request is answered', async () => {
  await fault('deepseek', 'reset');
  await fault('openrouter', '500', { probability: 0.05, seed: 3 });
  await fault('openrouter', 'hang', { probability: 0.02, seed: 4 });
  await fault('zai', '500', { probability: 0.05, seed: 5 });
  const statuses: number[] = [];
  const worker = async (): Promise<void> => {
    for (let sent = 0; sent < 25; sent++) {
      const body = { model: 'deepseek-v4-flash', models: ['glm-5.3-flash'], max_tokens: 20 };
      const answer = await ask(body, '/v1/chat/completions', { 'x-request-timeout': '10' });
      statuses.push(answer.status);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  expect(statuses.filter((status) => status === 200).length / statuses.length).toBeGreaterThanOrEqual(0.999);
}, 120_000);
