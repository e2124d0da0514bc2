/**
 * Brings a top-up to what Stripe says of it now. The state is fetched, never taken from a notice, so notices may come twice, late, out of
 * order, at once, or not at all (`findStalePayments` looks after those).
 *
 * - Credited once, only when paid and when order, method, amount, currency and account are those of our row; otherwise an alert.
 * - Refunds and disputes reverse the difference to what was reversed before: never more than was credited, into debt if it is spent.
 * - The row is locked while it is compared and posted; behind a credit and a dispute stands the ledger's own unique reference.
 */
import type { Pool, PoolClient } from 'pg';
import type Stripe from 'stripe';
import { NANO_PER_CENT, type NanoUsd } from '../../../shared/money.js';
import { newId } from '../../db/new-id.js';
import { raiseAlerts } from '../billing/alert.js';
import { creditPayment, restorePayment, reversePayment } from '../billing/credit-account.js';
import { inTransaction } from '../billing/transaction.js';
import { tellTopUpCredited } from '../webhook/tell-top-up-credited.js';
import { syncIntent } from './sync-intent.js';
import type { TopUpMethod, TopUpStatus } from './top-up.entity.js';

interface TopUpRow {
  id: string;
  account_id: string;
  method: TopUpMethod;
  amount: string;
  status: TopUpStatus;
  payment_intent: string | null;
  credited: string;
  refunded: string;
}

/** What became of a notice: kept beside it. */
export type Outcome = 'credited' | 'saved' | 'nothing to do' | 'failed' | 'expired' | 'reversed' | 'restored' | 'unknown' | 'mismatch';

export async function syncCheckout(pool: Pool, stripe: Stripe, sessionId: string): Promise<Outcome> {
  // Other programs may use the same account at Stripe: their checkouts are none of ours.
  const ours = await pool.query('SELECT 1 FROM top_up WHERE session_id = $1', [sessionId]);
  if (ours.rowCount === 0) return 'unknown';
  const session = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['payment_intent'] });
  return await inTransaction(pool, async (client) => {
    const topUp = await lockTopUp(client, 'session_id', session.id);
    if (!topUp) return 'unknown';
    if (session.payment_status === 'paid') return await creditCheckout(client, topUp, session);
    if (topUp.status !== 'pending') return 'nothing to do';
    if (session.status === 'expired') return await setStatus(client, topUp, 'expired');
    const intent = typeof session.payment_intent === 'object' ? session.payment_intent : null;
    const failed = session.status === 'complete' && (intent?.status === 'requires_payment_method' || intent?.status === 'canceled');
    return failed ? await setStatus(client, topUp, 'failed') : 'nothing to do';
  });
}

async function creditCheckout(client: PoolClient, topUp: TopUpRow, session: Stripe.Checkout.Session): Promise<Outcome> {
  const problem = findMismatch(topUp, session);
  if (problem !== undefined) return await reportMismatch(client, topUp, problem);
  if (BigInt(topUp.credited) > 0n) return 'nothing to do';
  const amount = BigInt(topUp.amount);
  const reason = `Top-up by ${topUp.method.replace('_', ' ')}`;
  await creditPayment(client, { accountId: topUp.account_id, amount, refType: 'top_up', refId: topUp.id, reason });
  const intent = typeof session.payment_intent === 'object' ? session.payment_intent?.id : session.payment_intent;
  await client.query(
    `UPDATE top_up SET status = 'paid', credited = $2, payment_intent = $3, checkout_url = NULL, paid_at = now() WHERE id = $1`,
    [topUp.id, amount, intent ?? null],
  );
  await tellTopUpCredited(client, { accountId: topUp.account_id, topUpId: topUp.id, amount, method: topUp.method });
  return 'credited';
}

function findMismatch(topUp: TopUpRow, session: Stripe.Checkout.Session): string | undefined {
  const expected = Number(BigInt(topUp.amount) / NANO_PER_CENT);
  if (session.mode !== 'payment') return `mode ${session.mode}`;
  if (session.client_reference_id !== topUp.id || session.metadata?.['top_up'] !== topUp.id) return 'order of another top-up';
  if (session.metadata['account'] !== topUp.account_id) return 'account of another customer';
  if (session.currency !== 'usd') return `currency ${session.currency}`;
  if (session.amount_total !== expected) return `amount ${session.amount_total} cents, not ${expected}`;
  const methods = session.allowed_payment_method_types ?? session.payment_method_types;
  if (!methods.includes(topUp.method)) return `method ${methods.join(', ')}`;
  return undefined;
}

export async function syncReversals(pool: Pool, stripe: Stripe, paymentIntent: string): Promise<Outcome> {
  const [intent, disputes] = await Promise.all([
    stripe.paymentIntents.retrieve(paymentIntent, { expand: ['latest_charge'] }),
    stripe.disputes.list({ payment_intent: paymentIntent, limit: 100 }),
  ]);
  await creditFirst(pool, stripe, intent);
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  return await inTransaction(pool, async (client) => {
    const topUp = await lockTopUp(client, 'payment_intent', intent.id);
    if (!topUp) return 'unknown';
    const outcomes = [await applyRefunds(client, topUp, BigInt(charge?.amount_refunded ?? 0) * NANO_PER_CENT)];
    for (const dispute of disputes.data) outcomes.push(await applyDispute(client, topUp, dispute));
    await client.query(
      `UPDATE top_up SET status = CASE
         WHEN EXISTS (SELECT FROM dispute WHERE top_up_id = top_up.id AND status <> 'won') THEN 'disputed'
         WHEN refunded > 0 THEN 'refunded' ELSE 'paid' END WHERE id = $1`,
      [topUp.id],
    );
    return outcomes.find((outcome) => outcome !== 'nothing to do') ?? 'nothing to do';
  });
}

/** A reversal may be heard of before the payment itself: without the credit there would be nothing to reverse. */
async function creditFirst(pool: Pool, stripe: Stripe, intent: Stripe.PaymentIntent): Promise<void> {
  const { rows } = await pool.query<{ session_id: string | null }>(
    `SELECT session_id FROM top_up WHERE id::text = $1 AND credited = 0 AND (session_id IS NOT NULL OR automatic)`,
    [intent.metadata['top_up'] ?? ''],
  );
  const [uncredited] = rows;
  if (uncredited?.session_id) await syncCheckout(pool, stripe, uncredited.session_id);
  else if (uncredited) await syncIntent(pool, stripe, intent.id);
}

/** `total` is cumulative. */
async function applyRefunds(client: PoolClient, topUp: TopUpRow, total: NanoUsd): Promise<Outcome> {
  const before = BigInt(topUp.refunded);
  if (total === before) return 'nothing to do';
  if (total > BigInt(topUp.credited)) return await reportMismatch(client, topUp, `refunds of ${total} pass what was credited`);
  // The same total can be reached twice, when a refund failed in between: the locked row says what is new, not the reference.
  const movement = { accountId: topUp.account_id, refType: 'top_up_refund', refId: `${topUp.id}/${newId()}` };
  // Stripe takes a refund back when the customer's bank refuses it.
  if (total < before) await restorePayment(client, { ...movement, amount: before - total, reason: 'A refund failed' });
  else await reversePayment(client, 'refund', { ...movement, amount: total - before, reason: 'Refund of a top-up' });
  await client.query('UPDATE top_up SET refunded = $2 WHERE id = $1', [topUp.id, total]);
  return total > before ? 'reversed' : 'restored';
}

async function applyDispute(client: PoolClient, topUp: TopUpRow, dispute: Stripe.Dispute): Promise<Outcome> {
  // An inquiry moves no money.
  if (dispute.status.startsWith('warning_')) return 'nothing to do';
  const status = dispute.status === 'won' || dispute.status === 'prevented' ? 'won' : dispute.status === 'lost' ? 'lost' : 'open';
  const known = await client.query<{ status: string }>('SELECT status FROM dispute WHERE id = $1', [dispute.id]);
  const before = known.rows[0]?.status;
  const amount = BigInt(dispute.amount) * NANO_PER_CENT;
  const movement = { accountId: topUp.account_id, amount, refType: 'dispute', refId: dispute.id };
  if (before === undefined) {
    if (dispute.currency !== 'usd' || amount > BigInt(topUp.credited))
      return await reportMismatch(client, topUp, `dispute ${dispute.id} of ${dispute.amount} ${dispute.currency}`);
    await client.query('INSERT INTO dispute (id, top_up_id, amount, status) VALUES ($1, $2, $3, $4)', [
      dispute.id,
      topUp.id,
      amount,
      status === 'won' ? 'open' : status,
    ]);
    await reversePayment(client, 'dispute', { ...movement, reason: 'The payment was disputed' });
  }
  if (before === status || before === 'won') return before === undefined ? 'reversed' : 'nothing to do';
  if (before === undefined && status === 'open') return 'reversed';
  await client.query('UPDATE dispute SET status = $2, closed_at = now() WHERE id = $1', [dispute.id, status]);
  if (status !== 'won') return before === undefined ? 'reversed' : 'nothing to do';
  await restorePayment(client, { ...movement, reason: 'The dispute was decided for you' });
  return 'restored';
}

async function lockTopUp(client: PoolClient, column: 'session_id' | 'payment_intent', value: string): Promise<TopUpRow | undefined> {
  const { rows } = await client.query<TopUpRow>(`SELECT * FROM top_up WHERE ${column} = $1 FOR UPDATE`, [value]);
  return rows[0];
}

async function setStatus(client: PoolClient, topUp: TopUpRow, status: 'failed' | 'expired'): Promise<Outcome> {
  await client.query('UPDATE top_up SET status = $2, checkout_url = NULL WHERE id = $1', [topUp.id, status]);
  return status;
}

async function reportMismatch(client: PoolClient, topUp: TopUpRow, problem: string): Promise<Outcome> {
  await raiseAlerts(client, [{ kind: 'payment_mismatch', subject: topUp.id, detail: problem, accountId: topUp.account_id }]);
  return 'mismatch';
}
