/**
 * An account's month: opening balance, every payment and adjustment, usage by day and model, closing balance. The sums are exact:
 * opening plus all lines is closing, and closing is what the ledger's last journal of the month says.
 * A month is a range of journals, not of times: transactions that began before another and locked the wallet after it stay in order.
 */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd, type NanoUsd } from '../../../shared/money.js';

export interface StatementLine {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly kind: string;
  /** The model of usage, what the customer was told of anything else. */
  readonly description: string;
  readonly reference: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly amount: NanoUsd;
}

export interface MonthlyStatement {
  readonly accountId: string;
  readonly accountName: string;
  /** `YYYY-MM`. */
  readonly month: string;
  readonly opening: NanoUsd;
  readonly closing: NanoUsd;
  readonly lines: readonly StatementLine[];
}

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

/** Throws `invalid_request` for a month that is none. */
export async function readStatement(pool: Pool, accountId: string, month: string): Promise<MonthlyStatement> {
  if (!MONTH.test(month)) throw new GatewayError('invalid_request', "Invalid 'month': must be YYYY-MM.", { param: 'month' });
  const { rows } = await pool.query<{ name: string; first: string; next: string; opening: string; closing: string }>(
    `SELECT name, first, next, coalesce(before.balance_after, 0) AS opening, coalesce(last.balance_after, 0) AS closing
     FROM account CROSS JOIN wallet
     CROSS JOIN LATERAL (
       SELECT coalesce(min(position) FILTER (WHERE created_at >= month.start), wallet.position + 1) AS first,
         coalesce(min(position) FILTER (WHERE created_at >= month.start + interval '1 month'), wallet.position + 1) AS next
       FROM journal, (SELECT to_timestamp($2, 'YYYY-MM')::date::timestamp AT TIME ZONE 'UTC' AS start) AS month
       WHERE account_id = $1
     ) AS range
     LEFT JOIN journal AS before ON before.account_id = $1 AND before.position = range.first - 1
     LEFT JOIN journal AS last ON last.account_id = $1 AND last.position = range.next - 1
     WHERE account.id = $1 AND wallet.account_id = $1`,
    [accountId, month],
  );
  const [row] = rows;
  if (!row) throw new GatewayError('not_found', 'There is no such account.');
  const lines = await readLines(pool, accountId, row.first, row.next);
  return { accountId, accountName: row.name, month, opening: BigInt(row.opening), closing: BigInt(row.closing), lines };
}

interface LineRow {
  day: string;
  kind: string;
  description: string;
  reference: string;
  requests: string;
  input: string;
  output: string;
  amount: string;
}

async function readLines(pool: Pool, accountId: string, first: string, next: string): Promise<StatementLine[]> {
  const { rows } = await pool.query<LineRow>(
    `SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, 'usage' AS kind,
       CASE WHEN byok THEN model || ' (own key)' ELSE model END AS description, '' AS reference, count(*) AS requests,
       sum(input_uncached + cache_read + cache_write_5m + cache_write_1h) AS input, sum(output) AS output, -sum(charge) AS amount,
       min(journal.position) AS place
     FROM settlement JOIN journal USING (account_id, position)
     WHERE account_id = $1 AND settlement.position >= $2 AND settlement.position < $3 AND NOT test GROUP BY 1, 3
     UNION ALL
     SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), kind, reason, ref_type || ':' || ref_id, 0, 0, 0, coalesce(amount, 0), journal.position
     FROM journal LEFT JOIN posting
       ON posting.account_id = journal.account_id AND posting.position = journal.position AND ledger_account = 'customer'
     WHERE journal.account_id = $1 AND journal.position >= $2 AND journal.position < $3 AND kind <> 'usage'
     ORDER BY day, place, description`,
    [accountId, first, next],
  );
  return rows.map((row) => ({
    day: row.day,
    kind: row.kind,
    description: row.description,
    reference: row.reference,
    requests: Number(row.requests),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    amount: BigInt(row.amount),
  }));
}

/** RFC 4180. A text that a spreadsheet would take for a formula is made text by an apostrophe. */
export function renderStatementCsv(statement: MonthlyStatement): string {
  const rows: (string | number)[][] = [
    ['date', 'kind', 'description', 'reference', 'requests', 'input_tokens', 'output_tokens', 'amount_usd', 'balance_usd'],
    ['', 'opening_balance', '', '', '', '', '', '', formatUsd(statement.opening)],
  ];
  let balance = statement.opening;
  for (const line of statement.lines) {
    balance += line.amount;
    const { day, kind, description, reference, requests, inputTokens, outputTokens } = line;
    rows.push([day, kind, description, reference, requests, inputTokens, outputTokens, formatUsd(line.amount), formatUsd(balance)]);
  }
  rows.push(['', 'closing_balance', '', '', '', '', '', '', formatUsd(statement.closing)]);
  return rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(value: string | number): string {
  if (typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(value)) return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
