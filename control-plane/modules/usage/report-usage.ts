/** Usage from the rollups: the same figures that the ledger settled, in the same transaction, so a report never disagrees with it. */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd } from '../../../shared/money.js';
import type { UsageReport, UsageRow, UsageTotals } from './usage.shapes.js';
import { UsageDimension } from './usage-dimension.js';

export interface UsageQuestion {
  readonly accountId: string;
  /** Days, UTC, both included. */
  readonly from: Date | null;
  readonly to: Date | null;
  readonly groupBy: readonly UsageDimension[] | null;
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 400;
const MAX_ROWS = 20_000;

const COLUMNS: Record<UsageDimension, string> = { day: 'day', model: 'model', key: 'key_id' };

interface SumRow {
  date: string | null;
  model: string | null;
  key_id: string | null;
  byok: boolean;
  requests: string;
  errors: string;
  prompt: string;
  cached: string;
  completion: string;
  reasoning: string;
  charge: string;
}

/** Throws `invalid_request` for a span that is reversed, too long, or too fine. */
export async function reportUsage(pool: Pool, question: UsageQuestion, now = new Date()): Promise<UsageReport> {
  const to = question.to ?? now;
  const from = question.from ?? new Date(to.getTime() - (DEFAULT_DAYS - 1) * DAY_MS);
  if (from > to) throw new GatewayError('invalid_request', 'from is after to.', { param: 'from' });
  if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS)
    throw new GatewayError('invalid_request', `At most ${MAX_DAYS} days at once.`, { param: 'from' });
  const groupBy = new Set(question.groupBy ?? [UsageDimension.day, UsageDimension.model]);
  const { rows } = await pool.query<SumRow>(sumBy(groupBy), [question.accountId, isoDay(from), isoDay(to), MAX_ROWS + 1]);
  if (rows.length > MAX_ROWS)
    throw new GatewayError('invalid_request', `More than ${MAX_ROWS} rows: ask for fewer days or groups.`, { param: 'group_by' });
  return { rows: rows.map(readRow), totals: addUp(rows) };
}

function sumBy(groupBy: ReadonlySet<UsageDimension>): string {
  const columns = Object.values(UsageDimension).map((dimension) => {
    if (!groupBy.has(dimension)) return `NULL AS ${dimension === 'day' ? 'date' : COLUMNS[dimension]}`;
    return dimension === 'day' ? "to_char(day, 'YYYY-MM-DD') AS date" : COLUMNS[dimension];
  });
  const groups = [...[...groupBy].map((dimension) => COLUMNS[dimension]), 'byok'].join(', ');
  return `SELECT ${columns.join(', ')}, byok, sum(requests) AS requests, sum(errors) AS errors,
            sum(input_uncached + cache_read + cache_write) AS prompt, sum(cache_read) AS cached, sum(output) AS completion,
            sum(reasoning) AS reasoning, sum(charge) AS charge
          FROM usage_rollup WHERE account_id = $1 AND day BETWEEN $2 AND $3
          GROUP BY ${groups} ORDER BY ${groups} LIMIT $4`;
}

function readRow(row: SumRow): UsageRow {
  return { date: row.date, model: row.model, keyId: row.key_id, byok: row.byok, ...addUp([row]) };
}

function addUp(rows: readonly SumRow[]): UsageTotals {
  const sum = (pick: (row: SumRow) => string) => rows.reduce((total, row) => total + BigInt(pick(row)), 0n);
  return {
    requests: Number(sum((row) => row.requests)),
    errors: Number(sum((row) => row.errors)),
    promptTokens: Number(sum((row) => row.prompt)),
    cachedTokens: Number(sum((row) => row.cached)),
    completionTokens: Number(sum((row) => row.completion)),
    reasoningTokens: Number(sum((row) => row.reasoning)),
    costUsd: formatUsd(sum((row) => row.charge)),
  };
}

function isoDay(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
