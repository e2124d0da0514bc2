import type { PoolClient } from 'pg';
import { plainArray, textArray } from '../modules/billing/column-arrays.js';
import type { SettlementRow } from './ingest-usage-allocate.js';
import { isError } from './ingest-usage-write.js';

/**
 * The house's own sums: one row a (day, model, vendor, byok, group, tier), whoever the customer was, so that settlements of different
 * accounts meet here. Each connection has its own of four rows, and all are taken in one order: they rarely wait, and never for each other.
 */
export async function writeHouseRollup(client: PoolClient, rows: readonly SettlementRow[]): Promise<void> {
  if (rows.length === 0) return;
  const groups = [...Map.groupBy(rows, (row) => JSON.stringify(keyOf(row)))].sort(([left], [right]) => (left < right ? -1 : 1));
  const keys = groups.map(([key]) => JSON.parse(key) as ReturnType<typeof keyOf>);
  const sum = (pick: (row: SettlementRow) => number | bigint) =>
    plainArray(groups.map(([, group]) => group.reduce((total, row) => total + BigInt(pick(row)), 0n)));
  await client.query({
    name: 'write-house-rollup',
    text: `INSERT INTO house_rollup AS known (day, model, vendor_id, byok, asked_group, tier, shard, requests, errors, input_uncached,
             cache_read, cache_write, output, charge, loss)
           SELECT day, model, vendor_id, byok, asked_group, tier, pg_backend_pid() % 4, requests, errors, input_uncached, cache_read,
             cache_write, output, charge, loss
           FROM unnest($1::date[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
             $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
             AS fresh (day, model, vendor_id, byok, asked_group, tier, requests, errors, input_uncached, cache_read, cache_write, output,
               charge, loss)
           ON CONFLICT (day, model, vendor_id, byok, asked_group, tier, shard) DO UPDATE SET
             requests = known.requests + excluded.requests, errors = known.errors + excluded.errors,
             input_uncached = known.input_uncached + excluded.input_uncached, cache_read = known.cache_read + excluded.cache_read,
             cache_write = known.cache_write + excluded.cache_write, output = known.output + excluded.output,
             charge = known.charge + excluded.charge, loss = known.loss + excluded.loss`,
    values: [
      plainArray(keys.map(([day]) => day)),
      textArray(keys.map(([, model]) => model)),
      textArray(keys.map(([, , vendorId]) => vendorId)),
      plainArray(keys.map(([, , , byok]) => byok)),
      textArray(keys.map(([, , , , group]) => group)),
      textArray(keys.map(([, , , , , tier]) => tier)),
      plainArray(groups.map(([, group]) => group.length)),
      sum((row) => (isError(row.event.status) ? 1 : 0)),
      sum((row) => row.buckets.inputUncached),
      sum((row) => row.buckets.cacheRead),
      sum((row) => row.buckets.cacheWrite5m + row.buckets.cacheWrite1h),
      sum((row) => row.buckets.output),
      sum((row) => row.charge),
      sum((row) => row.loss),
    ],
  });
}

/** `ama/smart-code: frontier (...)`: a route that a smart group chose begins with its id. What a customer asked for may be any text. */
const ROUTE_OF_GROUP = /^([a-z0-9][a-z0-9._/-]{0,99}): /;

function keyOf(row: SettlementRow) {
  const { tier, route } = row.event;
  const group = tier === null ? undefined : ROUTE_OF_GROUP.exec(route)?.[1];
  return [row.usageDate, row.model, row.vendorId, row.byok, group ?? '', group === undefined ? '' : (tier ?? '')] as const;
}
