/** Two nodes of one region and a dead vendor: what one node found out the other need not, and neither needs Redis to be right. */
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Program } from '../../local/programs.js';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';
import { startToxicProxy, type ToxicProxy } from '../support/toxic-proxy.js';

let stack: TestStack;
let redis: ToxicProxy;
beforeAll(async () => {
  stack = await startStack({
    nodes: ['us', 'us', 'sg'],
    extra: async ({ redisUrl }) => {
      redis = await startToxicProxy({ host: new URL(redisUrl).hostname, port: Number(new URL(redisUrl).port) });
      return { dataPlane: { REDIS_URL: redis.in(redisUrl) } };
    },
  });
}, 120_000);

afterEach(() => assertMoneyInvariants(stack.database.pool));

async function sandbox(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${stack.sandbox.url}/__sandbox/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return (await response.json()) as Record<string, unknown>;
}

async function ask(node: Program | undefined, model: string, vendors: readonly string[]): Promise<{ status: number; attempts: number }> {
  const response = await fetch(`${node?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, provider: { order: vendors }, max_tokens: 20, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.text();
  return { status: response.status, attempts: Number(response.headers.get('x-modelapi-attempts')) };
}

async function callsOf(vendor: string): Promise<number> {
  const { by_vendor: counts } = (await sandbox('GET', 'requests')) as { by_vendor: Record<string, number> };
  return counts[vendor] ?? 0;
}

/** Enough failures to open the circuit of this node. */
async function trip(node: Program | undefined, model: string, vendors: readonly string[]): Promise<void> {
  for (let count = 0; count < 8; count++) expect(await ask(node, model, vendors)).toMatchObject({ status: 200 });
}

test('a circuit that one node opened keeps its neighbour from the dead vendor, and says nothing to another region', async () => {
  const [first, second, abroad] = stack.nodes;
  const vendors = ['openai', 'azure'];
  await sandbox('POST', 'faults', { match: { vendor: 'openai' }, fault: '500' });
  await trip(first, 'gpt-4o-mini', vendors);
  await sandbox('DELETE', 'requests');
  expect(await ask(second, 'gpt-4o-mini', vendors)).toEqual({ status: 200, attempts: 1 });
  expect(await callsOf('openai')).toBe(0);
  expect(await ask(abroad, 'gpt-4o-mini', vendors)).toEqual({ status: 200, attempts: 2 });
  const metrics = await (await fetch(`${second?.url}/metrics`)).text();
  expect(metrics).toMatch(/^modelapi_endpoint_circuit_open\{[^}]*endpoint="gpt-4o-mini@openai"[^}]*\} 1$/m);
  await sandbox('DELETE', 'faults');
  // Believed for seconds: then a request probes, finds the vendor well, and it serves again.
  await expect
    .poll(async () => (await ask(second, 'gpt-4o-mini', vendors)) && (await callsOf('openai')), { timeout: 20_000 })
    .toBeGreaterThan(1);
});

test('without Redis each node finds out for itself, and every request is answered', async () => {
  const [first, second] = stack.nodes;
  const vendors = ['groq', 'openrouter'];
  redis.set({ refuse: true });
  redis.cut();
  await sandbox('POST', 'faults', { match: { vendor: 'groq' }, fault: '503' });
  try {
    await trip(first, 'llama-3.3-70b-instruct', vendors);
    expect(await ask(second, 'llama-3.3-70b-instruct', vendors)).toEqual({ status: 200, attempts: 2 });
    await trip(second, 'llama-3.3-70b-instruct', vendors);
    expect(await ask(second, 'llama-3.3-70b-instruct', vendors)).toEqual({ status: 200, attempts: 1 });
  } finally {
    redis.resume();
    await sandbox('DELETE', 'faults');
  }
});
