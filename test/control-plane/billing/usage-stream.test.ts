import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import { UsageStreamConsumer } from '../../../control-plane/workers/ingest-usage-stream.js';
import type { PriceSheet } from '../../../shared/money.js';
import { redisKeys, USAGE_CONSUMER_GROUP } from '../../../shared/redis-keys.js';
import type { UsageEvent } from '../../../shared/usage-event.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import { connectRedis, startOwnRedis } from '../../support/redis.js';
import { startToxicProxy } from '../../support/toxic-proxy.js';
import { createCustomer, createNode, createPrice, grant, type Node, usageEvent } from './money-fixture.js';

let database: TestDatabase;
let price: PriceSheet;
beforeAll(async () => {
  database = await createDatabase();
  price = await createPrice(database.pool);
});
const consumers: UsageStreamConsumer[] = [];
const connections: Redis[] = [];
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
  for (const connection of connections.splice(0)) connection.disconnect();
});

const silent = { warn: () => undefined, error: () => undefined };

function consume(url: string, prefix: string, consumer = 'one', pool = database.pool): UsageStreamConsumer {
  const redis = new Redis(url, { commandTimeout: 500, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  const made = new UsageStreamConsumer({ redis, keys: redisKeys(prefix), settler: new UsageSettler(pool), consumer, log: silent });
  consumers.push(made);
  connections.push(redis);
  made.start();
  return made;
}

async function makeEvents(count: number): Promise<{ node: Node; events: UsageEvent[] }> {
  const node = createNode();
  const customer = await createCustomer(database.pool, 10_000_000_000n);
  const { leaseId } = await grant(database.pool, node, customer, 5_000_000n);
  return {
    node,
    events: Array.from({ length: count }, (_, index) => usageEvent(node, index + 1, customer, leaseId, price, { output: 10 })),
  };
}

async function ship(redis: Redis, prefix: string, node: Node, events: readonly UsageEvent[]): Promise<void> {
  await redis.xadd(redisKeys(prefix).usageStream, '*', 'batch', JSON.stringify({ nodeId: node.id, epoch: node.epoch, events }));
}

async function acknowledged(redis: Redis, prefix: string, node: Node, sequence: number): Promise<void> {
  await vi.waitFor(
    async () => expect(await redis.hget(redisKeys(prefix).usageAcknowledged, `${node.id}/${node.epoch}`)).toBe(String(sequence)),
    { timeout: 20_000, interval: 50 },
  );
}

test('shipped batches settle, are acknowledged to the node, and leave the stream', async () => {
  const { url, prefix, client } = await connectRedis();
  const { node, events } = await makeEvents(30);
  consume(url, prefix);
  await ship(client, prefix, node, events.slice(0, 20));
  await ship(client, prefix, node, events.slice(20));
  await acknowledged(client, prefix, node, 30);
  await vi.waitFor(async () => expect(await client.xlen(redisKeys(prefix).usageStream)).toBe(0));
  await assertMoneyInvariants(database.pool);
});

test('what waited before the first consumer came is settled', async () => {
  const { url, prefix, client } = await connectRedis();
  const { node, events } = await makeEvents(3);
  await ship(client, prefix, node, events);
  consume(url, prefix);
  await acknowledged(client, prefix, node, 3);
});

test('an entry that is no batch is quarantined, and the next one settles', async () => {
  const { url, prefix, client } = await connectRedis();
  const { node, events } = await makeEvents(1);
  const { usageStream } = redisKeys(prefix);
  await client.xadd(usageStream, '*', 'batch', `{"broken ${prefix}`);
  await client.xadd(usageStream, '*', 'other', prefix);
  await ship(client, prefix, node, events);
  consume(url, prefix);
  await acknowledged(client, prefix, node, 1);
  const { rows } = await database.pool.query("SELECT reason FROM quarantine WHERE event LIKE '%' || $1 || '%'", [prefix]);
  expect(rows).toEqual([{ reason: 'malformed_batch' }, { reason: 'malformed_batch' }]);
});

test('two control planes share the stream and post nothing twice', async () => {
  const { url, prefix, client } = await connectRedis();
  const { node, events } = await makeEvents(100);
  consume(url, prefix, 'one');
  consume(url, prefix, 'two');
  for (let start = 0; start < 100; start += 5) await ship(client, prefix, node, events.slice(start, start + 5));
  await acknowledged(client, prefix, node, 100);
  const { rows } = await database.pool.query('SELECT count(*)::integer AS count FROM settlement WHERE node_id = $1', [node.id]);
  expect(rows).toEqual([{ count: 100 }]);
  await assertMoneyInvariants(database.pool);
});

test('an entry that a dead consumer held, committed or not, is claimed and settles once', async () => {
  const { url, prefix, client } = await connectRedis();
  const { node, events } = await makeEvents(4);
  const { usageStream } = redisKeys(prefix);
  await client.xgroup('CREATE', usageStream, USAGE_CONSUMER_GROUP, '0', 'MKSTREAM');
  await ship(client, prefix, node, events.slice(0, 2));
  await ship(client, prefix, node, events.slice(2));
  await client.xreadgroup('GROUP', USAGE_CONSUMER_GROUP, 'dead', 'COUNT', 2, 'STREAMS', usageStream, '>');
  // It died between commit and acknowledge of the first entry. Redis is told that both were read a minute ago.
  await new UsageSettler(database.pool).settle(events.slice(0, 2).map((raw) => ({ nodeId: node.id, epoch: node.epoch, raw })));
  const pending = (await client.xpending(usageStream, USAGE_CONSUMER_GROUP, '-', '+', 2)) as [string, ...unknown[]][];
  await client.xclaim(usageStream, USAGE_CONSUMER_GROUP, 'dead', 0, ...pending.map(([id]) => id), 'IDLE', 60_000, 'JUSTID');
  consume(url, prefix, 'alive');
  await acknowledged(client, prefix, node, 4);
  const { rows } = await database.pool.query('SELECT count(*)::integer AS count FROM settlement WHERE node_id = $1', [node.id]);
  expect(rows).toEqual([{ count: 4 }]);
});

test('Redis is flushed, then restarted empty: the consumer goes on, and what is sent again settles once', async () => {
  const server = await startOwnRedis();
  const url = server.url;
  const { node, events } = await makeEvents(9);
  const admin = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  connections.push(admin);
  consume(url, 'flushed');
  await ship(admin, 'flushed', node, events.slice(0, 3));
  await acknowledged(admin, 'flushed', node, 3);
  await admin.flushall();
  await ship(admin, 'flushed', node, events.slice(0, 6));
  await acknowledged(admin, 'flushed', node, 6);
  await server.process.stop();
  const again = await startOwnRedis(Number(new URL(url).port));
  await ship(admin, 'flushed', node, events.slice(3, 9));
  await acknowledged(admin, 'flushed', node, 9);
  await again.process.stop();
  await assertMoneyInvariants(database.pool);
});

test('PostgreSQL is cut off: nothing is acknowledged, and it settles once when it is back', async () => {
  const { url, prefix, client } = await connectRedis();
  const { node, events } = await makeEvents(5);
  const address = new URL(database.url);
  const proxy = await startToxicProxy({ host: address.hostname, port: Number(address.port) });
  const pool = new pg.Pool({ connectionString: proxy.in(database.url), max: 2 });
  pool.on('error', () => undefined);
  proxy.set({ refuse: true });
  consume(url, prefix, 'one', pool);
  await ship(client, prefix, node, events);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await client.hlen(redisKeys(prefix).usageAcknowledged)).toBe(0);
  expect(await client.xlen(redisKeys(prefix).usageStream)).toBe(1);
  proxy.resume();
  await acknowledged(client, prefix, node, 5);
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
  await pool.end();
  await assertMoneyInvariants(database.pool);
});
