/**
 * Charges saved cards when balances fall below what their owners set. One charge a crossing, however many control planes look, however
 * often one of them dies in between:
 *
 * - A crossing becomes a row (`top_up.automatic`) under the lock of the account's setting; while one is pending no second can be, by a
 *   unique index. The amount is at least the threshold, so a charge that arrived ends the crossing.
 * - Stripe is asked under an idempotency key that is the row's id, always with the row's own card: asked again, it answers as before. A
 *   lost answer, a process that dies, a Stripe that is away: the row stays pending and somebody asks again.
 * - What is credited is what Stripe says of the intent when it is fetched (`sync-intent.ts`), as with every payment.
 * - Never for an account that is frozen, suspended or in debt: that is when a bank has taken money back.
 */
import type { Pool, PoolClient } from 'pg';
import Stripe from 'stripe';
import { formatUsd, NANO_PER_CENT } from '../../../shared/money.js';
import { newId } from '../../db/new-id.js';
import { inTransaction } from '../billing/transaction.js';
import { queueEvent } from '../webhook/queue-event.js';
import { sumAutoTopUps } from './auto-top-up.js';
import { failCharge, syncIntent } from './sync-intent.js';

const ACCOUNTS_A_PASS = 100;
const CHARGES_A_PASS = 20;
/** Longer than the client tries by itself: nobody else takes the row up while it is being worked on. */
const ATTEMPT_SECONDS = 120;
/** Stripe forgets an idempotency key after a day: nothing is asked again after this. */
const KEY_HOURS = 20;

interface DueSetting {
  amount: string;
  monthly_cap: string;
  customer_id: string;
  payment_method: string;
}

interface PendingCharge {
  id: string;
  account_id: string;
  amount: string;
  customer_id: string;
  payment_method: string;
  payment_intent: string | null;
  stale: boolean;
}

/** Makes a row for each crossing. Returns how many. */
export async function claimCrossings(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ account_id: string }>(
    `SELECT account_id FROM auto_top_up JOIN wallet USING (account_id)
     WHERE enabled AND available + leased < threshold AND (retry_at IS NULL OR retry_at <= now())
       AND (capped_at IS NULL OR capped_at < date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')
     ORDER BY random() LIMIT $1`,
    [ACCOUNTS_A_PASS],
  );
  let claimed = 0;
  for (const { account_id: accountId } of rows) if (await inTransaction(pool, (client) => claim(client, accountId))) claimed += 1;
  return claimed;
}

async function claim(client: PoolClient, accountId: string): Promise<boolean> {
  const locked = await client.query('SELECT 1 FROM auto_top_up WHERE account_id = $1 AND enabled FOR UPDATE SKIP LOCKED', [accountId]);
  if (locked.rowCount === 0) return false;
  // A statement of its own: it sees what was committed before the lock was ours.
  const { rows } = await client.query<DueSetting>(
    `SELECT auto_top_up.amount, monthly_cap, customer_id, payment_method FROM auto_top_up
     JOIN wallet USING (account_id) JOIN saved_card USING (account_id) JOIN payment_customer USING (account_id)
     JOIN account ON account.id = account_id
     WHERE account_id = $1 AND available + leased < threshold AND debt = 0 AND account.status = 'active' AND frozen_at IS NULL
       AND (retry_at IS NULL OR retry_at <= now())
       AND NOT EXISTS (SELECT FROM top_up WHERE top_up.account_id = $1 AND automatic AND top_up.status = 'pending')`,
    [accountId],
  );
  const [due] = rows;
  if (!due) return false;
  const { amount, monthly_cap: cap, customer_id: customerId, payment_method: method } = due;
  if ((await sumAutoTopUps(client, accountId)) + BigInt(amount) > BigInt(cap)) {
    await client.query('UPDATE auto_top_up SET capped_at = now() WHERE account_id = $1', [accountId]);
    await queueEvent(client, { accountId, type: 'auto_topup.capped', data: { monthly_cap_usd: formatUsd(BigInt(cap)) } });
    return false;
  }
  await client.query(
    `INSERT INTO top_up (id, account_id, method, amount, automatic, customer_id, payment_method) VALUES ($1, $2, 'card', $3, true, $4, $5)`,
    [newId(), accountId, amount, customerId, method],
  );
  return true;
}

/** Takes up what is pending and nobody is at work on. Throws the first failure to reach Stripe, once all were tried. */
export async function settleCharges(pool: Pool, stripe: Stripe): Promise<void> {
  const { rows } = await pool.query<PendingCharge>(
    `WITH due AS (
       SELECT id FROM top_up WHERE automatic AND status = 'pending'
         AND (attempted_at IS NULL OR attempted_at < now() - $1 * interval '1 second')
       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     UPDATE top_up SET attempted_at = now() FROM due WHERE top_up.id = due.id
     RETURNING top_up.id, account_id, amount, customer_id, payment_method, payment_intent,
       created_at < now() - $3 * interval '1 hour' AS stale`,
    [ATTEMPT_SECONDS, CHARGES_A_PASS, KEY_HOURS],
  );
  const outcomes = await Promise.allSettled(rows.map((charge) => settleCharge(pool, stripe, charge)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function settleCharge(pool: Pool, stripe: Stripe, charge: PendingCharge): Promise<void> {
  const intent = charge.payment_intent ?? (charge.stale ? await findIntent(stripe, charge) : await ask(pool, stripe, charge));
  if (intent !== undefined) await syncIntent(pool, stripe, intent);
  else if (charge.stale) await failCharge(pool, charge.id, 'unreachable');
}

/** The intent's id; undefined when Stripe made none, and then the top-up has failed. Throws when it is not known what Stripe did. */
async function ask(pool: Pool, stripe: Stripe, charge: PendingCharge): Promise<string | undefined> {
  try {
    const { id } = await stripe.paymentIntents.create(
      {
        ...{ amount: Number(BigInt(charge.amount) / NANO_PER_CENT), currency: 'usd', description: 'ModelAPI credit, automatic' },
        ...{ customer: charge.customer_id, payment_method: charge.payment_method, payment_method_types: ['card'] },
        // Nobody is there to be asked: a bank that wants to ask declines.
        ...{ off_session: true, confirm: true, error_on_requires_action: true },
        metadata: { top_up: charge.id, account: charge.account_id },
      },
      { idempotencyKey: `auto-top-up-${charge.id}` },
    );
    return id;
  } catch (error) {
    const refused = error instanceof Stripe.errors.StripeCardError || error instanceof Stripe.errors.StripeInvalidRequestError;
    if (!refused) throw error;
    if (error.payment_intent) return error.payment_intent.id;
    await failCharge(pool, charge.id, error.decline_code ?? error.code ?? 'refused');
    return undefined;
  }
}

/** After the idempotency key is forgotten: what an earlier attempt may have made, among the customer's own. */
async function findIntent(stripe: Stripe, charge: PendingCharge): Promise<string | undefined> {
  for await (const intent of stripe.paymentIntents.list({ customer: charge.customer_id, limit: 100 }))
    if (intent.metadata['top_up'] === charge.id) return intent.id;
  return undefined;
}
