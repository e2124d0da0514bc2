/**
 * Faults 3, 7, 9 and 17 for batches: worker, nodes, Redis and PostgreSQL are killed while a batch runs, and what was shipped is delivered
 * again. Every item ends once in the results and once in the ledger, and the total is half of the same calls made interactively, to the
 * nano-dollar. 1,000 items in `npm run chaos`; fewer in `npm test`, where each is killed once.
 */
import { Redis } from 'ioredis';
import { beforeAll, expect, test } from 'vitest';
import { redisKeys } from '../../shared/redis-keys.js';
import { type Fleet, startFleet, until } from './fleet.js';

const { MODE } = (import.meta as ImportMeta & { readonly env: { readonly MODE: string } }).env;
const whole = MODE === 'chaos';
const ITEMS = whole ? 1_000 : 150;
/** Long enough that something is always under way when something dies. */
const LATENCY_MS = whole ? 600 : 1_000;
const INTERACTIVE_AT_ONCE = 64;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
}, 180_000);

interface Answered {
  readonly custom_id: string;
  readonly status_code: number;
  readonly cost: string;
}

interface Batch {
  readonly status: string;
  readonly poll_url: string;
  readonly cost_usd: string;
  readonly saved_usd: string;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly results: readonly Answered[];
}

const bodyOf = (index: number) => ({
  model: ['gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4'][index % 3],
  // Odd numbers of words: half of an odd price is rounded down.
  messages: [
    { role: 'user', content: `[[sandbox latency=${LATENCY_MS} words=${7 + (index % 13)}]] Item ${index}${' x'.repeat(index % 7)}` },
  ],
  max_tokens: 100,
});

test('faults 3, 7, 9, 17: whatever is killed while a batch runs, each item is answered once and charged half, once', {
  timeout: whole ? 600_000 : 150_000,
}, async () => {
  const requests = Array.from({ length: ITEMS }, (_item, index) => ({ custom_id: `item_${index}`, ...bodyOf(index) }));
  const { poll_url } = await ask<Batch>('POST', '/v1/batch', { requests });
  const copies = copyUsage();
  await breakEverything(poll_url);
  const ended = await waitForEnd(poll_url);
  await copies.deliverAgain();
  expect(ended).toMatchObject({ status: 'completed', request_counts: { total: ITEMS, completed: ITEMS, failed: 0 } });
  expect(ended.results.map((result) => result.custom_id)).toEqual(requests.map((request) => request.custom_id));
  expect(ended.results.every((result) => result.status_code === 200)).toBe(true);

  const halves = await interactively(requests.map(({ custom_id: _, ...body }) => body));
  await until(async () => (await charges()).items === ITEMS, 60_000, 'every item has settled');
  await fleet.rest();
  expect(await charges()).toEqual({ items: ITEMS, total: halves.total });
  const shown = await ask<Batch>('GET', poll_url);
  expect(shown.results.map((result) => nano(result.cost))).toEqual(halves.each);
  expect(nano(shown.cost_usd)).toBe(halves.total);
  expect(nano(shown.cost_usd) + nano(shown.saved_usd)).toBe(halves.interactive);
  const { rows } = await fleet.pool.query("SELECT count(*)::int AS open FROM lease WHERE node_id = 'batch' AND state = 'open'");
  expect(rows[0].open).toBe(0);
});

/** Each while items are under way; the worker twice, because it is what a batch hangs on. */
async function breakEverything(pollUrl: string): Promise<void> {
  const { control } = fleet.stack;
  const [first, second] = fleet.nodes;
  const progress = async (items: number) =>
    until(
      async () => (await fleet.pool.query("SELECT FROM batch_item WHERE status = 'completed'")).rows.length >= items,
      120_000,
      `${items} items of ${pollUrl} are done`,
    );
  await progress(ITEMS * 0.1);
  await fleet.redis.kill();
  await control.kill();
  await control.start();
  await fleet.redis.start();
  await progress(ITEMS * 0.3);
  await second?.kill();
  await second?.start();
  await progress(ITEMS * 0.5);
  await fleet.postgres.kill();
  await fleet.postgres.start();
  if (!whole) return;
  await progress(ITEMS * 0.7);
  await first?.kill();
  await first?.start();
  await progress(ITEMS * 0.8);
  await control.kill();
  await control.start();
}

/** What nodes ship over Redis, to be delivered again and out of order. */
function copyUsage() {
  const { usageStream } = redisKeys('chaos');
  const copies = new Set<string>();
  const redis = new Redis(fleet.redis.url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const timer = setInterval(() => {
    if (redis.status !== 'ready') return;
    redis.xrange(usageStream, '-', '+').then(
      (entries) => {
        for (const [, fields] of entries) if (fields[1] !== undefined) copies.add(fields[1]);
      },
      () => undefined,
    );
  }, 20);
  return {
    async deliverAgain() {
      clearInterval(timer);
      expect(copies.size).toBeGreaterThan(0);
      for (let again = 0; again < 3; again++)
        for (const copy of [...copies].toReversed()) await redis.xadd(usageStream, '*', 'batch', copy);
      redis.disconnect();
    },
  };
}

/** The same calls, one by one: what each cost, and half of it, rounded down. */
async function interactively(bodies: readonly object[]) {
  const costs: bigint[] = [];
  const left = [...bodies.entries()];
  await Promise.all(
    Array.from({ length: INTERACTIVE_AT_ONCE }, async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        const [index, body] = next;
        const { usage } = await ask<{ readonly usage: { readonly cost: number } }>('POST', '/v1/chat/completions', body);
        costs[index] = BigInt(Math.round(usage.cost * 1e9));
      }
    }),
  );
  const each = costs.map((cost) => cost / 2n);
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
  return { each, total: sum(each), interactive: sum(costs) };
}

async function charges(): Promise<{ items: number; total: bigint }> {
  const { rows } = await fleet.pool.query<{ items: number; total: string }>(
    `SELECT count(DISTINCT batch_item_id)::int AS items, coalesce(sum(charge), 0)::text AS total FROM settlement
     WHERE batch_item_id IS NOT NULL AND charge > 0`,
  );
  return { items: rows[0]?.items ?? 0, total: BigInt(rows[0]?.total ?? 0) };
}

async function waitForEnd(pollUrl: string): Promise<Batch> {
  const endsAt = Date.now() + 180_000;
  for (;;) {
    // Reading may meet a control plane that is just coming back.
    const batch = await ask<Batch>('GET', pollUrl).catch(() => undefined);
    if (batch && !['queued', 'in_progress'].includes(batch.status)) return batch;
    if (Date.now() > endsAt) throw new Error(`the batch did not end: ${JSON.stringify({ ...batch, results: undefined })}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(fleet.stack.gateway + path, {
    method,
    headers: { authorization: `Bearer ${fleet.stack.apiKey}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

function nano(usd: string): bigint {
  const [dollars = '0', fraction = ''] = usd.split('.');
  return BigInt(dollars) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}
