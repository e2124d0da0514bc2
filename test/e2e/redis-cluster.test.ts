/** Redis Cluster of three masters: every key has a hash tag, so configuration, usage and the fleet's status work there too. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { TetheredProcess } from '../../local/services/tethered-process.js';
import { afterFile } from '../support/after-file.js';
import { createFolder } from '../support/folder.js';
import { assertMoneyInvariants } from '../support/invariants.js';
import { askService } from '../support/services.js';
import { waitForSettlement } from '../support/settlement.js';
import { startStack } from '../support/stack.js';

const SLOTS = 16_384;
const MASTERS = 3;
/** Nodes of a cluster talk to each other on the port plus this; both must exist. */
const HIGHEST_PORT = 55_000;

test('a completion is configured, served, shipped and settled over three masters', { timeout: 180_000 }, async () => {
  const masters = await startCluster();
  const environment = { REDIS_URL: masters.map(({ port }) => `redis://127.0.0.1:${port}`).join(',') };
  const stack = await startStack({ nodes: ['us', 'sg'], extra: () => ({ controlPlane: environment, dataPlane: environment }) });
  const client = new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.apiKey, maxRetries: 0 });
  const { response } = await client.chat.completions
    .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello!' }] })
    .withResponse();
  const settlement = await waitForSettlement(stack.database.pool, response.headers.get('x-modelapi-generation') ?? '');
  expect(settlement.charge).toBeGreaterThan(0n);
  await assertMoneyInvariants(stack.database.pool);

  const keys = (await Promise.all(masters.map(({ redis }) => redis.keys('*')))).map((found) => found.length);
  // Configuration, fleet and usage have tags of their own, and the plain Redis of the test's stack was not used.
  expect(keys.filter((count) => count > 0).length).toBeGreaterThan(1);
  expect(await stack.redis.client.keys(`${stack.redis.prefix}*`)).toEqual([]);
});

interface Master {
  readonly port: number;
  readonly redis: Redis;
}

async function startCluster(): Promise<Master[]> {
  const { program } = await askService('redis');
  const masters: Master[] = [];
  for (let index = 0; index < MASTERS; index++) {
    const port = await freePort();
    const folder = createFolder();
    const parameters = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--cluster-enabled', 'yes'];
    const child = TetheredProcess.program([program, ...parameters], 'TERM', {
      name: `cluster-${index}`,
      logFile: join(folder, 'redis.log'),
    });
    afterFile(() => child.stop());
    const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 100 });
    redis.on('error', () => undefined);
    afterFile(() => redis.disconnect());
    masters.push({ port, redis });
  }
  const share = Math.ceil(SLOTS / MASTERS);
  for (const [index, { redis }] of masters.entries()) {
    await redis.cluster('ADDSLOTSRANGE', index * share, Math.min((index + 1) * share, SLOTS) - 1);
    for (const { port } of masters) if (port !== masters[index]?.port) await redis.cluster('MEET', '127.0.0.1', port);
  }
  for (const { redis } of masters) while (!(await redis.cluster('INFO')).includes('cluster_state:ok')) await pause(100);
  return masters;
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = await findAnyFreePort();
    if (port < HIGHEST_PORT) return port;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
