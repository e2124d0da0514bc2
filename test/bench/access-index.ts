/**
 * A node's part of `access.ts`, in a process of its own so that nothing else is in its memory: a cold start from the last-known-good in
 * the folder given, a new base over it, changes; then lookups and whole authentications. Prints one JSON line (`AccessFigures`).
 *
 * A pause is the processor time that the main thread spends between two turns of the event loop: what it holds others up by. The time on
 * the clock is given too; on a busy machine it counts whoever else had the processor.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthenticate } from '../../data-plane/admission/authenticate.js';
import { LastKnownGood } from '../../data-plane/snapshot/last-known-good.js';
import { loadRevision } from '../../data-plane/snapshot/load-revision.js';
import { SnapshotStore } from '../../data-plane/snapshot/snapshot-store.js';
import { snapshotVerificationKey } from '../../data-plane/snapshot/verify-manifest.js';
import { hashApiKey } from '../../shared/api-key.js';
import { generateRegionKey } from '../../shared/sealed.js';
import { PauseWatch } from './pause-watch.js';

export interface AccessFigures {
  readonly coldStartMs: number;
  readonly recordsMegabytes: number;
  /** Resident memory that the first revision took, and while a second replaced it. */
  readonly memoryMegabytes: number;
  readonly memoryWithSecondMegabytes: number;
  readonly pauseCpuMs: number;
  readonly pauseClockMs: number;
  readonly changesMs: number;
  readonly lookup: Percentiles;
  /** Of a key that this node has not seen: checksum, HMAC, lookup, policy. */
  readonly firstSight: Percentiles;
  /** Of a key that was used lately. */
  readonly seenBefore: Percentiles;
  /** Of a key that was used before the configuration changed last. */
  readonly afterChange: Percentiles;
}

/** Microseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  /** Processor time of one, on average: what a neighbour cannot spoil. */
  readonly cpu: number;
}

/** What the parent left in the folder. */
export interface AccessFolder {
  readonly publicKey: string;
  readonly pepper: string;
  /** Real keys among the million. */
  readonly keys: readonly string[];
}

const ROUNDS = 5;
const [folder = '.'] = process.argv.slice(2);
const { publicKey, pepper, keys }: AccessFolder = JSON.parse(readFileSync(join(folder, 'bench.json'), 'utf8'));
const verificationKey = snapshotVerificationKey(publicKey);
const fail = (error: unknown) => {
  throw error;
};

const pauses = new PauseWatch();
globalThis.gc?.();
const emptyMegabytes = residentMegabytes();

const startedAtMs = performance.now();
pauses.start();
const first = await loadRevision(new LastKnownGood(join(folder, 'first'), fail), undefined, verificationKey, 'us');
if (!first) throw new Error('the disk has nothing');
const store = new SnapshotStore('us', generateRegionKey(), () => performance.now());
store.apply(first);
const coldStartMs = performance.now() - startedAtMs;
const memoryMegabytes = residentMegabytes() - emptyMegabytes;

const second = await loadRevision(new LastKnownGood(join(folder, 'second'), fail), store.running, verificationKey, 'us');
if (!second) throw new Error('no second revision');
store.apply(second);
const memoryWithSecondMegabytes = residentMegabytes() - emptyMegabytes;

const changesAtMs = performance.now();
const third = await loadRevision(new LastKnownGood(join(folder, 'third'), fail), store.running, verificationKey, 'us');
if (!third) throw new Error('no changes');
store.apply(third);
const changesMs = performance.now() - changesAtMs;
await new Promise((resolve) => setTimeout(resolve, 50));
pauses.stop();

const snapshot = store.current();
const hashes = keys.map((key) => hashApiKey(key, pepper));
const callers = keys.map((key) => ({ authorization: `Bearer ${key}`, address: '192.0.2.1', batchTicket: undefined }));
const options = { pepper, region: 'us', nodeToken: 'x', now: Date.now };
// The best of several rounds, each over all keys: a neighbour's work on the same processor is in none of them for long.
const lookup = best(() => timeEach(hashes, (hash) => snapshot.access.find(hash)));
const firstSight = best(() => {
  const authenticate = createAuthenticate(options);
  return timeEach(callers, (caller) => authenticate(caller, snapshot));
});
const recent = callers.slice(0, 4_000);
const authenticate = createAuthenticate(options);
const known = callers.slice(0, 8_000);
let { revision } = snapshot;
timeEach(known, (caller) => authenticate(caller, snapshot));
const afterChange = best(() => {
  const next = Object.freeze({ ...snapshot, revision: ++revision });
  return timeEach(known, (caller) => authenticate(caller, next));
});
const seenBefore = best(() => timeEach(recent, (caller) => authenticate(caller, snapshot)));

const figures: AccessFigures = {
  ...{ coldStartMs, memoryMegabytes, memoryWithSecondMegabytes, changesMs, lookup, firstSight, afterChange, seenBefore },
  recordsMegabytes: first.accessBytes.length / 1024 / 1024,
  pauseCpuMs: pauses.longestCpuMs,
  pauseClockMs: pauses.longestClockMs,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);

function residentMegabytes(): number {
  return process.memoryUsage.rss() / 1024 / 1024;
}

function best(measure: () => Percentiles): Percentiles {
  measure();
  const all = Array.from({ length: ROUNDS }, measure);
  return all.reduce((left, right) => (right.p99 < left.p99 ? right : left));
}

function timeEach<Item>(items: readonly Item[], work: (item: Item) => unknown): Percentiles {
  const times = new Float64Array(items.length);
  const before = process.threadCpuUsage();
  for (const [index, item] of items.entries()) {
    const at = performance.now();
    if (work(item) === undefined) throw new Error('a key was not found');
    times[index] = (performance.now() - at) * 1000;
  }
  const used = process.threadCpuUsage(before);
  times.sort();
  const share = (part: number) => times[Math.floor(times.length * part)] ?? Number.NaN;
  return { p50: share(0.5), p99: share(0.99), cpu: (used.user + used.system) / items.length };
}
