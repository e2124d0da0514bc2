/**
 * What customers notice of vendors that fail: one of them dead, 5 % of the others' answers an error and 2 % a hang, over two nodes, sync
 * and streamed, plain models, `auto` and smart groups. At least 99.9 % of the requests are answered in full, each is charged once, and
 * what a customer was shown is what the ledger has. 600 requests in `npm test`; 6,000 with `npm run chaos -- -t "vendors that fail"`.
 */
import { beforeAll, expect, test } from 'vitest';
import { order } from './customer.js';
import { type Fleet, startFleet } from './fleet.js';
import { checkHistory } from './history.js';

const { MODE } = (import.meta as ImportMeta & { readonly env: { readonly MODE: string } }).env;
const REQUESTS = MODE === 'chaos' ? 6_000 : 600;
const AT_ONCE = 24;
/** A hang costs two fifths of it, and then somebody else answers. */
const TIMEOUT_SECONDS = 20;
const MODELS = [
  'gpt-4o-mini',
  'llama-3.3-70b-instruct',
  'deepseek-v4-flash',
  'auto',
  'ama/smart-code',
  'ama/smart-write',
  'kimi-k3',
  'glm-5.3',
];
/** Serves some of the models above, first in line. */
const DEAD = 'deepseek';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
}, 300_000);

async function fault(match: Record<string, string>, words: string, more: Record<string, unknown> = {}): Promise<void> {
  const body = JSON.stringify({ match, fault: words, ...more });
  await fetch(`${fleet.stack.sandbox.url}/__sandbox/faults`, { method: 'POST', body });
}

test('vendors that fail go unnoticed by at least 999 of 1,000 customers', { timeout: 580_000 }, async () => {
  await fault({ vendor: DEAD }, 'reset');
  // The rules see a call one after the other: 2 % hang, and of the rest 5 % fail.
  await fault({}, 'hang', { probability: 0.02, seed: 7 });
  await fault({}, '500', { probability: 0.05, seed: 8 });
  const { history, stack } = fleet;
  const startedAt = performance.now();
  let sent = 0;
  const customer = async (): Promise<void> => {
    for (let turn = sent++; turn < REQUESTS; turn = sent++) {
      const node = fleet.nodes[turn % fleet.nodes.length];
      const model = MODELS[turn % MODELS.length];
      if (!node || model === undefined) return;
      await order(history, { node, apiKey: stack.apiKey, model, stream: turn % 3 === 0, maxTokens: 60, timeoutSeconds: TIMEOUT_SECONDS });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, customer));
  const seconds = (performance.now() - startedAt) / 1_000;
  const answer = await fetch(`${stack.sandbox.url}/__sandbox/faults`);
  const { faults } = (await answer.json()) as { faults: { fault: string; fired: number }[] };
  await fetch(`${stack.sandbox.url}/__sandbox/faults`, { method: 'DELETE' });
  await fleet.rest();

  const missed = history.views.filter((view) => view.status !== 200 || !view.finished);
  const took = history.views.map((view) => view.tookMs).sort((one, other) => one - other);
  const at = (share: number): number => Math.round(took[Math.floor(share * (took.length - 1))] ?? 0);
  const injected = faults.map((rule) => `${rule.fired} ${rule.fault}`).join(', ');
  console.log(
    `${REQUESTS} requests in ${seconds.toFixed(0)} s, ${REQUESTS - missed.length} answered in full ` +
      `(${(100 - (100 * missed.length) / REQUESTS).toFixed(3)} %); injected: ${injected}; p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`,
  );
  if (missed.length > 0) {
    const { rows } = await fleet.pool.query('SELECT * FROM generation WHERE request_id = ANY ($1)', [missed.map((view) => view.requestId)]);
    console.log(`not answered: ${JSON.stringify(rows)}`);
  }
  expect(history.views).toHaveLength(REQUESTS);
  expect(missed.length / REQUESTS, JSON.stringify(missed.slice(0, 5))).toBeLessThanOrEqual(0.001);
  expect(await checkHistory(history.views, fleet.pool)).toEqual([]);
  const ids = history.views.map((view) => view.requestId);
  const { rows } = await fleet.pool.query<{ charged: string; once: string }>(
    'SELECT count(*) AS charged, count(DISTINCT request_id) AS once FROM settlement WHERE request_id = ANY ($1) AND charge > 0',
    [ids],
  );
  expect(rows[0]).toEqual({ charged: String(REQUESTS - missed.length), once: String(REQUESTS - missed.length) });
});
