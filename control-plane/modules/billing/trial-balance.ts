/**
 * The trial balance: the sum of all postings by ledger account. Hours that have ended are added up once (`ledger_hour`), since nothing is
 * posted into them any more; only what came after is added up when asked. The sum is the same whether hours were closed or not.
 */
import type { Pool } from 'pg';
import { formatUsd } from '../../../shared/money.js';
import type { TrialBalanceLine } from './ledger.shapes.js';

/** `created_at` is when its transaction began, and no transaction of ours lives so long. */
const CLOSED_AFTER = "interval '10 minutes'";

export async function readTrialBalance(pool: Pool): Promise<TrialBalanceLine[]> {
  const { rows: bounds } = await pool.query<{ closed: Date | null }>("SELECT max(hour) + interval '1 hour' AS closed FROM ledger_hour");
  const { rows } = await pool.query<{ ledger_account: string; total: string }>(
    `SELECT ledger_account, sum(amount) AS total FROM (
       SELECT ledger_account, amount FROM ledger_hour WHERE hour < coalesce($1, '-infinity'::timestamptz)
       UNION ALL
       SELECT ledger_account, amount FROM journal JOIN posting USING (account_id, position)
       WHERE created_at >= coalesce($1, '-infinity'::timestamptz)
     ) AS added GROUP BY 1 ORDER BY 1`,
    [bounds[0]?.closed ?? null],
  );
  return rows.map((row) => ({ ledgerAccount: row.ledger_account, amountUsd: formatUsd(BigInt(row.total)) }));
}

/** All hours that have ended since the last closed one. May run twice, or at two control planes at once. */
export async function closeLedgerHours(pool: Pool): Promise<void> {
  await pool.query(
    `INSERT INTO ledger_hour (hour, ledger_account, amount)
     SELECT date_trunc('hour', created_at, 'UTC'), ledger_account, sum(amount) FROM journal JOIN posting USING (account_id, position)
     WHERE created_at >= (SELECT coalesce(max(hour) + interval '1 hour', '-infinity') FROM ledger_hour)
       AND created_at < date_trunc('hour', now() - ${CLOSED_AFTER}, 'UTC')
     GROUP BY 1, 2 ON CONFLICT DO NOTHING`,
  );
}
