import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../local/sandbox/sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());
beforeEach(async () => {
  await control('DELETE', 'faults');
});

async function control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = { authorization: 'Bearer sk-secret-1234' },
): Promise<Response> {
  return fetch(sandbox.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

function client(vendor = 'sandbox'): OpenAI {
  return new OpenAI({ apiKey: 'sk-secret-1234', baseURL: `${sandbox.url}/vendors/${vendor}/v1`, maxRetries: 0 });
}

const HELLO = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello, how are you? 你好 🎉' }] };
const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 9 } }, required: ['city'] },
  },
};

test('the same prompt has the same answer and the same token counts', async () => {
  const [one, two] = [await client().chat.completions.create(HELLO), await client().chat.completions.create(HELLO)];
  expect(one.choices).toEqual(two.choices);
  expect(one.usage).toEqual(two.usage);
  expect(one.choices[0]?.message.content).toContain('你好 🎉');
});

test('a stream says what the sync answer says', async () => {
  const whole = await client().chat.completions.create(HELLO);
  const stream = client().chat.completions.stream({ ...HELLO, stream_options: { include_usage: true } });
  const final = await stream.finalChatCompletion();
  expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
  expect(final.usage).toEqual(whole.usage);
});

test.each(['openai', 'mistral', 'qwen', 'groq', 'deepseek', 'xai'])('tool calls arrive whole through the deltas of %s', async (vendor) => {
  const stream = await client(vendor).chat.completions.create({ ...HELLO, model: 'm~calls=2', tools: [WEATHER], stream: true });
  const pieces = new Map<number, string>();
  for await (const chunk of stream) {
    for (const call of chunk.choices[0]?.delta.tool_calls ?? []) {
      pieces.set(call.index, (pieces.get(call.index) ?? '') + (call.function?.arguments ?? ''));
    }
  }
  expect([...pieces.values()].map((text) => JSON.parse(text))).toEqual(Array(2).fill({ city: 'sandbox city', days: 9 }));
});

test('max_tokens, stop and n are honoured', async () => {
  const short = await client().chat.completions.create({ ...HELLO, max_tokens: 5, n: 2 });
  expect(short.choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length']);
  expect(short.usage?.completion_tokens).toBe(10);
  const stopped = await client().chat.completions.create({ ...HELLO, stop: ['answer'] });
  expect(stopped.choices[0]?.message.content).toBe('Sandbox ');
});

test('Anthropic: events in order, with ping, cumulative output and no [DONE]', async () => {
  const response = await post(
    '/v1/messages',
    { ...HELLO, max_tokens: 500, stream: true, thinking: { type: 'adaptive' } },
    { 'x-api-key': 'k' },
  );
  const text = await response.text();
  const events = [...text.matchAll(/^event: (.+)$/gm)].map((match) => match[1]);
  expect(events[0]).toBe('message_start');
  expect(events).toContain('ping');
  expect(events.slice(-2)).toEqual(['message_delta', 'message_stop']);
  expect(text).not.toContain('[DONE]');
  expect(text).toContain('signature_delta');
});

test('Anthropic refuses a tool_use without its result, as the vendor does', async () => {
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }] },
    { role: 'user', content: 'and?' },
  ];
  const response = await post('/v1/messages', { model: 'm', max_tokens: 9, messages }, { 'x-api-key': 'k' });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('tool_use ids were found without tool_result');
});

test('Gemini: CRLF frames, usage on each chunk, STOP after a function call', async () => {
  const body = {
    contents: [{ role: 'user', parts: [{ text: 'weather?' }] }],
    tools: [{ functionDeclarations: [{ name: 'weather', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } } } }] }],
  };
  const path = '/v1beta/models/gemini-3-pro:streamGenerateContent';
  const text = await (await post(`${path}?alt=sse`, body, { 'x-goog-api-key': 'k' })).text();
  const chunks = text.split('\r\n\r\n').filter((part) => part !== '');
  expect(chunks.every((part) => JSON.parse(part.slice(6)).usageMetadata.promptTokenCount > 0)).toBe(true);
  expect(text).toContain('"functionCall":{"name":"weather","args":{"city":"sandbox city"}},"thoughtSignature"');
  expect(chunks.at(-1)).toContain('"finishReason":"STOP"');
  const asArray = (await (await post(path, body, { 'x-goog-api-key': 'k' })).json()) as unknown[];
  expect(asArray).toHaveLength(chunks.length);
});

test('without a credential every vendor refuses in its own words', async () => {
  const openai = await post('/v1/chat/completions', HELLO, {});
  expect([openai.status, ((await openai.json()) as { error: { code: string } }).error.code]).toEqual([401, 'invalid_api_key']);
  const gemini = await post('/v1beta/models/x:generateContent', {}, {});
  expect(gemini.status).toBe(400);
  expect(await gemini.text()).toContain('API_KEY_INVALID');
});

test('a fault rule hits its vendor only, as often as it says', async () => {
  await control('POST', 'faults', { match: { vendor: 'groq' }, fault: '429 retry-after=7', times: 1 });
  const refused = await post('/vendors/groq/v1/chat/completions', HELLO);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
  expect((await post('/vendors/openai/v1/chat/completions', HELLO)).status).toBe(200);
  expect((await post('/vendors/groq/v1/chat/completions', HELLO)).status).toBe(200);
});

test('a fault with a probability and a seed fires on the same calls again', async () => {
  const run = async (): Promise<number[]> => {
    await control('DELETE', 'faults');
    await control('POST', 'faults', { match: {}, fault: '500', probability: 0.5, seed: 42 });
    const statuses: number[] = [];
    for (let call = 0; call < 12; call++) statuses.push((await post('/v1/chat/completions', HELLO)).status);
    return statuses;
  };
  const first = await run();
  expect(new Set(first)).toEqual(new Set([200, 500]));
  expect(await run()).toEqual(first);
});

test('the log shows what came in without the secret, and that the caller left', async () => {
  await control('DELETE', 'requests');
  const stopper = new AbortController();
  const response = await fetch(`${sandbox.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-secret-1234' },
    body: JSON.stringify({ ...HELLO, model: 'm~pace=20', stream: true }),
    signal: stopper.signal,
  });
  await response.body?.getReader().read();
  stopper.abort();
  await expect
    .poll(async () => ((await control('GET', 'requests'))['requests'] as { abortedAfterMs: number | null }[])[0]?.abortedAfterMs)
    .toBeGreaterThanOrEqual(0);
  const { requests } = (await control('GET', 'requests')) as { requests: { headers: Record<string, string>; body: unknown }[] };
  expect(requests[0]?.headers['authorization']).toBe('...1234');
  expect(requests[0]?.body).toMatchObject(HELLO.messages === undefined ? {} : { messages: HELLO.messages });
});

test.each([
  ['cut=150', /data: \{/],
  ['reset', /^$/],
  ['end-mid=1', /Sandbox/],
])('%s breaks a stream off without [DONE]', async (fault, delivered) => {
  let text = '';
  try {
    const response = await post('/v1/chat/completions', { ...HELLO, model: `m~${fault}`, stream: true });
    for await (const part of response.body ?? []) text += Buffer.from(part).toString();
  } catch {
    // A broken connection is what two of the three are about.
  }
  expect(text).toMatch(delivered);
  expect(text).not.toContain('[DONE]');
});

test('a prompt can carry the script, through whatever stands between', async () => {
  const messages = [{ role: 'user' as const, content: 'Hi [[sandbox no-usage words=3]]' }];
  const answer = await client().chat.completions.create({ model: 'm', messages });
  expect(answer.usage).toBeUndefined();
});

test('bench models answer alike for any prompt, in every protocol', async () => {
  const whole = (await (await post('/v1/chat/completions', { ...HELLO, model: 'bench-1k' })).json()) as OpenAI.ChatCompletion;
  expect(whole.choices[0]?.message.content).toHaveLength(1024);
  const stream = await (await post('/v1/chat/completions', { ...HELLO, model: 'bench-stream~chunks=7~pace=1', stream: true })).text();
  expect(stream.match(/"content":"abc /g)).toHaveLength(7);
  const anthropic = await (await post('/v1/messages', { ...HELLO, model: 'bench-1k' }, { 'x-api-key': 'k' })).text();
  expect(anthropic).toContain('"type":"message"');
});
