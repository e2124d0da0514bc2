/** What a customer wants of automatic top-ups: below which balance, how much, and how much at most in a calendar month (UTC). */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { NANO_PER_CENT, NANO_PER_USD, type NanoUsd, parseUsd } from '../../../shared/money.js';
import { auditAccount } from '../audit/audit-account.js';
import { inTransaction } from '../billing/transaction.js';
import { type Actor, requirePermission } from '../permissions.js';

export interface AutoTopUpWish {
  readonly enabled: boolean;
  readonly thresholdUsd: string;
  readonly amountUsd: string;
  readonly monthlyCapUsd: string;
}

export interface AutoTopUpState {
  readonly enabled: boolean;
  readonly threshold: NanoUsd;
  readonly amount: NanoUsd;
  readonly monthlyCap: NanoUsd;
  readonly failures: number;
  readonly retryAt: Date | null;
  readonly disabledReason: string | null;
}

export interface SavedCardState {
  readonly brand: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
  readonly savedAt: Date;
}

/** As a top-up by hand: below, the vendor's fee eats it. */
const MIN_AMOUNT = 5n * NANO_PER_USD;
const MAX_AMOUNT = 10_000n * NANO_PER_USD;
const MAX_CAP = 100_000n * NANO_PER_USD;

/**
 * The amount is at least the threshold, so that one charge is enough whenever the balance crosses it. Setting it again clears what an
 * earlier card's declines left. Throws `invalid_request` naming the member, and `unprocessable` to enable it without a card.
 */
export async function setAutoTopUp(pool: Pool, actor: Actor, wish: AutoTopUpWish): Promise<void> {
  requirePermission(actor, 'billing:write');
  const { accountId } = actor;
  const amount = readCents('amountUsd', wish.amountUsd, MIN_AMOUNT, MAX_AMOUNT, '5 to 10000');
  const threshold = readCents('thresholdUsd', wish.thresholdUsd, NANO_PER_CENT, amount, '0.01 up to amountUsd');
  const cap = readCents('monthlyCapUsd', wish.monthlyCapUsd, amount, MAX_CAP, 'amountUsd up to 100000');
  await inTransaction(pool, async (client) => {
    if (wish.enabled) {
      const card = await client.query('SELECT 1 FROM saved_card WHERE account_id = $1 FOR SHARE', [accountId]);
      if (card.rowCount === 0)
        throw new GatewayError('unprocessable', 'Save a card first: it is what will be charged.', { param: 'enabled' });
    }
    await client.query(
      `INSERT INTO auto_top_up (account_id, enabled, threshold, amount, monthly_cap) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (account_id) DO UPDATE SET enabled = excluded.enabled, threshold = excluded.threshold, amount = excluded.amount,
         monthly_cap = excluded.monthly_cap, failures = 0, retry_at = NULL, disabled_reason = NULL, capped_at = NULL`,
      [accountId, wish.enabled, threshold, amount, cap],
    );
    const { thresholdUsd, amountUsd, monthlyCapUsd } = wish;
    await auditAccount(client, actor, 'auto_topup.set', accountId, { enabled: `${wish.enabled}`, thresholdUsd, amountUsd, monthlyCapUsd });
  });
}

function readCents(param: keyof AutoTopUpWish, text: string, least: NanoUsd, most: NanoUsd, range: string): NanoUsd {
  const amount = parseUsd(text);
  if (amount === undefined || amount < least || amount > most || amount % NANO_PER_CENT !== 0n)
    throw new GatewayError('invalid_request', `Invalid '${param}': must be USD from ${range}, in whole cents.`, { param });
  return amount;
}

/** Null: never set. */
export async function findAutoTopUp(pool: Pool, accountId: string): Promise<AutoTopUpState | null> {
  const { rows } = await pool.query<{
    enabled: boolean;
    threshold: string;
    amount: string;
    monthly_cap: string;
    failures: number;
    retry_at: Date | null;
    disabled_reason: string | null;
  }>('SELECT * FROM auto_top_up WHERE account_id = $1', [accountId]);
  const [row] = rows;
  if (!row) return null;
  return {
    enabled: row.enabled,
    threshold: BigInt(row.threshold),
    amount: BigInt(row.amount),
    monthlyCap: BigInt(row.monthly_cap),
    failures: row.failures,
    retryAt: row.retry_at,
    disabledReason: row.disabled_reason,
  };
}

export async function findSavedCard(pool: Pool, accountId: string): Promise<SavedCardState | null> {
  const { rows } = await pool.query<{ brand: string; last4: string; exp_month: number; exp_year: number; saved_at: Date }>(
    'SELECT * FROM saved_card WHERE account_id = $1',
    [accountId],
  );
  const [row] = rows;
  if (!row) return null;
  return { brand: row.brand, last4: row.last4, expMonth: row.exp_month, expYear: row.exp_year, savedAt: row.saved_at };
}

/** Of this calendar month, UTC by PostgreSQL's clock; what is under way counts. */
export async function sumAutoTopUps(queries: Pick<Pool, 'query'>, accountId: string): Promise<NanoUsd> {
  const { rows } = await queries.query<{ total: string }>(
    `SELECT coalesce(sum(amount), 0) AS total FROM top_up
     WHERE account_id = $1 AND automatic AND status NOT IN ('failed', 'expired')
       AND created_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`,
    [accountId],
  );
  return BigInt(rows[0]?.total ?? 0);
}
