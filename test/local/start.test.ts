import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LocalRecord } from '../../local/installation.js';
import { commandOf } from '../../local/services/stale-process.js';
import { createFolder } from '../support/folder.js';
import { askService } from '../support/services.js';

/** A first start makes a database, a seed and five processes on a machine that is busy with other tests. */
const START_MS = 120_000;
const GONE_MS = 15_000;

interface Started {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

const started: Started[] = [];
afterEach(() => {
  for (const one of started.splice(0)) one.process.kill('SIGKILL');
});

async function start(folder = createFolder()): Promise<Started> {
  const { dist } = await askService('program');
  const child = spawn(process.execPath, [join(dist, 'local/start.js')], { env: { ...process.env, LOCAL_DATA_DIR: folder } });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const one = { process: child, folder, output: () => output, exit };
  started.push(one);
  return one;
}

async function startReady(folder?: string): Promise<Started & { record: LocalRecord; pids: number[] }> {
  const one = await start(folder);
  const file = join(one.folder, 'local.json');
  await vi.waitFor(() => expect(existsSync(file), one.output()).toBe(true), { timeout: START_MS, interval: 100 });
  const record = JSON.parse(readFileSync(file, 'utf8')) as LocalRecord;
  return { ...one, record, pids: Object.values(record.pids) };
}

async function expectGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter((pid) => commandOf(pid) !== '')).toEqual([]), { timeout: GONE_MS, interval: 100 });
}

describe('npm start', () => {
  it('prints where everything is, and a second start says that it runs already', { timeout: 2 * START_MS }, async () => {
    const first = await startReady();
    await vi.waitFor(() => expect(first.output()).toContain(first.record.apiKey));
    expect(Object.keys(first.record.regions)).toEqual(['us', 'sg']);
    for (const [region, host] of Object.entries(first.record.hosts)) {
      expect(host).toMatch(new RegExp(`^http://${region}\\.api\\.localhost:\\d+$`));
      expect(first.output()).toContain(`${host}/v1`);
    }
    const second = await start(first.folder);
    expect(await second.exit).toBe(0);
    expect(second.output()).toContain(`already running at ${first.record.gateway}`);
    first.process.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    await expectGone(first.pids);
    expect(existsSync(join(first.folder, 'local.json'))).toBe(false);
  });

  it('keeps keys and data between starts', { timeout: 2 * START_MS }, async () => {
    const first = await startReady();
    first.process.kill('SIGINT');
    await first.exit;
    const again = await startReady(first.folder);
    expect(again.record.apiKey).toBe(first.record.apiKey);
    again.process.kill('SIGTERM');
    await again.exit;
  });

  it('leaves no process behind when it is killed', { timeout: 2 * START_MS }, async () => {
    const first = await startReady();
    first.process.kill('SIGKILL');
    await expectGone(first.pids);
  });

  it('stops everything when one of its processes dies, and says which', { timeout: 2 * START_MS }, async () => {
    const first = await startReady();
    process.kill(first.record.pids['sandbox'] ?? 0, 'SIGKILL');
    expect(await first.exit).toBe(1);
    expect(first.output()).toContain('sandbox ended by itself');
    await expectGone(first.pids);
  });
});
