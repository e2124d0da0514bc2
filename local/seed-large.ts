/**
 * `npm run seed:large -- <database url> [--requests=1000000] [--keys=10000]`: fills a database whose schema is current with a business of
 * that size, so that pages and queries can be tried and measured: 30 days of requests with their journals, postings, details and sums,
 * keys of 1,000 accounts, payments, batches, alerts, an audit log. One account (the first) has a fifth of everything.
 *
 * Rows are consistent as the reconciler sees them (wallets, journals, postings, settlements, sums), so nothing is frozen. They are not real
 * in one way: hashes of the ledger's chain are random, so `npm run ledger verify` would refuse such a database. Never for one that is used.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { CATALOGUE } from '../control-plane/modules/catalog/data/catalogue-model.js';
import { LARGE_SEED_STEPS } from './seed-large-steps.js';

const ACCOUNTS = 1_000;
const DAYS = 30;

export interface LargeSeed {
  readonly requests: number;
  readonly keys: number;
}

/** Minutes for a million. Throws, with nothing written, when the database has settlements already. */
export async function seedLarge(databaseUrl: string, size: LargeSeed, tell: (step: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM settlement LIMIT 1');
    if (rowCount !== 0) throw new Error('this database has requests already: take an empty one');
    await client.query('BEGIN');
    await client.query("SET LOCAL work_mem = '256MB'");
    await client.query("SET LOCAL synchronous_commit = 'off'");
    await createSizes(client, size);
    for (const { name, sql } of LARGE_SEED_STEPS) {
      const startedAt = performance.now();
      await client.query(sql);
      tell(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    }
    await client.query('COMMIT');
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** What the steps read: the sizes, and pairs of a model and a vendor that serves it. */
async function createSizes(client: pg.Client, { requests, keys }: LargeSeed): Promise<void> {
  const routes = CATALOGUE.flatMap((model) => model.endpoints.map((endpoint) => [model.id, endpoint.vendor] as const)).slice(0, 150);
  await client.query(
    'CREATE TEMPORARY TABLE seed_size ON COMMIT DROP AS SELECT $1::int AS requests, $2::int AS keys, $3::int AS accounts, $4::int AS days',
    [requests, keys, ACCOUNTS, DAYS],
  );
  await client.query(
    `CREATE TEMPORARY TABLE seed_route ON COMMIT DROP AS
     SELECT ordinality::int - 1 AS n, model, vendor FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS route (model, vendor, ordinality)`,
    [routes.map(([model]) => model), routes.map(([, vendor]) => vendor)],
  );
}

if (import.meta.filename === process.argv[1]) {
  const { values, positionals } = parseArgs({
    options: { requests: { type: 'string', default: '1000000' }, keys: { type: 'string', default: '10000' } },
    allowPositionals: true,
  });
  const [databaseUrl] = positionals;
  if (databaseUrl === undefined) {
    console.error('usage: npm run seed:large -- <database url> [--requests=1000000] [--keys=10000]');
    process.exit(2);
  }
  await seedLarge(databaseUrl, { requests: Number(values.requests), keys: Number(values.keys) }, (step) => console.log(step));
}
