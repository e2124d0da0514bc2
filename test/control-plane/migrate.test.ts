import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { migrate } from '../../control-plane/db/migrate.js';
import { createDatabase } from '../support/database.js';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
let directory: string;
let url: string;
const emptied: pg.Client[] = [];

/** An empty database, and a folder of migrations that the test may add to. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'migrations-'));
  ({ url } = await createDatabase());
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  emptied.push(client);
});
afterAll(() => Promise.all(emptied.map((client) => client.end())));

const write = (name: string, sql: string) => writeFileSync(join(directory, name), sql);

test('the real migrations apply to an empty database, and a second time do nothing', async () => {
  cpSync(MIGRATIONS, directory, { recursive: true });
  expect((await migrate(url, directory)).length).toBeGreaterThan(2);
  expect(await migrate(url, directory)).toEqual([]);
});

test('processes that start together apply each file once', async () => {
  write('0001-a.sql', 'CREATE TABLE a (id integer); SELECT pg_sleep(0.2)');
  write('0002-b.sql', 'CREATE TABLE b (id integer)');
  const applied = await Promise.all([migrate(url, directory), migrate(url, directory), migrate(url, directory)]);
  expect(applied.flat().sort()).toEqual(['0001-a.sql', '0002-b.sql']);
});

test('a file that fails leaves nothing of itself, and names itself', async () => {
  write('0001-a.sql', 'CREATE TABLE a (id integer)');
  write('0002-b.sql', 'CREATE TABLE b (id integer); SELECT 1 / 0');
  await expect(migrate(url, directory)).rejects.toThrow(/0002-b\.sql failed: division by zero/);
  write('0002-b.sql', 'CREATE TABLE b (id integer)');
  expect(await migrate(url, directory)).toEqual(['0002-b.sql']);
});

test('a file that was applied may not be edited', async () => {
  write('0001-a.sql', 'CREATE TABLE a (id integer)');
  await migrate(url, directory);
  write('0001-a.sql', 'CREATE TABLE a (id bigint)');
  await expect(migrate(url, directory)).rejects.toThrow(/add a new file instead/);
});

test('numbers have no hole', async () => {
  write('0001-a.sql', 'SELECT 1');
  write('0003-c.sql', 'SELECT 1');
  await expect(migrate(url, directory)).rejects.toThrow(/numbered/);
});
