/**
 * Every route that the node says it has, called as nobody, with the wrong kind of credential, and with a key that may not be used here:
 * the right refusal each time. Taken from `/openapi.json`, so a new route is tested when it is written; a public one must be named here.
 */
import { beforeAll, expect, test } from 'vitest';
import { startTestNode, type TestNode } from './test-node.js';

const PUBLIC = [
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
  'GET /v1/regions',
  'POST /auth/register',
  'POST /auth/login',
  'POST /auth/refresh',
  'POST /auth/logout',
];

interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly security: string | undefined;
}

let node: TestNode;
let elsewhere: string;
let routes: Route[];

beforeAll(async () => {
  node = await startTestNode();
  elsewhere = await node.addKey({ regions: ['sg'] });
  const document = (await (await fetch(`${node.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { security: Record<string, unknown>[] }>>;
  };
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, '018f0000-0000-7000-8000-000000000001'),
      security: Object.keys(security[0] ?? {})[0],
    })),
  );
});

async function codeOf(route: Route, authorization?: string): Promise<[number, string]> {
  const response = await fetch(`${node.url}${route.path}`, {
    method: route.method,
    headers: {
      ...(route.method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...(authorization !== undefined && { authorization }),
    },
    body: route.method === 'POST' ? '{}' : null,
  });
  const { error } = (await response.json()) as { error?: { code: string } };
  return [response.status, error?.code ?? ''];
}

const of = (security: string) => routes.filter((route) => route.security === security);
const NOT_A_KEY = ['Bearer eyJhbGciOiJFZERTQSJ9.e30.AAAA', 'Basic c2stYW1hLTE6', 'Bearer', `Bearer sk-ama-${'0'.repeat(38)}`];
const SQL = [`Bearer sk-ama-' OR '1'='1' --`, `Bearer sk-ama-x';DROP TABLE api_key;--`, 'Bearer sk-ama-%', 'Bearer {"$gt":""}'];

test('what needs no credential is what is meant to need none', () => {
  expect(
    routes
      .filter((route) => route.security === undefined)
      .map((route) => route.name)
      .sort(),
  ).toEqual([...PUBLIC].sort());
  expect(of('apiKey').length).toBeGreaterThan(5);
  expect(of('session').length).toBeGreaterThan(5);
});

test('routes of API keys refuse nobody, sessions, malformed keys and SQL in a key with 401', async () => {
  for (const route of of('apiKey')) {
    for (const authorization of [undefined, ...NOT_A_KEY, ...SQL])
      expect([route.name, authorization, ...(await codeOf(route, authorization))]).toEqual([
        route.name,
        authorization,
        401,
        'invalid_api_key',
      ]);
  }
});

test('routes of API keys refuse a key of another region with 403', async () => {
  for (const route of of('apiKey'))
    expect([route.name, ...(await codeOf(route, `Bearer ${elsewhere}`))]).toEqual([route.name, 403, 'region_not_allowed']);
});

test('routes of sessions refuse nobody and API keys with 401', async () => {
  for (const route of of('session')) {
    for (const authorization of [undefined, `Bearer ${node.key}`, ...NOT_A_KEY])
      expect([route.name, authorization, ...(await codeOf(route, authorization))]).toEqual([
        route.name,
        authorization,
        401,
        'invalid_session',
      ]);
  }
});
