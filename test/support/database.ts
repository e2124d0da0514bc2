/**
 * A database of one's own, with the newest schema and nothing in it: a clone of the run's template, about 50 ms.
 *
 *   const database = await createDatabase();        // in beforeAll; dropped after the file by itself
 *   await database.pool.query('...');
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterFile } from './after-file.js';
import { askService } from './services.js';

export interface TestDatabase {
  /** For programs that connect by themselves. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** Called by itself after the test file. Cuts connections that are still open. */
  drop(): Promise<void>;
}

/** Call it from a test file's top level, `beforeAll` or a test. `keep`: the caller drops it. */
export async function createDatabase(options: { keep?: boolean } = {}): Promise<TestDatabase> {
  const { url: serverUrl, template } = await askService('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runOnServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = serverUrl.replace(/\/postgres$/, `/${name}`);
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  // A test that kills the server ends idle connections, too.
  pool.on('error', () => undefined);
  let dropped = false;
  const drop = async () => {
    if (dropped) return;
    dropped = true;
    await pool.end();
    await runOnServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
  };
  if (options.keep !== true) afterFile(drop);
  return { url, pool, drop };
}

async function runOnServer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
