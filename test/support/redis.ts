/**
 * A prefix of one's own on the run's Redis: test files do not see each other's keys. Tests that stop or flush Redis start their own
 * with `startOwnRedis`.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { type RedisServer, startRedis } from '../../local/services/redis.js';
import { afterFile } from './after-file.js';
import { askService } from './services.js';

export interface TestRedis {
  readonly url: string;
  /** For `redisKeys(prefix)`. */
  readonly prefix: string;
  readonly client: Redis;
}

/** Call it from a test file's top level, `beforeAll` or a test; the connection closes after the file. */
export async function connectRedis(): Promise<TestRedis> {
  const { url } = await askService('redis');
  const client = new Redis(url);
  afterFile(() => client.disconnect());
  return { url, prefix: `test-${randomBytes(6).toString('hex')}`, client };
}

/** A server that only this test uses; it stops with the test's process at the latest. `port`: the same again after a crash. */
export async function startOwnRedis(port?: number): Promise<RedisServer> {
  const { program } = await askService('redis');
  const logFile = join(mkdtempSync(join(tmpdir(), 'modelapi-redis-')), 'redis.log');
  return await startRedis({ program, port: port ?? (await findAnyFreePort()), logFile });
}
