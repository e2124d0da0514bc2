import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createSnapshots, type Snapshots } from '../../../data-plane/snapshot/create-snapshots.js';
import type { ControlPlane } from '../../../data-plane/types.js';
import { GatewayError } from '../../../shared/errors.js';
import type { NodeStatus } from '../../../shared/node-status.js';
import { redisKeys } from '../../../shared/redis-keys.js';
import { connectRedis, startOwnRedis } from '../../support/redis.js';
import { startToxicProxy } from '../../support/toxic-proxy.js';
import { newKey, TestPublisher } from './test-publisher.js';

const opened: Snapshots[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((snapshots) => snapshots.close()));
});

const away: ControlPlane = {
  call: async () => {
    throw new GatewayError('service_unavailable', 'away');
  },
};

/** What the control plane's `/internal/snapshot` answers. */
function controlPlaneOf(publisher: TestPublisher, reports: NodeStatus[] = []): ControlPlane {
  return {
    async call({ path, body }) {
      if (body !== undefined) reports.push(JSON.parse(body));
      const [, sha256] = /documents\/(\w+)/.exec(path) ?? [];
      if (sha256) return { status: 200, body: publisher.documents.get(sha256) ?? Buffer.alloc(0) };
      if (path.includes('/changes')) return { status: 200, body: Buffer.from(publisher.changesOfBase.join('\n')) };
      return { status: publisher.newest ? 200 : 404, body: Buffer.from(JSON.stringify(publisher.newest ?? {})) };
    },
  };
}

async function startNode(publisher: TestPublisher, redis: { url: string; prefix: string }, controlPlane = away, directory?: string) {
  const dataDirectory = directory ?? (await mkdtemp(join(tmpdir(), 'modelapi-node-')));
  const snapshots = createSnapshots({
    nodeId: 'node-1',
    region: 'us',
    regionKey: publisher.regionKey,
    publicKey: publisher.publicKey,
    redisUrl: redis.url,
    redisPrefix: redis.prefix,
    nodeToken: 'token',
    dataDirectory,
    controlPlane,
    random: Math.random,
    log: () => undefined,
    onFleet: () => undefined,
    onCircuitHint: () => undefined,
    status: () => ({
      nodeId: 'node-1',
      region: 'us',
      epoch: 1,
      version: '0',
      url: 'http://127.0.0.1',
      startedAtMs: 0,
      ready: true,
      draining: false,
      openRequests: 0,
      spool: { unacknowledged: 0, bytes: 0 },
      endpoints: [],
    }),
  });
  opened.push(snapshots);
  await snapshots.start();
  return { snapshots, dataDirectory };
}

const reaches = (snapshots: Snapshots, revision: number, timeout = 3_000) =>
  vi.waitFor(() => expect(snapshots.revision()).toBe(revision), { timeout, interval: 10 });

test('an announcement is applied, acknowledged, and kept on disk for the next start', async () => {
  const redis = await connectRedis();
  const publisher = new TestPublisher();
  const { snapshots, dataDirectory } = await startNode(publisher, redis);
  expect(() => snapshots.current()).toThrow(expect.objectContaining({ code: 'not_ready' }));

  publisher.publishBase(1, publisher.catalog(), [newKey(1).record]);
  await publisher.announceIn(redis.client, redis.prefix);
  await reaches(snapshots, 1);
  await vi.waitFor(async () => {
    const status: NodeStatus = JSON.parse((await redis.client.hget(redisKeys(redis.prefix).fleetStatus, 'node-1')) ?? '{}');
    expect(status).toMatchObject({ appliedRevision: 1, appliedFrom: 'redis', rejected: null });
  });
  await snapshots.close();

  const restarted = await startNode(publisher, { url: 'redis://127.0.0.1:1', prefix: 'none' }, away, dataDirectory);
  expect(restarted.snapshots.current().revision).toBe(1);
});

test('a revocation reaches a connected node within a second', async () => {
  const redis = await connectRedis();
  const publisher = new TestPublisher();
  const { record } = newKey(1);
  publisher.publishBase(1, publisher.catalog(), [record]);
  await publisher.announceIn(redis.client, redis.prefix);
  const { snapshots } = await startNode(publisher, redis);
  await reaches(snapshots, 1);
  expect(snapshots.current().access.find(record.hash)).toBeDefined();
  // The subscription's own confirmation comes a moment after the first pull.
  await vi.waitFor(async () => expect(await redis.client.pubsub('NUMSUB', redisKeys(redis.prefix).configChannel)).toContain(1));

  publisher.publishChange({ revision: 2, keys: [{ hash: record.hash.toString('hex'), key: null }], accounts: [] });
  await publisher.announceIn(redis.client, redis.prefix);
  await reaches(snapshots, 2, 1_000);
  expect(snapshots.current().access.find(record.hash)).toBeUndefined();
});

test('a revision whose announcement was lost is found by polling', async () => {
  const redis = await connectRedis();
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  await publisher.announceIn(redis.client, redis.prefix);
  const { snapshots } = await startNode(publisher, redis);
  await reaches(snapshots, 1);
  publisher.publishBase(2, publisher.catalog(), []);
  await publisher.announceIn(redis.client, redis.prefix, { silently: true });
  await reaches(snapshots, 2, 8_000);
});

test('with Redis away, the control plane gives the configuration and takes the status', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  publisher.publishChange({ revision: 2, keys: [], accounts: [] });
  const reports: NodeStatus[] = [];
  const { snapshots } = await startNode(publisher, { url: 'redis://127.0.0.1:1', prefix: 'none' }, controlPlaneOf(publisher, reports));
  await reaches(snapshots, 2);
  await vi.waitFor(() => expect(reports.at(-1)).toMatchObject({ appliedRevision: 2, appliedFrom: 'control-plane' }));
});

test('what Redis holds altered is refused, said so, and fetched from the control plane', async () => {
  const redis = await connectRedis();
  const publisher = new TestPublisher();
  const { catalog } = publisher.publishBase(1, publisher.catalog(), []);
  await publisher.announceIn(redis.client, redis.prefix);
  await redis.client.setrange(redisKeys(redis.prefix).configDocument(catalog.sha256), 10, '#');

  const alone = await startNode(publisher, redis);
  await vi.waitFor(async () => {
    const status: NodeStatus = JSON.parse((await redis.client.hget(redisKeys(redis.prefix).fleetStatus, 'node-1')) ?? '{}');
    expect(status.rejected?.reason).toMatch(/hash that was signed/);
  });
  expect(alone.snapshots.revision()).toBe(0);

  const helped = await startNode(publisher, redis, controlPlaneOf(publisher));
  await reaches(helped.snapshots, 1);
});

test('a corrupt last-known-good is refused and fetched again', async () => {
  const redis = await connectRedis();
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  await publisher.announceIn(redis.client, redis.prefix);
  const first = await startNode(publisher, redis);
  await reaches(first.snapshots, 1);
  await first.snapshots.close();
  const folder = join(first.dataDirectory, 'last-known-good');
  for (const name of await readdir(folder)) if (name.length === 64) await writeFile(join(folder, name), 'not what was signed');

  const alone = await startNode(publisher, { url: 'redis://127.0.0.1:1', prefix: 'none' }, away, first.dataDirectory);
  expect(alone.snapshots.revision()).toBe(0);
  const connected = await startNode(publisher, redis, away, first.dataDirectory);
  await reaches(connected.snapshots, 1);
});

test('a node that was cut off converges within 5 s of its reconnection', async () => {
  const server = await startOwnRedis();
  const { Redis } = await import('ioredis');
  const client = new Redis(server.url);
  const proxy = await startToxicProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  await publisher.announceIn(client, 'cut');
  const { snapshots } = await startNode(publisher, { url: `redis://127.0.0.1:${proxy.port}`, prefix: 'cut' });
  await reaches(snapshots, 1);

  proxy.set({ refuse: true });
  proxy.cut();
  for (let revision = 2; revision <= 5; revision++) publisher.publishChange({ revision, keys: [], accounts: [] });
  await publisher.announceIn(client, 'cut');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(snapshots.current().revision).toBe(1);
  proxy.resume();
  await reaches(snapshots, 5, 5_000);
  client.disconnect();
  await server.process.stop();
});
