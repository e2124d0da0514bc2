import { fork } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Spool } from '../../../data-plane/metering/spool.js';
import { SpoolReader } from '../../../data-plane/metering/spool-reader.js';
import type { ProgressRecord, StartRecord } from '../../../data-plane/metering/spool-record.js';
import { INTERACTIVE, NO_TOKENS } from '../../../shared/money.js';
import type { UsageEvent } from '../../../shared/usage-event.js';
import { ACCOUNT, KEY, temporaryDirectory } from '../money.js';

const spools = new Set<Spool>();
const warnings: string[] = [];

function openSpool(directory: string, segmentBytes = 1024 * 1024): Spool {
  const spool = new Spool({ directory, nodeId: 'node-1', maxBytes: 1024 ** 3, segmentBytes, warn: (message) => warnings.push(message) });
  spools.add(spool);
  return spool;
}

/** As if the process had been killed: nothing more is written, nothing is tidied. */
function kill(spool: Spool): void {
  spools.delete(spool);
  spool.close();
}

afterEach(() => {
  for (const spool of spools) spool.close();
  spools.clear();
  warnings.length = 0;
});

const start = (requestId: string, leaseId: string | null = 'lease-1'): StartRecord => ({
  ...{
    requestId,
    region: 'us',
    accountId: ACCOUNT,
    keyId: KEY,
    leaseId,
    test: false,
    modelAsked: 'auto',
    route: 'r',
    tier: null,
    sessionId: null,
  },
  ...{ multiplier: INTERACTIVE, streamed: true, startedAtMs: 1, batchItemId: null },
});
const progress = (requestId: string, output: number): ProgressRecord => ({
  ...{ requestId, model: 'm', vendorId: 'v', endpointId: 'e', upstreamModel: 'u', byok: false, buckets: { ...NO_TOKENS, output } },
  ...{ reasoningTokens: 0, priceRevision: 7, actualNano: String(output), chargeNano: String(output), usageMismatch: false, attempts: [] },
  ...{ firstTokenMs: 5, totalMs: 10 },
});
function end(spool: Spool, requestId: string, charge: bigint): void {
  const { buckets, ...soFar } = progress(requestId, Number(charge));
  spool.end({
    ...start(requestId),
    ...soFar,
    buckets,
    ...{ epoch: spool.epoch, sequence: spool.nextSequence, nodeId: 'node-1', excluded: [], reason: 'completed' },
    ...{ estimated: false, status: 200, errorCode: null, finishReason: 'stop' },
  });
}
async function readAll(spool: Spool, epoch = spool.epoch): Promise<UsageEvent[]> {
  const reader = new SpoolReader(spool, epoch, 1);
  const events: UsageEvent[] = [];
  for (let batch = await reader.read(7, 1e6); batch; batch = await reader.read(7, 1e6))
    events.push(...batch.events.map((json) => JSON.parse(json)));
  await reader.close();
  return events;
}
const segments = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.spool'));

test('START is in the file when start returns', () => {
  const directory = temporaryDirectory();
  openSpool(directory).start(start('request-1'));
  const [name = ''] = segments(directory);
  expect(readFileSync(join(directory, name), 'utf8')).toContain('request-1');
});

test('a request without an END is ended as of its last progress, once, however often the node starts', async () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  for (const id of ['ended', 'streaming', 'silent']) first.start(start(id));
  first.progress(progress('streaming', 20));
  first.progress(progress('streaming', 30));
  end(first, 'ended', 9n);
  kill(first);

  const second = openSpool(directory);
  expect(second.recovered).toBe(2);
  expect(second.epoch).toBe(first.epoch + 1);
  const events = await readAll(second);
  expect(
    events.map(({ requestId, reason, chargeNano, estimated, sequence }) => [requestId, reason, chargeNano, estimated, sequence]),
  ).toEqual([
    ['streaming', 'node_crash', '30', true, 1],
    ['silent', 'node_crash', '0', true, 2],
  ]);
  kill(second);
  expect(openSpool(directory).recovered).toBe(0);
});

test('leases of the earlier life are known with count and sum', () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  for (const id of ['lease-1', 'lease-2', 'lease-3', 'lease-4']) first.asked(id, ACCOUNT, KEY);
  for (const id of ['lease-1', 'lease-2', 'lease-3']) first.granted(id, 500n);
  first.start(start('a'));
  end(first, 'a', 20n);
  first.start(start('b'));
  first.progress(progress('b', 7));
  first.closed('lease-2');
  first.returning('lease-3', true);
  kill(first);
  const known = openSpool(directory).inherited;
  expect(known).toMatchObject([
    { leaseId: 'lease-1', granted: 500n, settledCount: 2, settledSum: 27n, returning: false },
    { leaseId: 'lease-3', granted: 500n, settledCount: 0, returning: true },
    { leaseId: 'lease-4', granted: 0n, settledCount: 0 },
  ]);
});

test('a torn record at the end is left out, and what came before it stands', async () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  first.start(start('whole'));
  kill(first);
  const [name = ''] = segments(directory);
  appendFileSync(join(directory, name), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 2, 65, 66]));
  const second = openSpool(directory);
  expect(second.recovered).toBe(1);
  expect(warnings.join()).toContain('11 bytes');
});

test('a flipped byte ends the file there', () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  first.start(start('before'));
  const [name = ''] = segments(directory);
  const { length } = readFileSync(join(directory, name));
  first.start(start('damaged'));
  kill(first);
  const bytes = readFileSync(join(directory, name));
  bytes.writeUInt8(bytes.readUInt8(length + 20) ^ 1, length + 20);
  writeFileSync(join(directory, name), bytes);
  expect(openSpool(directory).recovered).toBe(1);
});

test('files turn over; a start reads the newest only, and the reader goes through all', async () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory, 20_000);
  first.start(start('stays open'));
  for (let count = 0; count < 200; count++) {
    first.start(start(`request-${count}`));
    end(first, `request-${count}`, 1n);
  }
  kill(first);
  expect(segments(directory).length).toBeGreaterThan(3);
  const events = await readAll(first);
  expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  // The older files tell the start nothing: empty ones do as well.
  for (const name of segments(directory).sort(byNumber).slice(0, -1)) truncateSync(join(directory, name), 0);
  const second = openSpool(directory, 20_000);
  expect(second.recovered).toBe(1);
});

test('a process that dies while it begins a file loses nothing', () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  first.start(start('a'));
  kill(first);
  writeFileSync(join(directory, `${first.epoch}-2-0.spool`), Buffer.from([9, 9, 9]));
  expect(openSpool(directory).recovered).toBe(1);
});

test('the epoch rises even when its file is lost, and a new disk does not begin where the old one did', () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  kill(first);
  rmSync(join(directory, 'epoch'));
  const second = openSpool(directory);
  expect(second.epoch).toBe(first.epoch + 1);
  expect(openSpool(temporaryDirectory()).epoch).toBeGreaterThan(1e12);
});

test('acknowledgements survive a restart; what is unacknowledged of an earlier epoch is still known', () => {
  const directory = temporaryDirectory();
  const first = openSpool(directory);
  for (const id of ['a', 'b', 'c']) {
    first.start(start(id));
    end(first, id, 1n);
  }
  first.acknowledged(first.epoch, 2);
  kill(first);
  const second = openSpool(directory);
  expect(second.unacknowledged).toBe(1);
  expect(second.state.range(first.epoch)).toEqual({ last: 3, acknowledged: 2 });
  second.acknowledged(first.epoch, 3);
  expect(second.unacknowledged).toBe(0);
});

test('a disk that refuses writes stops admission with 503, and what was admitted before it is recovered', async () => {
  const directory = temporaryDirectory();
  // RLIMIT_FSIZE: writes beyond 64 KB fail with EFBIG, as a full disk's fail with ENOSPC.
  const script = `
    import { Spool } from '${join(process.cwd(), 'data-plane/metering/spool.ts')}';
    process.on('SIGXFSZ', () => {});
    const warnings = [];
    const spool = new Spool({ directory: ${JSON.stringify(directory)}, nodeId: 'n', maxBytes: 1e9, segmentBytes: 1e9, warn: (m) => warnings.push(m) });
    const rest = ${JSON.stringify(start('any'))};
    let started = 0, refused;
    for (let i = 0; i < 1000 && !refused; i++) {
      try { spool.start({ ...rest, requestId: 'request-' + i, route: 'x'.repeat(500) }); started++; } catch (error) { refused = error; }
    }
    let again; try { spool.start({ ...rest, requestId: 'later' }); } catch (error) { again = error; }
    process.send({ started, code: refused?.code, again: again?.code, warnings });
    process.exit(0);`;
  const file = join(directory, 'full.mjs');
  writeFileSync(file, script);
  const child = fork(file, {
    execPath: '/bin/sh',
    execArgv: ['-c', `ulimit -f 64; exec "${process.execPath}" --import ./test/simulation/load-typescript.mjs "$0"`],
    stdio: 'inherit',
  });
  const said = await new Promise((resolve) => child.on('message', resolve));
  expect(said).toMatchObject({ code: 'service_unavailable', again: 'service_unavailable' });
  const { recovered } = openSpool(directory);
  expect(recovered).toBe((said as { started: number }).started);
});

function byNumber(left: string, right: string): number {
  return Number(left.split('-')[1]) - Number(right.split('-')[1]);
}
