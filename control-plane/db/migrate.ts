/**
 * Brings a database to the newest schema: the files `migrations/NNNN-name.sql` in order, forward only.
 * Each file runs in one transaction that inserts its number FIRST, so two processes that start together cannot both apply it; an
 * advisory lock makes the second wait instead of fail. A file that was applied is never edited: its checksum is compared.
 * Called by `main.ts` at start and by `local/prepare`; throws with the file's name, leaving that file unapplied.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** Any constant of this installation's own; the same in every process. */
const MIGRATION_LOCK = 4_211_701;
const FILE_PATTERN = /^(\d{4})-[a-z0-9-]+\.sql$/;

interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Returns the names of the files that were applied now. */
export async function migrate(databaseUrl: string, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migration (id integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ id: number; checksum: string }>('SELECT id, checksum FROM schema_migration');
    const applied = new Map(rows.map((row) => [row.id, row.checksum]));
    const done: string[] = [];
    for (const migration of migrations) {
      const checksum = applied.get(migration.id);
      if (checksum === undefined) {
        await applyMigration(client, migration);
        done.push(migration.name);
      } else if (checksum !== migration.checksum) {
        throw new Error(`migration ${migration.name} was applied with other text: add a new file instead of editing it`);
      }
    }
    return done;
  } finally {
    await client.end();
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map((name) => readMigration(directory, name)));
  migrations.forEach((migration, index) => {
    if (migration.id !== index + 1) throw new Error(`migrations are not numbered 1, 2, 3, ...: ${migration.name}`);
  });
  return migrations;
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  const match = FILE_PATTERN.exec(name);
  if (!match) throw new Error(`migration file names are NNNN-name.sql: ${name}`);
  const sql = await readFile(join(directory, name), 'utf8');
  return { id: Number(match[1]), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query('INSERT INTO schema_migration (id, name, checksum) VALUES ($1, $2, $3)', [
      migration.id,
      migration.name,
      migration.checksum,
    ]);
    await client.query(migration.sql);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
