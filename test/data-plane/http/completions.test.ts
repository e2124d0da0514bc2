import OpenAI from 'openai';
import { beforeAll, expect, test } from 'vitest';
import { startTestNode, type TestNode, waitFor } from './test-node.js';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});

const client = (key = node.key, base = '/v1') => new OpenAI({ apiKey: key, baseURL: `${node.url}${base}`, maxRetries: 0 });
const hello = { model: 'alpha', messages: [{ role: 'user' as const, content: 'Hello!' }] };

function post(body: unknown, headers: Record<string, string> = {}, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal,
  });
}

test('the OpenAI SDK gets an answer with usage, cost and the headers of the contract', async () => {
  const { data, response } = await client().chat.completions.create(hello).withResponse();
  expect(data.choices[0]?.message.content).toBeTruthy();
  expect(data).toMatchObject({ model: 'alpha', object: 'chat.completion' });
  expect(data.usage?.prompt_tokens).toBeGreaterThan(0);
  const { headers } = response;
  expect(Number(headers.get('x-modelapi-cost'))).toBe(Reflect.get(data.usage ?? {}, 'cost'));
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-modelapi-model': 'alpha',
    'x-modelapi-vendor': 'openai',
    'x-modelapi-region': 'us',
    'x-modelapi-attempts': '1',
    'x-ratelimit-limit-requests': '600',
    'x-modelapi-generation': headers.get('x-request-id'),
  });
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a stream has one id and one finish reason, and ends with [DONE]', async () => {
  const response = await post({ ...hello, stream: true, stream_options: { include_usage: true } });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const lines = (await response.text()).split('\n\n').filter((event) => event !== '');
  expect(lines.pop()).toBe('data: [DONE]');
  const chunks = lines.map((line) => JSON.parse(line.replace('data: ', '')));
  expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
  expect(new Set(chunks.map((chunk) => chunk.model))).toEqual(new Set(['alpha']));
  expect(chunks[0].choices[0].delta.role).toBe('assistant');
  expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason)).toHaveLength(1);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { cost: expect.any(Number) } });
});

test('groq-sdk finds the route under its own prefix', async () => {
  const answer = await client(node.key, '/openai/v1').chat.completions.create(hello);
  expect(answer.choices).toHaveLength(1);
});

test('when the vendor breaks off after the first token, the client gets one error frame and the end', async () => {
  const response = await post({ ...hello, model: 'broken', stream: true });
  expect(response.status).toBe(200);
  const events = (await response.text()).split('\n\n').filter((event) => event !== '');
  const last = JSON.parse(events.at(-1)?.replace('data: ', '') ?? '{}');
  expect(last.error).toMatchObject({ code: 'upstream_error', type: 'upstream_error' });
  expect(events.filter((event) => event.includes('"error"'))).toHaveLength(1);
  expect(events.some((event) => event.includes('[DONE]') || /"finish_reason":"/.test(event))).toBe(false);
});

interface SandboxCall {
  readonly model: string;
  readonly finishedAfterMs: number | null;
  readonly abortedAfterMs: number | null;
}

async function lastCall(): Promise<SandboxCall | undefined> {
  const answer = (await (await fetch(`${node.sandboxUrl}/__sandbox/requests?limit=1`)).json()) as { requests: SandboxCall[] };
  return answer.requests[0];
}

test('a client that leaves has its vendor call cancelled and what it got settled', async () => {
  const abort = new AbortController();
  const response = await post({ ...hello, model: 'pace', stream: true }, {}, abort.signal);
  await response.body?.getReader().read();
  const leftAtMs = performance.now();
  abort.abort();
  await waitFor(async () => (await lastCall())?.abortedAfterMs !== null);
  expect(performance.now() - leftAtMs).toBeLessThan(500);
  expect((await lastCall())?.model).toMatch(/^pace/);
  const requestId = response.headers.get('x-request-id');
  await waitFor(async () => (await node.settlements()).some((event) => event.requestId === requestId));
  const [settlement] = (await node.settlements()).filter((event) => event.requestId === requestId);
  expect(settlement).toMatchObject({ reason: 'client_closed', status: 499, estimated: true });
  expect(BigInt(settlement?.chargeNano ?? 0)).toBeGreaterThan(0n);
});

test('a request that takes longer than x-request-timeout is ended and told', async () => {
  const response = await post({ ...hello, model: 'pace', stream: true }, { 'x-request-timeout': '0.4' });
  const text = await response.text();
  expect(text).toContain('upstream_timeout');
  expect(text).not.toContain('[DONE]');
});

test('ten thousand messages are fine', async () => {
  const messages = Array.from({ length: 10_000 }, (_none, index) => ({ role: index % 2 ? 'assistant' : 'user', content: 'a' }));
  const response = await post({ model: 'alpha', messages: [...messages, { role: 'user', content: 'b' }] });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
});
