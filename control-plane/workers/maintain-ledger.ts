/**
 * What the ledger's tables need once an hour: partitions for the days to come, the end of routing details after 30 days, the end of
 * closed leases, and a seal over every account's chain once a day. Any of it may run twice, or late: days that have no partition yet
 * go to the default one.
 */
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';
import { inTransaction } from '../modules/billing/transaction.js';
import { closeLedgerHours } from '../modules/billing/trial-balance.js';
import { repeat } from './repeat.js';

/** As the API promises for `GET /v1/generations/:id`. */
const GENERATION_DAYS = 30;
/** A node keeps its spool for 24 hours; after this nothing can name the lease any more. */
const LEASE_DAYS = 30;
const DAYS_AHEAD = 7;
const LOCK_WAIT_MS = 500;

const EVERY_MS = 3_600_000;

export function startLedgerMaintenance({ pool, log }: { readonly pool: Pool; readonly log: Pick<Logger, 'error'> }): {
  stop(): Promise<void>;
} {
  return repeat('maintenance of the ledger', EVERY_MS, () => maintainLedger(pool), log);
}

/** Each part by itself: one that cannot be done now does not keep the others. Throws the first failure at the end. */
export async function maintainLedger(pool: Pool): Promise<void> {
  const parts = [createPartitions, dropOldGenerations, deleteClosedLeases, sealLedger, closeLedgerHours];
  const failures: unknown[] = [];
  for (const part of parts) await part(pool).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function createPartitions(pool: Pool): Promise<void> {
  await withoutWaiting(pool, async (client) => {
    await client.query(`SELECT ensure_money_partitions((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + $1::integer)`, [
      DAYS_AHEAD,
    ]);
  });
}

async function dropOldGenerations(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'generation'::regclass
     AND inhrelid::regclass::text ~ '^generation_[0-9]{8}$'
     AND to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - $1::integer`,
    [GENERATION_DAYS],
  );
  // The name is one of those that the pattern above allows.
  for (const { name } of rows) await withoutWaiting(pool, (client) => client.query(`DROP TABLE IF EXISTS ${name}`));
}

async function deleteClosedLeases(pool: Pool): Promise<void> {
  await pool.query(`DELETE FROM lease WHERE state <> 'open' AND closed_at < now() - $1 * interval '1 day'`, [LEASE_DAYS]);
}

/** Both lock the whole table for a moment. Waiting for a long export to end would make every settlement wait behind us. */
async function withoutWaiting(pool: Pool, change: (client: PoolClient) => Promise<unknown>): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
    await change(client);
  });
}

/** Yesterday's seal, made once: SHA-256 over (account, position, head) of all accounts in the order of their ids. */
async function sealLedger(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await client.query(
      `INSERT INTO ledger_seal (day, accounts, hash)
       SELECT (now() AT TIME ZONE 'UTC')::date - 1, count(*),
         sha256(convert_to(coalesce(string_agg(account_id || ' ' || position || ' ' || encode(head, 'hex'), E'\\n' ORDER BY account_id), ''), 'UTF8'))
       FROM wallet WHERE NOT EXISTS (SELECT FROM ledger_seal WHERE day = (now() AT TIME ZONE 'UTC')::date - 1)
       HAVING NOT EXISTS (SELECT FROM ledger_seal WHERE day = (now() AT TIME ZONE 'UTC')::date - 1)
       ON CONFLICT (day) DO NOTHING`,
    );
  });
}
