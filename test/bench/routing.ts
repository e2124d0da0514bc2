/**
 * How long planning takes: `npm run build && node dist/test/bench/routing.js`. The gates of issue 4: `auto` over 200 models under 100
 * microseconds at p99 for 2 KB and under 1 ms for 500 KB; a complexity score under 200 microseconds for 4 KB. A loop, not a gateway:
 * there it costs more, and neighbours on the machine stretch the slowest percent. Bytes are what the sampling heap profiler saw allocated.
 */
import { type HeapProfiler, Session } from 'node:inspector/promises';
import { scoreComplexity } from '../../data-plane/routing/complexity.js';
import { estimateTokens } from '../../data-plane/routing/estimate-tokens.js';
import { planRoute } from '../../data-plane/routing/plan-route.js';
import type { CompletionRequest } from '../../data-plane/types.js';
import {
  ABLE,
  endpoint,
  healthOf,
  model,
  principalOf,
  requestOf,
  seeded,
  snapshotOf,
  vendor,
} from '../data-plane/routing/routing-world.js';
import { readLabelledPrompts } from '../routing/labelled-prompts.js';

const ROUNDS = 4_000;

const vendors = Array.from({ length: 12 }, (_, index) => vendor(`vendor${index}`));
const models = Array.from({ length: 200 }, (_, index) =>
  model(`model-${index}`, 0.05 + (index % 40) / 4, 0.2 + (index % 50), {
    contextTokens: 1_000_000,
    capabilities: { ...ABLE, audioInput: index % 9 === 0 },
  }),
);
const snapshot = snapshotOf({
  models,
  vendors,
  endpoints: models.flatMap((one, index) =>
    [0, 5].flatMap((step) => [vendors[(index + step) % vendors.length]].flatMap((at) => (at ? [endpoint(one, at)] : []))),
  ),
});
const health = healthOf();
const random = seeded(1);
const principal = principalOf();

const prose = readLabelledPrompts()
  .train.map((label) => label.prompt)
  .join('\n');

function requestFor(name: string, bytes: number): CompletionRequest {
  const content = prose.repeat(Math.ceil(bytes / prose.length)).slice(0, bytes);
  return requestOf({ model: name, messages: [{ role: 'user', content }] });
}

function measure(name: string, work: () => void): void {
  for (let round = 0; round < ROUNDS / 4; round++) work();
  const took = Float64Array.from({ length: ROUNDS }, () => {
    const began = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - began) / 1_000;
  }).sort();
  const at = (share: number): string => (took[Math.floor(share * (ROUNDS - 1))] ?? 0).toFixed(1).padStart(8);
  process.stdout.write(`${name.padEnd(34)} p50 ${at(0.5)} us   p99 ${at(0.99)} us\n`);
}

async function allocated(work: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  const sampling = { samplingInterval: 512, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  await session.post('HeapProfiler.startSampling', sampling);
  for (let round = 0; round < ROUNDS; round++) work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  return sizeOf(profile.head) / ROUNDS;
}

function sizeOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((total, child) => total + sizeOf(child), selfSize);
}

for (const bytes of [2_000, 50_000, 500_000]) {
  const size = `${bytes / 1_000} KB`;
  const auto = requestFor('auto', bytes);
  const plain = requestFor('model-7', bytes);
  measure(`plan auto of 200 models, ${size}`, () => planRoute(auto, principal, snapshot, health, random));
  measure(`plan one model, ${size}`, () => planRoute(plain, principal, snapshot, health, random));
  measure(`estimate tokens, ${size}`, () => estimateTokens(auto.body));
}
const hard = requestFor('auto', 4_000);
measure('complexity score, 4 KB', () => scoreComplexity(hard.body, 'code'));
for (const name of ['auto', 'model-7']) {
  const request = requestFor(name, 2_000);
  const bytes = await allocated(() => planRoute(request, principal, snapshot, health, random));
  process.stdout.write(`${`garbage of a plan for ${name}, 2 KB`.padEnd(34)} ${Math.round(bytes)} bytes\n`);
}
