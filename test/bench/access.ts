/**
 * `npm run bench:access [-- --keys=1000000] [--revocations=100] [--skip-fleet]`: the access index at size, and a key's revocation over four nodes.
 *
 * 1. A process of its own (`access-index.ts`) starts cold from a last-known-good of so many keys, then applies a second base and 2,000
 *    changes: memory, time, the longest pause of the event loop; then lookups and whole authentications.
 * 2. The product with four nodes in two regions and as many keys in its database: keys are revoked in the control plane, and every node
 *    is asked until it refuses (`access-revocation.ts`).
 * Exits with 1 when a figure of the design is missed. The figures of time depend on who else has the processors: the load is printed.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { LastKnownGood } from '../../data-plane/snapshot/last-known-good.js';
import { loadRevision } from '../../data-plane/snapshot/load-revision.js';
import { snapshotVerificationKey } from '../../data-plane/snapshot/verify-manifest.js';
import { KEY_ACTIVE, type KeyRecord } from '../../shared/access-document.js';
import { ACCOUNT_ID, activeAccount, newKey, PEPPER, TestPublisher } from '../data-plane/snapshot/test-publisher.js';
import type { AccessFigures, AccessFolder } from './access-index.js';
import { measureRevocations } from './access-revocation.js';

const REAL_KEYS = 20_000;
const CHANGES = 2_000;

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    revocations: { type: 'string', default: '100' },
    'skip-fleet': { type: 'boolean', default: false },
  },
});
const keyCount = Number(options.keys);

async function writeRevisions(folder: string): Promise<void> {
  const publisher = new TestPublisher();
  const key = snapshotVerificationKey(publisher.publicKey);
  const real = Array.from({ length: Math.min(REAL_KEYS, keyCount) }, (_none, index) => newKey(index));
  const records = Array.from({ length: keyCount }, (_none, index): KeyRecord => {
    const record = real[index]?.record ?? {
      hash: randomBytes(32),
      keyId: keyIdOf(index),
      accountId: ACCOUNT_ID,
      expiresAt: 0,
      flags: KEY_ACTIVE,
    };
    return { ...record, policy: index % 10 === 0 ? { requestsPerMinute: 60 } : {} };
  });
  const save = async (name: string) => {
    const disk = new LastKnownGood(join(folder, name), (error) => {
      throw error;
    });
    const revision = await loadRevision(publisher, undefined, key, 'us');
    if (!revision) throw new Error('nothing was published');
    disk.save(revision);
    await disk.flush();
  };
  publisher.publishBase(1, publisher.catalog(), records, [activeAccount()]);
  await save('first');
  records.push({ ...newKey(keyCount).record });
  publisher.publishBase(2, publisher.catalog(), records, [activeAccount()]);
  await save('second');
  for (let index = 0; index < CHANGES; index++) {
    const gone = records[REAL_KEYS + index]?.hash ?? randomBytes(32);
    publisher.publishChange({ revision: 3 + index, keys: [{ hash: gone.toString('hex'), key: null }], accounts: [] });
  }
  await save('third');
  const left: AccessFolder = { publicKey: publisher.publicKey, pepper: PEPPER, keys: real.map((one) => one.key) };
  writeFileSync(join(folder, 'bench.json'), JSON.stringify(left));
}

function keyIdOf(index: number): string {
  return `018f0000-0000-7000-9000-${String(index).padStart(12, '0')}`;
}

async function measureIndex(): Promise<AccessFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'modelapi-access-'));
  try {
    await writeRevisions(folder);
    const script = fileURLToPath(new URL('./access-index.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, folder]);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Line {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What the design allows. */
  readonly most?: number;
}

function print(lines: readonly Line[]): boolean {
  for (const { what, value, unit, most } of lines) {
    const verdict = most === undefined ? '' : value < most ? `  (below ${most})` : `  MISSED: must be below ${most}`;
    process.stdout.write(`${what.padEnd(58)} ${value.toFixed(value < 100 ? 2 : 0).padStart(10)} ${unit}${verdict}\n`);
  }
  return lines.every(({ value, most }) => most === undefined || value < most);
}

const loadText = () =>
  loadavg()
    .map((load) => load.toFixed(1))
    .join(' ');
process.stdout.write(`${keyCount} keys; ${cpus().length} processors, load average ${loadText()}\n`);
const index = await measureIndex();
let good = print([
  { what: 'index: records', value: index.recordsMegabytes, unit: 'MB', most: 150 },
  { what: 'index: resident memory after a cold start', value: index.memoryMegabytes, unit: 'MB', most: 150 },
  { what: 'index: resident memory while a second base replaces it', value: index.memoryWithSecondMegabytes, unit: 'MB' },
  { what: 'cold start from disk', value: index.coldStartMs, unit: 'ms', most: 1_000 },
  { what: `${CHANGES} changes applied`, value: index.changesMs, unit: 'ms' },
  { what: 'longest event-loop pause, processor time', value: index.pauseCpuMs, unit: 'ms', most: 20 },
  { what: 'longest event-loop pause, on the clock', value: index.pauseClockMs, unit: 'ms' },
  { what: 'lookup of a hash, p50', value: index.lookup.p50, unit: 'us' },
  { what: 'lookup of a hash, p99', value: index.lookup.p99, unit: 'us' },
  { what: 'authentication, key seen lately, p99', value: index.seenBefore.p99, unit: 'us', most: 5 },
  { what: 'authentication, key seen before the last change, p99', value: index.afterChange.p99, unit: 'us', most: 5 },
  // Once for each key and node: the HMAC alone is more than half of it.
  { what: 'authentication, key never seen, processor time of one', value: index.firstSight.cpu, unit: 'us' },
  { what: 'authentication, key never seen, p50', value: index.firstSight.p50, unit: 'us' },
  { what: 'authentication, key never seen, p99', value: index.firstSight.p99, unit: 'us' },
]);
if (!options['skip-fleet']) {
  const { refusedMs, publishedMs, answeredMs } = await measureRevocations(keyCount, Number(options.revocations));
  const fleet = print([
    { what: 'fleet: so many keys published and applied by four nodes', value: publishedMs, unit: 'ms' },
    { what: 'fleet: revocation answered (all nodes acknowledged), p99', value: answeredMs, unit: 'ms' },
    { what: 'fleet: revocation to refusal by the last node, p50', value: refusedMs.p50, unit: 'ms' },
    { what: 'fleet: revocation to refusal by the last node, p99', value: refusedMs.p99, unit: 'ms', most: 1_000 },
  ]);
  good = fleet && good;
}
process.stdout.write(`load average ${loadText()}\n`);
process.exitCode = good ? 0 : 1;
