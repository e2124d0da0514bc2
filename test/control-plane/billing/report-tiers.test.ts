import 'reflect-metadata';
import { beforeAll, expect, test } from 'vitest';
import { reportTiers } from '../../../control-plane/modules/usage/report-tiers.js';
import { seedCatalogue } from '../../../local/seed-catalogue.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  const client = await database.pool.connect();
  await seedCatalogue(client);
  client.release();
}, 120_000);

test('a group’s tiers show their share, what customers paid and what it cost; own keys cost the house nothing', async () => {
  const { pool } = database;
  const { rows } = await pool.query<{ vendor_id: string; input: string; output: string }>(
    `SELECT vendor_id, cost ->> 'inputUncached' AS input, cost ->> 'output' AS output FROM endpoint WHERE model_id = 'gpt-4o-mini' ORDER BY vendor_id, id LIMIT 1`,
  );
  const [paid] = rows;
  if (!paid) throw new Error('the catalogue has no gpt-4o-mini');
  const insert = `INSERT INTO house_rollup (day, model, vendor_id, byok, asked_group, tier, shard, requests, errors, input_uncached, cache_read,
    cache_write, output, charge, loss) VALUES ((now() AT TIME ZONE 'UTC')::date, 'gpt-4o-mini', $1, $2, $3, $4, $5, $6, 0, $7, 0, 0, $8, $9, 0)`;
  await pool.query(insert, [paid.vendor_id, false, 'ama/smart-code', 'value', 0, 3, 1_000_000, 100_000, 900_000_000]);
  await pool.query(insert, [paid.vendor_id, true, 'ama/smart-code', 'frontier', 1, 1, 1_000_000, 100_000, 5_000_000]);
  await pool.query(insert, [paid.vendor_id, false, '', '', 2, 50, 1_000_000, 100_000, 900_000_000]);
  const cost = (1_000_000n * BigInt(paid.input) + 100_000n * BigInt(paid.output)) / 1_000n;
  const usd = (nano: bigint) => Number(nano) / 1e9;
  const report = await reportTiers(pool, 30);
  expect(report.map(({ group, tier, requests, share }) => [group, tier, requests, share])).toEqual([
    ['ama/smart-code', 'frontier', 1, 0.25],
    ['ama/smart-code', 'value', 3, 0.75],
  ]);
  expect(report.map(({ costUsd, marginUsd }) => [Number(costUsd), Number(marginUsd)])).toEqual([
    [0, 0.005],
    [usd(cost), usd(900_000_000n - cost)],
  ]);
});
