/** What a client can get wrong, and what it is told: status, code and the member that is wrong. Nothing of it may leave a hold behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintApiKey } from '../../../shared/api-key.js';
import { startTestNode, type TestNode, waitFor } from './test-node.js';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});

const user = { role: 'user', content: 'Hello!' };
const good = { model: 'alpha', messages: [user] };

interface Sent {
  readonly body?: unknown;
  readonly raw?: NonNullable<RequestInit['body']>;
  readonly headers?: Record<string, string | undefined>;
  readonly path?: string;
  readonly method?: string;
}

interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string };
}

async function send({ body, raw, headers = {}, path = '/v1/chat/completions', method = 'POST' }: Sent) {
  const merged = { authorization: `Bearer ${node.key}`, 'content-type': 'application/json', ...headers };
  const sent = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(`${node.url}${path}`, {
    method,
    headers: sent,
    body: raw ?? (body === undefined ? null : JSON.stringify(body)),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, error: (JSON.parse(text) as ErrorBody).error };
}

const messages = (message: unknown) => ({ ...good, messages: [user, user, user, message] });

/** [what, what is sent, status, code, param] */
const table: readonly (readonly [string, Sent, number, string, string | null])[] = [
  ['malformed JSON', { raw: '{"model": "alpha",' }, 400, 'invalid_request', null],
  ['nothing at all', { raw: '' }, 400, 'invalid_request', null],
  [
    'invalid UTF-8',
    {
      raw: Buffer.concat([
        Buffer.from('{"model":"alpha","messages":[{"role":"user","content":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}]}'),
      ]),
    },
    400,
    'invalid_request',
    null,
  ],
  ['an array', { body: [good] }, 400, 'invalid_request', null],
  ['no model', { body: { messages: [user] } }, 400, 'invalid_request', 'model'],
  ['a number for a model', { body: { ...good, model: 5 } }, 400, 'invalid_request', 'model'],
  ['no messages', { body: { model: 'alpha' } }, 400, 'invalid_request', 'messages'],
  ['an empty list of messages', { body: { ...good, messages: [] } }, 400, 'invalid_request', 'messages'],
  ['messages that are a string', { body: { ...good, messages: 'hi' } }, 400, 'invalid_request', 'messages'],
  ['a message that is null', { body: messages(null) }, 400, 'invalid_request', 'messages[3]'],
  ['content that is a number', { body: messages({ role: 'user', content: 5 }) }, 400, 'invalid_request', 'messages[3].content'],
  ['a message without content', { body: messages({ role: 'user' }) }, 400, 'invalid_request', 'messages[3].content'],
  ['an unknown role', { body: messages({ role: 'robot', content: '' }) }, 400, 'invalid_request', 'messages[3].role'],
  [
    'text that is not text',
    { body: messages({ role: 'user', content: [{ type: 'text', text: 1 }] }) },
    400,
    'invalid_request',
    'messages[3].content[0].text',
  ],
  [
    'an unknown part',
    { body: messages({ role: 'user', content: [{ type: 'smell' }] }) },
    400,
    'invalid_request',
    'messages[3].content[0].type',
  ],
  ['a tool answer of no call', { body: messages({ role: 'tool', content: 'x' }) }, 400, 'invalid_request', 'messages[3].tool_call_id'],
  ['negative max_tokens', { body: { ...good, max_tokens: -1 } }, 400, 'invalid_request', 'max_tokens'],
  ['huge max_tokens', { body: { ...good, max_tokens: 1e12 } }, 400, 'invalid_request', 'max_tokens'],
  ['fractional max_completion_tokens', { body: { ...good, max_completion_tokens: 1.5 } }, 400, 'invalid_request', 'max_completion_tokens'],
  ['a hot temperature', { body: { ...good, temperature: 9 } }, 400, 'invalid_request', 'temperature'],
  ['stream that is a string', { body: { ...good, stream: 'yes' } }, 400, 'invalid_request', 'stream'],
  ['stop of numbers', { body: { ...good, stop: [1] } }, 400, 'invalid_request', 'stop[0]'],
  [
    'a function without a name',
    { body: { ...good, tools: [{ type: 'function', function: {} }] } },
    400,
    'invalid_request',
    'tools[0].function.name',
  ],
  [
    'a JSON schema without a schema',
    { body: { ...good, response_format: { type: 'json_schema' } } },
    400,
    'invalid_request',
    'response_format.json_schema',
  ],
  ['an unknown sort', { body: { ...good, provider: { sort: 'luck' } } }, 400, 'invalid_request', 'provider.sort'],
  ['a cost that is no amount', { body: { ...good, max_cost: 'much' } }, 400, 'invalid_request', 'max_cost'],
  ['a wrong x-request-timeout', { body: good, headers: { 'x-request-timeout': 'soon' } }, 400, 'invalid_request', 'x-request-timeout'],
  [
    'more than the model can hold',
    { body: { ...good, messages: [{ role: 'user', content: 'many words '.repeat(100_000) }] } },
    400,
    'context_length_exceeded',
    'messages',
  ],
  ['a model that does not exist', { body: { ...good, model: 'gpt-nothing' } }, 404, 'model_not_found', 'model'],
  ['no key', { body: good, headers: { authorization: undefined } }, 401, 'invalid_api_key', null],
  ['a key of another kind', { body: good, headers: { authorization: 'Bearer sk-proj-abc' } }, 401, 'invalid_api_key', null],
  [
    'a key that nobody has',
    { body: good, headers: { authorization: `Bearer ${mintApiKey('other', { test: false }).key}` } },
    401,
    'invalid_api_key',
    null,
  ],
  [
    'a session where a key belongs',
    { body: good, headers: { authorization: 'Bearer eyJhbGciOiJFZERTQSJ9.e30.x' } },
    401,
    'invalid_api_key',
    null,
  ],
  ['no key and a wrong body', { raw: '{', headers: { authorization: undefined } }, 401, 'invalid_api_key', null],
  ['another content type', { raw: 'hi', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type', null],
  ['a form', { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'unsupported_media_type', null],
  ['a body of 20 MB', { raw: Buffer.alloc(20 * 1024 * 1024, 'a') }, 413, 'request_too_large', null],
  ['an unknown path', { body: good, path: '/v1/completions' }, 404, 'not_found', null],
  ['a wrong method', { path: '/v1/chat/completions', method: 'DELETE' }, 405, 'method_not_allowed', null],
  ['a path that cannot be decoded', { path: '/v1/models/%zz', method: 'GET' }, 400, 'invalid_request', null],
  [
    'a host of another region',
    { body: good, headers: { host: 'sg.api.example.com' }, path: '/v1/chat/completions' },
    421,
    'misdirected_region',
    null,
  ],
];

describe.each([false, true])('stream: %s', (stream) => {
  test.each(table)('%s', async (_what, sent, status, code, param) => {
    const body =
      typeof sent.body === 'object' && !Array.isArray(sent.body) && !Reflect.has(sent.body ?? {}, 'stream')
        ? { ...sent.body, stream }
        : sent.body;
    const answer = sent.headers?.['host'] === undefined ? await send({ ...sent, body }) : await sendWithHost(sent.headers['host']);
    expect(answer).toMatchObject({ status, error: { code, param, message: expect.any(String), type: expect.any(String) } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

/** `fetch` does not let one say the host. */
async function sendWithHost(host: string) {
  const { request } = await import('undici');
  const answer = await request(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { host, authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(good),
  });
  const headers = new Headers(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
  return { status: answer.statusCode, headers, error: ((await answer.body.json()) as ErrorBody).error };
}

test('a chunked body that grows past the limit is refused while it comes', async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  let sent = 0;
  const stream = new ReadableStream({
    pull(controller) {
      if (sent++ < 20) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  } as RequestInit);
  expect(response.status).toBe(413);
  expect(((await response.json()) as ErrorBody).error.code).toBe('request_too_large');
});

test('an error of the budget tells the SDK not to ask again', async () => {
  const { status, error, headers } = await send({ body: { ...good, max_cost: '0.000000001' } });
  expect({ status, code: error.code }).toEqual({ status: 402, code: 'max_cost_exceeded' });
  expect(headers.get('x-should-retry')).toBe('false');
});

test('a key with too few requests a minute is told when to come back', async () => {
  const key = await node.addKey({ requestsPerMinute: 1 });
  const headers = { authorization: `Bearer ${key}` };
  await fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(good),
  }).then((response) => response.arrayBuffer());
  const refused = await send({ body: good, headers });
  expect(refused).toMatchObject({ status: 429, error: { code: 'rate_limit_exceeded' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(refused.headers.get('retry-after-ms'))).toBeGreaterThan(0);
});

test('a key of some models is refused the others', async () => {
  const key = await node.addKey({ models: ['alpha'] });
  const headers = { authorization: `Bearer ${key}` };
  expect(await send({ body: { ...good, model: 'vendor/beta' }, headers })).toMatchObject({
    status: 403,
    error: { code: 'model_not_allowed' },
  });
});

afterAll(async () => {
  await node.close();
  await waitFor(() => node.control.openLeases === 0);
  expect(node.control.openLeases).toBe(0);
});
