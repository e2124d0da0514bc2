/** The statements of ingestion: each writes one table for a whole batch. All run in the transaction that holds the wallets' locks. */
import type { PoolClient } from 'pg';
import type { UsageEvent } from '../../shared/usage-event.js';
import { plainArray, textArray } from '../modules/billing/column-arrays.js';
import { copyLine, copyRows, copyText } from '../modules/billing/copy-rows.js';
import type { GenerationDetail } from '../modules/usage/find-generation.js';
import type { ChargedItem, SettlementRow } from './ingest-usage-allocate.js';

const SETTLEMENTS = `settlement (request_id, account_id, position, line, key_id, lease_id, node_id, epoch, sequence, model, vendor_id, byok,
  test, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, reasoning, price_revision, multiplier_numerator,
  multiplier_denominator, actual, charge, loss, reason, estimated, usage_mismatch, balance_after, usage_date, batch_item_id)`;

export async function writeSettlements(client: PoolClient, rows: readonly SettlementRow[]): Promise<void> {
  await copyRows(client, SETTLEMENTS, rows.map(settlementRow));
  const details = rows.map(({ requestId, accountId, event }) =>
    copyLine([requestId, accountId, copyText(JSON.stringify(generationDetail(event)))]),
  );
  await copyRows(client, 'generation (request_id, account_id, detail)', details);
}

function settlementRow(row: SettlementRow): string {
  const { buckets, multiplier } = row;
  return copyLine([
    row.requestId,
    row.accountId,
    row.position,
    row.line,
    row.keyId,
    row.leaseId,
    copyText(row.nodeId),
    row.epoch,
    row.sequence,
    copyText(row.model),
    copyText(row.vendorId),
    row.byok,
    row.test,
    buckets.inputUncached,
    buckets.cacheRead,
    buckets.cacheWrite5m,
    buckets.cacheWrite1h,
    buckets.output,
    buckets.requests,
    row.reasoningTokens,
    row.priceRevision,
    multiplier.numerator,
    multiplier.denominator,
    row.actual,
    row.charge,
    row.loss,
    row.reason,
    row.estimated,
    row.usageMismatch,
    row.balanceAfter,
    row.usageDate,
    copyText(row.batchItemId),
  ]);
}

export async function writeBatchItems(client: PoolClient, items: readonly ChargedItem[]): Promise<void> {
  if (items.length === 0) return;
  await client.query(
    `INSERT INTO batch_item_charge (batch_item_id, request_id, interactive)
     SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[])`,
    [
      textArray(items.map((item) => item.batchItemId)),
      plainArray(items.map((item) => item.requestId)),
      plainArray(items.map((item) => item.interactive)),
    ],
  );
}

/** What the settlement's row does not say. */
export function generationDetail(event: UsageEvent): GenerationDetail {
  const { region, modelAsked, endpointId, upstreamModel, route, tier, attempts, excluded, sessionId } = event;
  const { streamed, status, errorCode, finishReason, startedAtMs, firstTokenMs, totalMs } = event;
  const routing = { region, modelAsked, endpointId, upstreamModel, route, tier, attempts, excluded, sessionId };
  return { ...routing, streamed, status, errorCode, finishReason, startedAtMs, firstTokenMs, totalMs };
}

/** Adds up in memory first: one row a (key, day, model, vendor, byok) however many requests. */
export async function writeRollups(client: PoolClient, rows: readonly SettlementRow[]): Promise<void> {
  if (rows.length === 0) return;
  const groups = [
    ...Map.groupBy(rows, (row) => `${row.keyId} ${row.usageDate} ${row.byok} ${JSON.stringify([row.model, row.vendorId])}`).values(),
  ].flatMap((group) => (group[0] ? [{ first: group[0], group }] : []));
  const first = (pick: (row: SettlementRow) => boolean | string) => plainArray(groups.map((one) => pick(one.first)));
  const sum = (pick: (row: SettlementRow) => number | bigint) =>
    plainArray(groups.map(({ group }) => group.reduce((total, row) => total + BigInt(pick(row)), 0n)));
  await client.query({
    name: 'write-rollups',
    text: `INSERT INTO usage_rollup AS known (key_id, day, model, vendor_id, byok, account_id, requests, errors, input_uncached,
             cache_read, cache_write, output, reasoning, charge, loss)
           SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::boolean[], $6::uuid[], $7::bigint[], $8::bigint[],
             $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[])
           ON CONFLICT (key_id, day, model, vendor_id, byok) DO UPDATE SET
             requests = known.requests + excluded.requests, errors = known.errors + excluded.errors,
             input_uncached = known.input_uncached + excluded.input_uncached, cache_read = known.cache_read + excluded.cache_read,
             cache_write = known.cache_write + excluded.cache_write, output = known.output + excluded.output,
             reasoning = known.reasoning + excluded.reasoning, charge = known.charge + excluded.charge, loss = known.loss + excluded.loss`,
    values: [
      first((row) => row.keyId),
      first((row) => row.usageDate),
      textArray(groups.map((one) => one.first.model)),
      textArray(groups.map((one) => one.first.vendorId)),
      first((row) => row.byok),
      first((row) => row.accountId),
      plainArray(groups.map(({ group }) => group.length)),
      sum((row) => (isError(row.event.status) ? 1 : 0)),
      sum((row) => row.buckets.inputUncached),
      sum((row) => row.buckets.cacheRead),
      sum((row) => row.buckets.cacheWrite5m + row.buckets.cacheWrite1h),
      sum((row) => row.buckets.output),
      sum((row) => row.reasoningTokens),
      sum((row) => row.charge),
      sum((row) => row.loss),
    ],
  });
}

/** 499: the customer left by their own will. */
export function isError(status: number): boolean {
  return status >= 400 && status !== 499;
}
