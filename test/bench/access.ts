/**
 * The access index at size: `node dist/test/bench/access.js [keys]` (1,000,000 when absent). Prints how long a cold start from disk
 * takes, the memory of the index, the longest pause of the event loop while a revision and a change are applied, and a lookup's time.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LastKnownGood } from '../../data-plane/snapshot/last-known-good.js';
import { loadRevision } from '../../data-plane/snapshot/load-revision.js';
import { SnapshotStore } from '../../data-plane/snapshot/snapshot-store.js';
import { snapshotVerificationKey } from '../../data-plane/snapshot/verify-manifest.js';
import { KEY_ACTIVE, type KeyRecord } from '../../shared/access-document.js';
import { ACCOUNT_ID, activeAccount, TestPublisher } from '../data-plane/snapshot/test-publisher.js';

const count = Number(process.argv[2] ?? 1_000_000);
const LOOKUPS = 200_000;

const publisher = new TestPublisher();
const keys = Array.from(
  { length: count },
  (_none, index): KeyRecord => ({
    hash: randomBytes(32),
    keyId: `018f0000-0000-7000-9000-${String(index).padStart(12, '0')}`,
    accountId: ACCOUNT_ID,
    expiresAt: 0,
    flags: KEY_ACTIVE,
    policy: index % 10 === 0 ? { requestsPerMinute: 60 } : {},
  }),
);
publisher.publishBase(1, publisher.catalog(), keys, [activeAccount()]);
const some = keys.filter((_key, index) => index % 100 === 0).map(({ hash }) => hash);
const revoked = keys[5]?.hash ?? Buffer.alloc(32);
keys.length = 0;

const verificationKey = snapshotVerificationKey(publisher.publicKey);
const directory = await mkdtemp(join(tmpdir(), 'modelapi-access-'));
const disk = new LastKnownGood(directory, (error) => {
  throw error;
});
const first = await loadRevision(publisher, undefined, verificationKey, 'us');
if (!first) throw new Error('nothing was published');
disk.save(first);
await disk.flush();

globalThis.gc?.();
const before = process.memoryUsage();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const startedAtMs = performance.now();
const loaded = await loadRevision(disk, undefined, verificationKey, 'us');
if (!loaded) throw new Error('the disk has nothing');
const store = new SnapshotStore('us', publisher.regionKey, () => performance.now());
store.apply(loaded);
const coldStartMs = performance.now() - startedAtMs;
const after = process.memoryUsage();

publisher.publishChange({ revision: 2, keys: [{ hash: revoked.toString('hex'), key: null }], accounts: [] });
const changeStartedAtMs = performance.now();
const changed = await loadRevision(publisher, store.running, verificationKey, 'us');
if (changed) store.apply(changed);
const changeMs = performance.now() - changeStartedAtMs;
await new Promise((resolve) => setTimeout(resolve, 20));
delay.disable();
if (store.current().access.find(revoked)) throw new Error('a revoked key was found');

const { access } = store.current();
const times = new Float64Array(LOOKUPS);
for (let index = 0; index < LOOKUPS; index++) {
  const hash = some[index % some.length] ?? revoked;
  const at = performance.now();
  access.find(hash);
  times[index] = performance.now() - at;
}
times.sort();
const microseconds = (share: number) => ((times[Math.floor(LOOKUPS * share)] ?? 0) * 1000).toFixed(2);
const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(0);

process.stdout.write(
  [
    `keys                         ${count}`,
    `cold start from disk         ${coldStartMs.toFixed(0)} ms`,
    `one change applied           ${changeMs.toFixed(1)} ms`,
    `longest event-loop pause     ${(delay.max / 1e6).toFixed(1)} ms`,
    `index                        ${megabytes(loaded.accessBytes.length)} MB of records, ${megabytes(after.heapUsed - before.heapUsed)} MB of heap`,
    `lookup p50 / p99 / p99.9     ${microseconds(0.5)} / ${microseconds(0.99)} / ${microseconds(0.999)} us`,
    '',
  ].join('\n'),
);
await rm(directory, { recursive: true });
