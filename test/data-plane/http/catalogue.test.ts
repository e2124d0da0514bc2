import { Ajv2020 } from 'ajv/dist/2020.js';
import OpenAI from 'openai';
import { beforeAll, expect, test } from 'vitest';
import { startTestNode, type TestNode } from './test-node.js';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});

const get = (path: string, key = node.key) => fetch(`${node.url}${path}`, { headers: { authorization: `Bearer ${key}` } });

test('the list has prices per token, aliases, regions, and auto', async () => {
  const { data } = await new OpenAI({ apiKey: node.key, baseURL: `${node.url}/v1` }).models.list();
  expect(data.map(({ id }) => id)).toEqual(['auto', 'alpha', 'vendor/beta', 'pace', 'broken']);
  expect(data[1]).toMatchObject({
    id: 'alpha',
    object: 'model',
    owned_by: 'tests',
    context_length: 100_000,
    pricing: { prompt: '0.000001', completion: '0.000004', input_cache_read: '0.0000001' },
    aliases: ['alpha-latest'],
    regions: ['us', 'sg'],
    batch_discount: 0.5,
  });
});

test.each([
  ['/v1/models/alpha', 'alpha'],
  ['/v1/models/alpha-latest', 'alpha'],
  ['/v1/models/vendor/beta', 'vendor/beta'],
  ['/v1/models/vendor%2Fbeta', 'vendor/beta'],
  ['/v1/models/auto', 'auto'],
])('%s resolves', async (path, id) => {
  expect(await (await get(path)).json()).toMatchObject({ id, object: 'model' });
});

test('a key of one model sees that model alone', async () => {
  const key = await node.addKey({ models: ['alpha'] });
  const list = (await (await get('/v1/models', key)).json()) as { data: { id: string }[] };
  expect(list.data.map(({ id }) => id)).toEqual(['alpha']);
  const other = await get('/v1/models/pace', key);
  expect(other.status).toBe(404);
  expect(await other.json()).toMatchObject({ error: { code: 'model_not_found' } });
});

test('the list needs a key', async () => {
  const answer = await fetch(`${node.url}/v1/models`);
  expect(answer.status).toBe(401);
  expect(answer.headers.get('x-request-id')).toBeTruthy();
});

test('regions name their hosts and the nearest', async () => {
  expect(await (await fetch(`${node.url}/v1/regions`)).json()).toMatchObject({
    data: [
      { id: 'us', url: 'https://us.api.example.com', healthy: true },
      { id: 'sg', healthy: false },
    ],
    nearest: 'us',
    current: 'us',
  });
});

test('a generation that the ledger does not know is a 404', async () => {
  const answer = await get('/v1/generations/018f0000-0000-7000-8000-000000000001');
  expect(answer.status).toBe(404);
  expect((await get('/v1/generations/nonsense')).status).toBe(404);
});

test('the OpenAPI document has every route, and its schemas compile', async () => {
  const answer = await fetch(`${node.url}/openapi.json`);
  expect(answer.headers.get('x-request-id')).toBeTruthy();
  const document = (await answer.json()) as {
    openapi: string;
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/v1/chat/completions', '/v1/models', '/v1/models/{id}', '/v1/keys', '/v1/credits', '/auth/login', '/healthz']),
  );
  const ajv = new Ajv2020({ strict: false });
  for (const operations of Object.values(document.paths))
    for (const { requestBody } of Object.values(operations))
      if (requestBody) ajv.compile(requestBody.content['application/json']?.schema ?? {});
});

test('the page of documents asks nothing of anybody else', async () => {
  const answer = await fetch(`${node.url}/docs`);
  const html = await answer.text();
  expect(answer.headers.get('content-type')).toContain('text/html');
  expect(html).toContain('/v1/chat/completions');
  expect(html).not.toMatch(/<script|<link|src=|@import|url\(/);
});

test('operations say how the node is', async () => {
  expect(await (await fetch(`${node.url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(await (await fetch(`${node.url}/readyz`)).json()).toEqual({ ready: true, problems: [] });
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(metrics).toMatch(/modelapi_config_revision \d+/);
  expect(metrics).not.toContain(node.key);
});
