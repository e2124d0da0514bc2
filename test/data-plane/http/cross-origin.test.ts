import { beforeAll, expect, test } from 'vitest';
import { startTestNode, type TestNode } from './test-node.js';

const ORIGIN = 'https://console.example.com';
let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});

function complete(body: object, headers: Record<string, string> = { origin: ORIGIN }): Promise<Response> {
  return fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

const messages = [{ role: 'user', content: 'Hello' }];

test.each([false, true])('a page of any origin reads a completion and what its headers say (stream: %s)', async (stream) => {
  const answer = await complete({ model: 'alpha', messages, stream });
  await answer.arrayBuffer();
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-expose-headers')).toContain('x-modelapi-model, x-modelapi-vendor');
  expect(answer.headers.get('x-modelapi-model')).toBe('alpha');
});

test.each([
  ['a wrong key', () => complete({ model: 'alpha', messages }, { origin: ORIGIN, authorization: 'Bearer sk-ama-wrong' }), 401],
  ['a wrong body', () => complete({ model: 'alpha' }), 400],
  ['an unknown route', () => fetch(`${node.url}/v1/nothing`, { headers: { origin: ORIGIN } }), 404],
  ['the list of models', () => fetch(`${node.url}/v1/models`, { headers: { origin: ORIGIN, authorization: `Bearer ${node.key}` } }), 200],
] as const)('%s is readable there, too', async (_name, call, status) => {
  const answer = await call();
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, '*']);
});

test('a preflight is answered with the headers that were asked for, and never with credentials', async () => {
  const answer = await fetch(`${node.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, x-stainless-lang',
    },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-allow-headers')).toBe('authorization, content-type, x-stainless-lang');
  expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
});

test('a caller without an origin, and what is not /v1, get none of it', async () => {
  const server = await complete({ model: 'alpha', messages }, {});
  await server.arrayBuffer();
  expect(server.headers.get('access-control-allow-origin')).toBeNull();
  const login = await fetch(`${node.url}/auth/login`, { method: 'POST', headers: { origin: ORIGIN } });
  expect(login.headers.get('access-control-allow-origin')).toBeNull();
});
