/**
 * The reconciler: compares, without end, what the ledger says with what wallets and leases say. Each account in turn; of its postings
 * only those since it was last found right, so a long history costs nothing.
 *
 * - A mismatch freezes the account (no new grant; nodes hear of it by a revision) and raises an alert. It never repairs anything.
 * - One statement in one snapshot decides, so money that moves meanwhile cannot look wrong.
 * - Several control planes may run it: a frozen account is not frozen twice, an open alert only counts up.
 * - When PostgreSQL is away the pass fails, is logged, and begins again where it was.
 */
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';
import { raiseAlerts } from '../modules/billing/alert.js';
import { plainArray } from '../modules/billing/column-arrays.js';
import { freezeAccount } from '../modules/billing/freeze-account.js';
import { inTransaction } from '../modules/billing/transaction.js';
import { repeat } from './repeat.js';

/** A thousand accounts take some 20 ms: 300,000 are all seen within an hour. */
const ACCOUNTS_A_PASS = 1_000;
const PASS_EVERY_MS = 10_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

interface AccountState {
  account_id: string;
  position: string;
  balance: string;
  debt: string;
  problems: string[];
}

export interface ReconcileDependencies {
  readonly pool: Pool;
  readonly log: Pick<Logger, 'error'>;
}

export function startReconciler({ pool, log }: ReconcileDependencies): { stop(): Promise<void> } {
  let after = FIRST;
  const pass = async () => {
    after = (await reconcileSome(pool, after)).next;
  };
  return repeat('reconciler', PASS_EVERY_MS, pass, log);
}

export interface Pass {
  /** Where the next pass begins. */
  readonly next: string;
  readonly mismatched: readonly string[];
}

/** The accounts after `after`, in the order of their ids. */
export async function reconcileSome(pool: Pool, after: string = FIRST, limit: number = ACCOUNTS_A_PASS): Promise<Pass> {
  const rows = await inTransaction(pool, async (client) => {
    const compared = await client.query<AccountState>(COMPARE, [after, limit]);
    await writeCheckpoints(
      client,
      compared.rows.filter((row) => row.problems.length === 0),
    );
    return compared.rows;
  });
  const wrong = rows.filter((row) => row.problems.length > 0);
  // One by one: a transaction that froze several would wait for locks while it holds the one of the configuration.
  for (const row of wrong) await inTransaction(pool, (client) => freezeMismatched(client, row));
  const next = rows.length < limit ? FIRST : (rows.at(-1)?.account_id ?? FIRST);
  return { next, mismatched: wrong.map((row) => row.account_id) };
}

async function freezeMismatched(client: PoolClient, { account_id: accountId, problems }: AccountState): Promise<void> {
  await freezeAccount(client, accountId, 'ledger_mismatch');
  await raiseAlerts(client, [{ kind: 'ledger_mismatch', subject: accountId, detail: problems.join('; '), accountId }]);
}

const COMPARE = `
  SELECT wallet.account_id, wallet.position, available + leased AS balance, wallet.debt, array_remove(ARRAY[
    CASE WHEN available + leased <> coalesce(known.balance, 0) + posted.customer
      THEN format('wallet holds %s, postings say %s', available + leased, coalesce(known.balance, 0) + posted.customer) END,
    CASE WHEN wallet.debt <> coalesce(known.debt, 0) - posted.debt
      THEN format('debt is %s, postings say %s', wallet.debt, coalesce(known.debt, 0) - posted.debt) END,
    CASE WHEN leased <> open.total THEN format('leased is %s, open leases have %s', leased, open.total) END,
    CASE WHEN posted.total <> 0 THEN format('postings sum to %s', posted.total) END,
    CASE WHEN settled.charge <> -posted.spent THEN format('settlements charge %s, postings say %s', settled.charge, -posted.spent) END,
    CASE WHEN wallet.position > 0 AND head.hash IS DISTINCT FROM wallet.head THEN 'the wallet is not at the head of its chain' END,
    CASE WHEN wallet.position > 0 AND head.balance_after IS DISTINCT FROM available + leased
      THEN format('wallet holds %s, its last journal says %s', available + leased, head.balance_after) END
  ], NULL) AS problems
  FROM (SELECT * FROM wallet WHERE account_id > $1 ORDER BY account_id LIMIT $2) AS wallet
  LEFT JOIN reconciliation AS known ON known.account_id = wallet.account_id
  LEFT JOIN journal AS head ON head.account_id = wallet.account_id AND head.position = wallet.position
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(granted - consumed), 0) AS total FROM lease WHERE lease.account_id = wallet.account_id AND state = 'open'
  ) AS open
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS total,
      coalesce(sum(amount) FILTER (WHERE ledger_account = 'customer'), 0) AS customer,
      coalesce(sum(amount) FILTER (WHERE ledger_account = 'debt'), 0) AS debt,
      coalesce(sum(amount) FILTER (WHERE ledger_account = 'customer' AND kind = 'usage'), 0) AS spent
    FROM posting JOIN journal USING (account_id, position)
    WHERE posting.account_id = wallet.account_id AND posting.position > coalesce(known.position, 0)
  ) AS posted
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(charge), 0) AS charge FROM settlement
    WHERE settlement.account_id = wallet.account_id AND settlement.position > coalesce(known.position, 0)
  ) AS settled
  ORDER BY wallet.account_id`;

async function writeCheckpoints(client: PoolClient, rows: readonly AccountState[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO reconciliation (account_id, position, balance, debt)
     SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
     ON CONFLICT (account_id) DO UPDATE
       SET position = excluded.position, balance = excluded.balance, debt = excluded.debt, checked_at = now()
       WHERE reconciliation.position <= excluded.position`,
    [
      plainArray(rows.map((row) => row.account_id)),
      plainArray(rows.map((row) => row.position)),
      plainArray(rows.map((row) => row.balance)),
      plainArray(rows.map((row) => row.debt)),
    ],
  );
}
