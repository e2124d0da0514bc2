/**
 * Tells the people of an account that its balance is low: once, and again only after it was a quarter above the threshold (hysteresis), so
 * that a balance around it sends no mail a minute. The row is the lock: of several control planes one sends.
 * The webhook `balance.low` commits with it. A mail that cannot be sent is logged by the mailer and not sent again; the balance is on the console all the time.
 */
import type { Pool, PoolClient } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd, parseUsd } from '../../../shared/money.js';
import type { Mailer } from '../mail/mailer.js';
import { type Actor, requirePermission } from '../permissions.js';
import { queueEvent } from '../webhook/queue-event.js';
import { inTransaction } from './transaction.js';

/** `thresholdUsd` null: no more alerts. Throws `invalid_request` for what is no amount. */
export async function setLowBalanceAlert(pool: Pool, actor: Actor, thresholdUsd: string | null): Promise<void> {
  requirePermission(actor, 'billing:write');
  if (thresholdUsd === null) {
    await pool.query('DELETE FROM low_balance_alert WHERE account_id = $1', [actor.accountId]);
    return;
  }
  const threshold = parseUsd(thresholdUsd);
  if (threshold === undefined || threshold === 0n)
    throw new GatewayError('invalid_request', 'Invalid thresholdUsd: a decimal string of USD above 0.', { param: 'thresholdUsd' });
  await pool.query(
    `INSERT INTO low_balance_alert (account_id, threshold) VALUES ($1, $2)
     ON CONFLICT (account_id) DO UPDATE SET threshold = excluded.threshold, told_at = NULL`,
    [actor.accountId, threshold],
  );
}

/** Decimal string of USD; null when there is none. */
export async function findLowBalanceAlert(pool: Pool, accountId: string): Promise<string | null> {
  const { rows } = await pool.query<{ threshold: string }>('SELECT threshold FROM low_balance_alert WHERE account_id = $1', [accountId]);
  return rows[0] ? formatUsd(BigInt(rows[0].threshold)) : null;
}

interface LowAccount {
  account_id: string;
  name: string;
  threshold: string;
  balance: string;
  emails: string[];
}

/** Returns how many accounts were told. Run every half minute. */
export async function tellLowBalances(pool: Pool, mailer: Mailer, topUpUrl: string): Promise<number> {
  await pool.query(
    `UPDATE low_balance_alert SET told_at = NULL FROM wallet
     WHERE wallet.account_id = low_balance_alert.account_id AND told_at IS NOT NULL AND available + leased >= threshold + threshold / 4`,
  );
  const low = await inTransaction(pool, markTold);
  for (const { name, threshold, balance, emails } of low) {
    const text = `The balance of ${name} is $${formatUsd(BigInt(balance))}, below $${formatUsd(BigInt(threshold))}.\n\nTop up: ${topUpUrl}\n`;
    for (const to of emails) mailer.send({ to, subject: `Low balance: $${formatUsd(BigInt(balance))}`, text });
  }
  return low.length;
}

async function markTold(client: PoolClient): Promise<LowAccount[]> {
  const { rows } = await client.query<LowAccount>(
    `UPDATE low_balance_alert SET told_at = now() FROM wallet JOIN account ON account.id = wallet.account_id
     WHERE wallet.account_id = low_balance_alert.account_id AND told_at IS NULL AND available + leased < threshold
     RETURNING wallet.account_id, account.name, threshold, available + leased AS balance, ARRAY(
       SELECT email FROM app_user JOIN membership ON membership.user_id = app_user.id
       WHERE membership.account_id = wallet.account_id AND role IN ('owner', 'billing') AND disabled_at IS NULL ORDER BY email) AS emails`,
  );
  for (const { account_id: accountId, threshold, balance } of rows) {
    const data = { balance_usd: formatUsd(BigInt(balance)), threshold_usd: formatUsd(BigInt(threshold)) };
    await queueEvent(client, { accountId, type: 'balance.low', data });
  }
  return rows;
}
