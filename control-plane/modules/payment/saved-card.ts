/**
 * A card that Stripe keeps for an account. It is saved on Stripe's own page (Checkout in setup mode), so no card data reaches us; we keep
 * an id, the brand and the last four digits. What is saved is read from Stripe, never from a notice, and only into the account that asked
 * for the page: order, account and customer must all be those of our row.
 * When Stripe is away no page is made, and a card whose notice was lost is found by asking (`syncStaleSetups`).
 */
import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { GatewayError } from '../../../shared/errors.js';
import { newId } from '../../db/new-id.js';
import { auditAccount } from '../audit/audit-account.js';
import { raiseAlerts } from '../billing/alert.js';
import { inTransaction } from '../billing/transaction.js';
import { type Actor, requirePermission } from '../permissions.js';
import type { Payments } from './payments.js';
import { readReturnUrl } from './return-url.js';
import type { Outcome } from './sync-stripe.js';

export interface CardPage {
  readonly id: string;
  readonly url: string;
}

/** Stripe ends a page after 24 hours. */
const PAGE_HOURS = 48;
const SETUPS_A_PASS = 20;

/** The page on which the customer gives a card. Throws `service_unavailable` when Stripe cannot be reached. */
export async function beginCardSetup(
  pool: Pool,
  payments: Payments,
  actor: Actor,
  urls: { readonly successUrl: string | null; readonly cancelUrl: string | null },
): Promise<CardPage> {
  requirePermission(actor, 'billing:write');
  const { stripe } = payments;
  if (!stripe) throw new GatewayError('unprocessable', 'Cards are not configured here.');
  const { accountId, userId } = actor;
  const successUrl = readReturnUrl(urls.successUrl, 'successUrl') ?? payments.returnUrl;
  const cancelUrl = readReturnUrl(urls.cancelUrl, 'cancelUrl') ?? payments.returnUrl;
  const id = newId();
  await pool.query('INSERT INTO card_setup (id, account_id, created_by) VALUES ($1, $2, $3)', [id, accountId, userId]);
  const metadata = { card_setup: id, account: accountId };
  const session = await customerOf(pool, stripe.client, accountId)
    .then((customer) =>
      stripe.client.checkout.sessions.create(
        {
          ...{ mode: 'setup', customer, client_reference_id: id, metadata, allowed_payment_method_types: ['card'] },
          setup_intent_data: { metadata },
          ...{ success_url: successUrl, cancel_url: cancelUrl },
        },
        { idempotencyKey: `card-setup-${id}` },
      ),
    )
    .catch((cause: unknown) => {
      throw new GatewayError('service_unavailable', 'The page for the card cannot be made at the moment. Try again shortly.', { cause });
    });
  const url = session.url ?? '';
  await pool.query('UPDATE card_setup SET session_id = $2, url = $3 WHERE id = $1', [id, session.id, url]);
  return { id, url };
}

/** Of the account at Stripe; made once, however many ask at the same time. */
async function customerOf(pool: Pool, stripe: Stripe, accountId: string): Promise<string> {
  const find = 'SELECT customer_id FROM payment_customer WHERE account_id = $1';
  const known = await pool.query<{ customer_id: string }>(find, [accountId]);
  if (known.rows[0]) return known.rows[0].customer_id;
  const customer = await stripe.customers.create({ metadata: { account: accountId } }, { idempotencyKey: `customer-${accountId}` });
  await pool.query('INSERT INTO payment_customer (account_id, customer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    accountId,
    customer.id,
  ]);
  return (await pool.query<{ customer_id: string }>(find, [accountId])).rows[0]?.customer_id ?? customer.id;
}

interface SetupRow {
  id: string;
  account_id: string;
  status: string;
  customer_id: string;
}

/** Brings a page to what Stripe says of it now: as often, and in whatever order, as notices come. */
export async function syncCardSetup(pool: Pool, stripe: Stripe, sessionId: string): Promise<Outcome> {
  const ours = await pool.query('SELECT 1 FROM card_setup WHERE session_id = $1', [sessionId]);
  if (ours.rowCount === 0) return 'unknown';
  const session = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['setup_intent.payment_method'] });
  return await inTransaction(pool, async (client) => {
    const { rows } = await client.query<SetupRow>(
      `SELECT id, account_id, status, customer_id FROM card_setup JOIN payment_customer USING (account_id)
       WHERE session_id = $1 FOR UPDATE OF card_setup`,
      [sessionId],
    );
    const [setup] = rows;
    if (!setup) return 'unknown';
    if (setup.status !== 'pending') return 'nothing to do';
    if (session.status === 'expired') {
      await client.query(`UPDATE card_setup SET status = 'expired', url = NULL WHERE id = $1`, [setup.id]);
      return 'expired';
    }
    const intent = typeof session.setup_intent === 'object' ? session.setup_intent : null;
    const method = typeof intent?.payment_method === 'object' ? intent.payment_method : null;
    if (intent?.status !== 'succeeded' || !method?.card) return 'nothing to do';
    const problem = findMismatch(setup, session, method);
    if (problem !== undefined) {
      const alert = { kind: 'payment_mismatch', subject: setup.id, detail: problem, accountId: setup.account_id } as const;
      await raiseAlerts(client, [alert]);
      return 'mismatch';
    }
    const { brand, last4, exp_month: month, exp_year: year } = method.card;
    await client.query(
      `INSERT INTO saved_card (account_id, payment_method, brand, last4, exp_month, exp_year) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (account_id) DO UPDATE SET payment_method = excluded.payment_method, brand = excluded.brand, last4 = excluded.last4,
         exp_month = excluded.exp_month, exp_year = excluded.exp_year, saved_at = now()`,
      [setup.account_id, method.id, brand, last4, month, year],
    );
    // A new card has not declined anything yet.
    await client.query('UPDATE auto_top_up SET failures = 0, retry_at = NULL WHERE account_id = $1', [setup.account_id]);
    await client.query(`UPDATE card_setup SET status = 'saved', url = NULL WHERE id = $1`, [setup.id]);
    return 'saved';
  });
}

function findMismatch(setup: SetupRow, session: Stripe.Checkout.Session, method: Stripe.PaymentMethod): string | undefined {
  const customer = idOf(session.customer);
  if (session.mode !== 'setup') return `mode ${session.mode}`;
  if (session.client_reference_id !== setup.id || session.metadata?.['card_setup'] !== setup.id) return 'page of another order';
  if (session.metadata['account'] !== setup.account_id) return 'account of another customer';
  if (customer !== setup.customer_id || idOf(method.customer) !== setup.customer_id) return `card of customer ${customer}`;
  return undefined;
}

function idOf(object: string | { readonly id: string } | null): string | undefined {
  return typeof object === 'string' ? object : object?.id;
}

/** Asks Stripe for pages whose notice was lost; each at most once in a pass. */
export async function syncStaleSetups(pool: Pool, payments: Payments, staleMinutes: number): Promise<void> {
  if (!payments.stripe) return;
  const { rows } = await pool.query<{ session_id: string }>(
    `SELECT session_id FROM card_setup WHERE status = 'pending' AND session_id IS NOT NULL
       AND created_at BETWEEN now() - $1 * interval '1 hour' AND now() - $2 * interval '1 minute'
     ORDER BY random() LIMIT $3`,
    [PAGE_HOURS, staleMinutes, SETUPS_A_PASS],
  );
  for (const { session_id } of rows) await syncCardSetup(pool, payments.stripe.client, session_id);
}

/** Forgets the card and turns automatic top-ups off. False when there was none. */
export async function removeSavedCard(pool: Pool, payments: Payments, actor: Actor): Promise<boolean> {
  requirePermission(actor, 'billing:write');
  const { accountId } = actor;
  const method = await inTransaction(pool, async (client) => {
    await client.query('UPDATE auto_top_up SET enabled = false, disabled_reason = NULL WHERE account_id = $1', [accountId]);
    const { rows } = await client.query<{ payment_method: string; last4: string }>(
      'DELETE FROM saved_card WHERE account_id = $1 RETURNING payment_method, last4',
      [accountId],
    );
    if (rows[0]) await auditAccount(client, actor, 'card.remove', accountId, { last4: rows[0].last4 });
    return rows[0]?.payment_method;
  });
  // We have forgotten it: with Stripe away it stays there, and nobody can charge it.
  if (method !== undefined) await payments.stripe?.client.paymentMethods.detach(method).catch(() => undefined);
  return method !== undefined;
}
