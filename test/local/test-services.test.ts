import { beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { connectRedis, type TestRedis } from '../support/redis.js';

let database: TestDatabase;
let redis: TestRedis;
beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase(), connectRedis()]);
});

describe('test services', () => {
  it('gives a database with the newest schema', async () => {
    const { rows } = await database.pool.query('SELECT count(*)::int AS applied FROM schema_migration');
    expect(rows[0].applied).toBeGreaterThan(0);
  });
  it('gives a second database that does not see the first', async () => {
    const other = await createDatabase();
    await database.pool.query('CREATE TABLE only_here (id int)');
    const { rows } = await other.pool.query("SELECT 1 FROM pg_class WHERE relname = 'only_here'");
    expect(rows).toEqual([]);
  });
  it('gives a Redis with a prefix of its own', async () => {
    await redis.client.set(`${redis.prefix}:a`, 'b');
    expect(await redis.client.get(`${redis.prefix}:a`)).toBe('b');
  });
});
