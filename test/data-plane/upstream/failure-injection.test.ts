import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUpstream } from '../../../data-plane/upstream/upstream.js';
import {
  type Answer,
  candidate,
  chunk,
  collect,
  DONE,
  hang,
  json,
  plan,
  recordingMeter,
  request,
  type ScriptedVendor,
  sse,
  startVendor,
} from './scripted-vendor.js';

const REQUESTS = 1_000;
const AT_ONCE = 40;
const GOOD = sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop'), DONE]);

let vendors: ScriptedVendor[];

beforeAll(async () => {
  vendors = await Promise.all([startVendor(), startVendor()]);
});
afterAll(async () => {
  await Promise.all(vendors.map((vendor) => vendor.close()));
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test('one vendor dead, 5 % failures and 2 % hangs at the others: at least 99.9 % are answered, once each', async () => {
  const random = seeded(42);
  const flaky: Answer = (...exchange) => {
    const draw = random();
    if (draw < 0.05) return json(500, {})(...exchange);
    return draw < 0.07 ? hang(...exchange) : GOOD(...exchange);
  };
  const candidates = [candidate('http://127.0.0.1:9')];
  for (const vendor of vendors) {
    vendor.script(flaky);
    candidates.push(candidate(vendor.url, { timeouts: { firstTokenMs: 1_500 } }));
  }
  const upstream = createUpstream({ random, onFailure: () => undefined });
  let started = 0;
  let answered = 0;
  const client = async () => {
    while (started++ < REQUESTS) {
      const meter = recordingMeter();
      const text = await upstream
        .execute(plan(candidates), request({ stream: true }), meter, new AbortController().signal)
        .then((answer) => collect(answer.frames))
        .catch(() => '');
      if (text.endsWith(DONE) && meter.attempts.filter((attempt) => attempt.outcome === 'ok').length === 1) answered++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  expect(answered).toBeGreaterThanOrEqual(REQUESTS * 0.999);
  // The dead one was found out instead of being asked first by everybody.
  expect(upstream.health.isOpen(candidates[0]?.endpoint.id ?? '')).toBe(true);
  await upstream.close();
}, 60_000);
