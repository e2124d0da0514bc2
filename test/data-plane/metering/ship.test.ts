import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { createMetering, type Metering } from '../../../data-plane/metering/metering.js';
import type { Hold } from '../../../data-plane/types.js';
import { redisKeys } from '../../../shared/redis-keys.js';
import type { UsageBatch } from '../../../shared/usage-event.js';
import { startOwnRedis } from '../../support/redis.js';
import {
  ACCOUNT,
  eventually,
  KEY,
  later,
  makePlan,
  makePrincipal,
  makeRequest,
  NODE_TOKEN,
  startControlPlane,
  type TestControlPlane,
  temporaryDirectory,
  usageFrame,
} from '../money.js';

const figures = { limit: 1, remaining: 1, resetMs: 0 };
const freeHold = (): Hold => ({
  ...{ requestId: '', accountId: ACCOUNT, keyId: KEY, leaseId: randomUUID(), limits: { requests: figures, tokens: figures } },
  ...{
    amount: 10_000_000_000n,
    refused: false,
    outputTokens: null,
    extend: () => true,
    settle: (actual: bigint) => actual,
    cancel: () => undefined,
  },
});

function startMetering(plane: TestControlPlane, redisUrl: string, dataDirectory = temporaryDirectory()): Metering {
  const metering = createMetering({
    ...{ nodeId: 'node-1', region: 'us', dataDirectory, redisUrl, redisPrefix: 'test', controlPlane: plane.client, nodeToken: NODE_TOKEN },
    warn: () => undefined,
  });
  afterAll(() => metering.close());
  return metering;
}

function serve(metering: Metering, count: number): void {
  for (let index = 0; index < count; index++) {
    const plan = makePlan();
    const hold = freeHold();
    const meter = metering.openMeter(makeRequest(), makePrincipal(), plan, hold);
    const [candidate] = plan.candidates;
    if (candidate) meter.commit(candidate);
    meter.observe(usageFrame(100, 50, { deliveredBytes: 200 }));
    metering.settle(hold, meter.close());
  }
}

/** The consumer: settles what lies in the stream and says so. */
async function consume(plane: TestControlPlane, redis: Redis): Promise<number> {
  const keys = redisKeys('test');
  const entries = await redis.xrange(keys.usageStream, '-', '+');
  for (const [id, fields] of entries) {
    const batch: UsageBatch = JSON.parse(fields[1] ?? '');
    const acknowledged = plane.ledger.settle(batch);
    await redis.hset(keys.usageAcknowledged, `${batch.nodeId}/${batch.epoch}`, acknowledged);
    await redis.xdel(keys.usageStream, id);
  }
  return entries.length;
}

test('settlements travel over the Redis Stream, many to a command, and the acknowledgement comes back', async () => {
  const [plane, server] = await Promise.all([startControlPlane(), startOwnRedis()]);
  const redis = new Redis(server.url);
  afterAll(() => redis.disconnect());
  const metering = startMetering(plane, server.url);
  await later(200);
  serve(metering, 1_200);
  await eventually(async () => (await redis.xlen(redisKeys('test').usageStream)) === 3 || undefined);
  expect(await consume(plane, redis)).toBe(3);
  await eventually(() => metering.spool.unacknowledged === 0);
  expect(plane.ledger.settlements.size).toBe(1_200);
  expect(plane.calls.get('/internal/usage')).toBeUndefined();
});

test('with Redis away they go to the control plane over HTTP', async () => {
  const plane = await startControlPlane();
  const metering = startMetering(plane, 'redis://127.0.0.1:1');
  serve(metering, 10);
  await eventually(() => metering.spool.unacknowledged === 0);
  expect(plane.ledger.settlements.size).toBe(10);
});

test('a stream that was flushed is sent again, over HTTP, and settled once', async () => {
  const [plane, server] = await Promise.all([startControlPlane(), startOwnRedis()]);
  const redis = new Redis(server.url);
  afterAll(() => redis.disconnect());
  const metering = startMetering(plane, server.url);
  await later(200);
  serve(metering, 5);
  await eventually(async () => (await redis.xlen(redisKeys('test').usageStream)) > 0 || undefined);
  await redis.flushall();
  serve(metering, 5);
  await eventually(async () => (await redis.xlen(redisKeys('test').usageStream)) > 0 || undefined);
  await consume(plane, redis);
  expect(plane.ledger.settlements.size).toBe(5);
  await eventually(() => metering.spool.unacknowledged === 0, 15_000);
  expect(plane.ledger.settlements.size).toBe(10);
  expect(plane.ledger.doubles).toEqual([]);
});

test('a Redis that hangs delays nobody: events go over HTTP within a second', async () => {
  const [plane, server] = await Promise.all([startControlPlane(), startOwnRedis()]);
  const metering = startMetering(plane, server.url);
  await later(200);
  const client = new Redis(server.url);
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
  client.disconnect();
  process.kill(pid, 'SIGSTOP');
  try {
    const startedAt = performance.now();
    serve(metering, 100);
    expect(performance.now() - startedAt).toBeLessThan(100);
    await eventually(() => plane.ledger.settlements.size === 100, 3_000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('with both ways closed they wait in the spool; drain says how many are left', async () => {
  const plane = await startControlPlane();
  await plane.stop();
  const directory = temporaryDirectory();
  const metering = startMetering(plane, 'redis://127.0.0.1:1', directory);
  serve(metering, 7);
  expect(await metering.drain(300)).toBe(7);
  await plane.restart();
  await eventually(() => metering.spool.unacknowledged === 0, 10_000);
  expect(plane.ledger.settlements.size).toBe(7);
});

test('what an earlier life did not ship, the next one does', async () => {
  const plane = await startControlPlane();
  await plane.stop();
  const directory = temporaryDirectory();
  const first = startMetering(plane, 'redis://127.0.0.1:1', directory);
  serve(first, 3);
  await first.close();
  await plane.restart();
  const second = startMetering(plane, 'redis://127.0.0.1:1', directory);
  expect(second.spool.unacknowledged).toBe(3);
  await eventually(() => second.spool.unacknowledged === 0);
  expect(plane.ledger.settlements.size).toBe(3);
});
