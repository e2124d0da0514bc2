import { afterEach, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../../data-plane/config.js';
import { startTestNode, type TestNode, waitFor } from './test-node.js';

let node: TestNode | undefined;
afterEach(() => node?.close());

const chat = (to: TestNode, body: object) =>
  fetch(`${to.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${to.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello!' }], ...body }),
  });

test('a node that is told to end lets streams finish, ships what they cost and gives its leases back', async () => {
  node = await startTestNode();
  const running = node;
  const response = await chat(running, { model: 'pace', stream: true });
  const reader = response.body?.getReader();
  await reader?.read();
  const closing = running.close();

  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    text += Buffer.from(value ?? []).toString();
  }
  expect(text).toContain('"finish_reason":"stop"');
  expect(text).toContain('data: [DONE]');
  await closing;
  await expect(chat(running, { model: 'alpha' })).rejects.toThrow();
  expect(await running.settlements()).toMatchObject([{ requestId: response.headers.get('x-request-id'), reason: 'completed' }]);
  expect(running.control.openLeases).toBe(0);
  expect(running.logs.join('')).toContain('"unshippedSettlements":0');
});

test('a revision that is published while a stream runs changes nothing for that stream', async () => {
  node = await startTestNode();
  const response = await chat(node, { model: 'pace', stream: true });
  const { models: _models, ...rest } = node.publisher.catalog();
  await node.publish({ ...rest, models: [], endpoints: [] });
  await waitFor(async () => (await chat(node as TestNode, { model: 'alpha' })).status === 404);
  expect(await response.text()).toContain('data: [DONE]');
});

const environment = {
  MODE: 'production',
  REGION: 'us',
  DATA_DIR: '/tmp/x',
  PUBLIC_URL: 'https://us.api.example.com',
  REDIS_URL: 'redis://127.0.0.1:6379',
  CONTROL_PLANE_URL: 'http://127.0.0.1:4000',
  NODE_TOKEN: 'q8Jx2mVw7RtY5nKp3Zs9LdFg',
  API_KEY_PEPPER: 'Zs9LdFgq8Jx2mVw7RtY5nKp3',
  SNAPSHOT_PUBLIC_KEY: Buffer.alloc(32, 1).toString('base64url'),
  JWT_PUBLIC_KEY: Buffer.alloc(32, 2).toString('base64url'),
  REGION_PUBLIC_KEY: Buffer.alloc(32, 3).toString('base64url'),
  REGION_PRIVATE_KEY: Buffer.alloc(32, 4).toString('base64url'),
};

test('a whole environment is a configuration', () => {
  expect(loadConfig(environment)).toMatchObject({ mode: 'production', port: 8080, trustedProxies: [] });
});

test.each([
  ['MODE', 'staging'],
  ['REGION', undefined],
  ['DATA_DIR', undefined],
  ['PORT', '99999'],
  ['REDIS_URL', 'not a url'],
  ['CONTROL_PLANE_URL', 'ftp://x'],
  ['PUBLIC_URL', undefined],
  ['NODE_TOKEN', undefined],
  ['NODE_TOKEN', 'short'],
  ['API_KEY_PEPPER', 'change-me-change-me-change-me'],
  ['API_KEY_PEPPER', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['SNAPSHOT_PUBLIC_KEY', 'abc'],
  ['REGION_PRIVATE_KEY', 'not base64url!'],
  ['TRUSTED_PROXIES', '10.0.0.0/8, everybody'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
])('%s = %s is refused in one line that names it and does not repeat a secret', (name, value) => {
  const wrong = { ...environment, [name]: value };
  expect(() => loadConfig(wrong)).toThrow(ConfigError);
  try {
    loadConfig(wrong);
  } catch (error) {
    const { message } = error as Error;
    expect(message.startsWith(`${name}: `)).toBe(true);
    expect(message).not.toContain('\n');
    if (/TOKEN|PEPPER|PRIVATE/.test(name) && value) expect(message).not.toContain(value);
  }
});
