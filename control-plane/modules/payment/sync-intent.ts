/**
 * Brings an automatic top-up to what Stripe says of its payment intent now; fetched, never taken from a notice. Credited once, only when
 * it succeeded and order, account, customer, amount and currency are those of our row. A decline counts against the card: it is tried
 * again later, and after the third in a row, or at once where trying again cannot help, automatic top-ups are turned off.
 */
import type { Pool, PoolClient } from 'pg';
import type Stripe from 'stripe';
import { formatUsd, NANO_PER_CENT } from '../../../shared/money.js';
import { raiseAlerts } from '../billing/alert.js';
import { creditPayment } from '../billing/credit-account.js';
import { inTransaction } from '../billing/transaction.js';
import { queueEvent } from '../webhook/queue-event.js';
import { tellTopUpCredited } from '../webhook/tell-top-up-credited.js';
import type { Outcome } from './sync-stripe.js';

interface AutomaticRow {
  id: string;
  account_id: string;
  amount: string;
  status: string;
  credited: string;
  customer_id: string;
}

const MAX_FAILURES = 3;
/** After the first decline, and after the second. */
const RETRY_HOURS = [1, 12];
/** The customer must do something: Stripe's documents say not to try these again. */
const FINAL_DECLINES: ReadonlySet<string> = new Set([
  'authentication_required',
  'expired_card',
  'lost_card',
  'stolen_card',
  'pickup_card',
  'resource_missing',
]);

export async function syncIntent(pool: Pool, stripe: Stripe, intentId: string): Promise<Outcome> {
  const intent = await stripe.paymentIntents.retrieve(intentId);
  return await inTransaction(pool, async (client) => {
    const topUp = await lockAutomatic(client, intent.metadata['top_up'] ?? '');
    // Of a checkout, whose session says what became of it; or of another program.
    if (!topUp) return 'unknown';
    const problem = findMismatch(topUp, intent);
    if (problem !== undefined) {
      await raiseAlerts(client, [{ kind: 'payment_mismatch', subject: topUp.id, detail: problem, accountId: topUp.account_id }]);
      return 'mismatch';
    }
    await client.query('UPDATE top_up SET payment_intent = $2 WHERE id = $1', [topUp.id, intent.id]);
    if (intent.status === 'succeeded') return await credit(client, topUp);
    if (topUp.status !== 'pending' || intent.status === 'processing') return 'nothing to do';
    const error = intent.last_payment_error;
    await fail(client, topUp, error?.decline_code ?? error?.code ?? intent.status);
    return 'failed';
  });
}

/** Stripe refused before there was an intent. */
export async function failCharge(pool: Pool, topUpId: string, code: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    const topUp = await lockAutomatic(client, topUpId);
    if (topUp?.status === 'pending') await fail(client, topUp, code);
  });
}

async function lockAutomatic(client: PoolClient, topUpId: string): Promise<AutomaticRow | undefined> {
  const { rows } = await client.query<AutomaticRow>('SELECT * FROM top_up WHERE id::text = $1 AND automatic FOR UPDATE', [topUpId]);
  return rows[0];
}

function findMismatch(topUp: AutomaticRow, intent: Stripe.PaymentIntent): string | undefined {
  const expected = Number(BigInt(topUp.amount) / NANO_PER_CENT);
  const customer = typeof intent.customer === 'string' ? intent.customer : intent.customer?.id;
  if (intent.metadata['account'] !== topUp.account_id) return 'account of another customer';
  if (customer !== topUp.customer_id) return `customer ${customer}`;
  if (intent.currency !== 'usd') return `currency ${intent.currency}`;
  if (intent.amount !== expected) return `amount ${intent.amount} cents, not ${expected}`;
  if (intent.status === 'succeeded' && intent.amount_received !== expected)
    return `received ${intent.amount_received} cents, not ${expected}`;
  return undefined;
}

async function credit(client: PoolClient, topUp: AutomaticRow): Promise<Outcome> {
  if (BigInt(topUp.credited) > 0n) return 'nothing to do';
  const { id, account_id: accountId } = topUp;
  const amount = BigInt(topUp.amount);
  await creditPayment(client, { accountId, amount, refType: 'top_up', refId: id, reason: 'Automatic top-up by card' });
  await client.query(`UPDATE top_up SET status = 'paid', credited = $2, failure = NULL, paid_at = now() WHERE id = $1`, [id, amount]);
  await client.query('UPDATE auto_top_up SET failures = 0, retry_at = NULL WHERE account_id = $1', [accountId]);
  await tellTopUpCredited(client, { accountId, topUpId: id, amount, method: 'card' });
  return 'credited';
}

async function fail(client: PoolClient, topUp: AutomaticRow, code: string): Promise<void> {
  const { id, account_id: accountId } = topUp;
  await client.query(`UPDATE top_up SET status = 'failed', failure = $2 WHERE id = $1`, [id, code]);
  const data = { id, amount_usd: formatUsd(BigInt(topUp.amount)), method: 'card', automatic: true, failure: code };
  await queueEvent(client, { accountId, type: 'topup.failed', data });
  const { rows } = await client.query<{ enabled: boolean; failures: number }>(
    'UPDATE auto_top_up SET failures = failures + 1 WHERE account_id = $1 RETURNING enabled, failures',
    [accountId],
  );
  const setting = rows[0];
  if (!setting?.enabled) return;
  if (setting.failures < MAX_FAILURES && !FINAL_DECLINES.has(code)) {
    const hours = RETRY_HOURS[setting.failures - 1] ?? 0;
    await client.query(`UPDATE auto_top_up SET retry_at = now() + $2 * interval '1 hour' WHERE account_id = $1`, [accountId, hours]);
    return;
  }
  await client.query('UPDATE auto_top_up SET enabled = false, retry_at = NULL, disabled_reason = $2 WHERE account_id = $1', [
    accountId,
    code,
  ]);
  await queueEvent(client, { accountId, type: 'auto_topup.disabled', data: { reason: code, failures: setting.failures } });
}
