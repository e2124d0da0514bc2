/**
 * Revenue and margin for the operator, from the rollups. Revenue and loss are the ledger's own; cost is an estimate from what the vendor
 * charges for the model now (both cache writes at the five-minute rate).
 */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd } from '../../../shared/money.js';
import type { RevenueRow } from './revenue.shapes.js';
import { RevenueDimension } from './usage-dimension.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 400;
const MAX_ROWS = 20_000;
const PICO_PER_NANO = 1_000;

const COLUMNS: Record<RevenueDimension, string> = {
  day: "to_char(day, 'YYYY-MM-DD')",
  model: 'model',
  vendor: 'vendor_id',
};

/** Added up by model and vendor, and by day where that is asked, before the cost is looked for. Pico-USD. */
const sumsWithCost = (byDay: boolean) => `
  SELECT summed.*, CASE WHEN byok THEN 0 ELSE input_uncached * (rates ->> 'inputUncached')::numeric + cache_read * (rates ->> 'cacheRead')::numeric
    + cache_write * (rates ->> 'cacheWrite5m')::numeric + output * (rates ->> 'output')::numeric + requests * (rates ->> 'requests')::numeric END AS cost
  FROM (
    SELECT ${byDay ? 'day' : 'NULL::date AS day'}, model, vendor_id, byok, sum(requests) AS requests, sum(errors) AS errors, sum(input_uncached) AS input_uncached,
      sum(cache_read) AS cache_read, sum(cache_write) AS cache_write, sum(output) AS output, sum(charge) AS charge, sum(loss) AS loss,
      sum(input_uncached + cache_read + cache_write + output) AS tokens
    FROM house_rollup WHERE day BETWEEN $1 AND $2 GROUP BY ${byDay ? 'day, ' : ''}model, vendor_id, byok
  ) AS summed LEFT JOIN (
    SELECT DISTINCT ON (model_id, vendor_id) model_id, vendor_id, endpoint.cost AS rates FROM endpoint ORDER BY model_id, vendor_id, id
  ) AS paid ON paid.model_id = summed.model AND paid.vendor_id = summed.vendor_id`;

interface SumRow {
  date: string | null;
  model: string | null;
  vendor: string | null;
  requests: string;
  errors: string;
  tokens: string;
  revenue: string;
  loss: string;
  cost: string;
}

/** Days, UTC, both included; the last 30 when absent. Throws `invalid_request` for a span that is reversed or too long. */
export async function reportRevenue(
  pool: Pool,
  from: Date | null,
  to: Date | null,
  groupBy: readonly RevenueDimension[],
  now = new Date(),
): Promise<RevenueRow[]> {
  const end = to ?? now;
  const start = from ?? new Date(end.getTime() - (DEFAULT_DAYS - 1) * DAY_MS);
  if (start > end || end.getTime() - start.getTime() > MAX_DAYS * DAY_MS)
    throw new GatewayError('invalid_request', `from must be at most ${MAX_DAYS} days before to.`, { param: 'from' });
  const asked = new Set(groupBy);
  const column = (dimension: RevenueDimension) => (asked.has(dimension) ? COLUMNS[dimension] : 'NULL::text');
  const { rows } = await pool.query<SumRow>(
    `SELECT ${column(RevenueDimension.day)} AS date, ${column(RevenueDimension.model)} AS model, ${column(RevenueDimension.vendor)} AS vendor,
       sum(requests) AS requests, sum(errors) AS errors, sum(tokens) AS tokens, sum(charge) AS revenue, sum(loss) AS loss,
       trunc(coalesce(sum(cost), 0) / ${PICO_PER_NANO}) AS cost
     FROM (${sumsWithCost(asked.has(RevenueDimension.day))}) AS day_sum GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $3`,
    [isoDay(start), isoDay(end), MAX_ROWS],
  );
  return rows.map(readRow);
}

function readRow(row: SumRow): RevenueRow {
  const [revenue, loss, cost] = [BigInt(row.revenue), BigInt(row.loss), BigInt(row.cost)];
  return {
    date: row.date,
    model: row.model,
    vendor: row.vendor,
    requests: Number(row.requests),
    errors: Number(row.errors),
    tokens: Number(row.tokens),
    revenueUsd: formatUsd(revenue),
    platformLossUsd: formatUsd(loss),
    costUsd: formatUsd(cost),
    marginUsd: formatUsd(revenue - cost),
  };
}

function isoDay(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
