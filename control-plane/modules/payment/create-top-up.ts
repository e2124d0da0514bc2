/**
 * A customer wants to put money in: a row of ours first, then the vendor's page for it (or an address on a chain). Nothing is credited
 * here. When Stripe cannot be reached the row stays pending without a page and never becomes anything.
 */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { NANO_PER_CENT, NANO_PER_USD, type NanoUsd, parseUsd } from '../../../shared/money.js';
import { newId } from '../../db/new-id.js';
import { networkOf, takeAttempt } from '../attempt-window.js';
import { type Actor, requirePermission } from '../permissions.js';
import { assignAddress } from './deposit-address.js';
import { type Payments, USDT_NETWORKS, type UsdtNetwork } from './payments.js';
import { readReturnUrl } from './return-url.js';
import type { TopUpMethod } from './top-up.entity.js';

export interface TopUpRequest {
  readonly amountUsd: string;
  readonly method: string;
  readonly network: string | null;
  readonly successUrl: string | null;
  readonly cancelUrl: string | null;
}

/** Below, the vendor's fee eats it; above, somebody should talk to us. */
const MIN_AMOUNT = NANO_PER_USD;
const MAX_AMOUNT = 10_000n * NANO_PER_USD;
const PER_ACCOUNT_AND_HOUR = 20;
/** Several accounts behind one office. */
const PER_ADDRESS_AND_HOUR = 60;
const STRIPE_METHODS = ['card', 'wechat_pay', 'alipay'] as const;
type StripeMethod = (typeof STRIPE_METHODS)[number];
/** Funds that come later are credited all the same: the address is the account's for ever. */
const DEPOSIT_HOURS = 24;

/** Returns the id of the new top-up. */
export async function createTopUp(pool: Pool, payments: Payments, actor: Actor, request: TopUpRequest): Promise<string> {
  requirePermission(actor, 'billing:write');
  const amount = readAmount(request.amountUsd);
  await requireRoom(pool, actor);
  if (request.method === 'usdt') return await createDeposit(pool, payments, actor, amount, request.network);
  const method = STRIPE_METHODS.find((one) => one === request.method);
  if (method === undefined) throw invalid('method', 'card, wechat_pay, alipay or usdt');
  return await createCheckout(pool, payments, actor, amount, method, request);
}

/** Each asks Stripe for a page: somebody who tries stolen cards, or a loop that went wild, is slowed down. */
async function requireRoom(pool: Pool, actor: Actor): Promise<void> {
  await takeAttempt(pool, `top-up:${actor.accountId}`, PER_ACCOUNT_AND_HOUR, 'Too many top-ups were begun.');
  await takeAttempt(pool, `top-up:${networkOf(actor.address)}`, PER_ADDRESS_AND_HOUR, 'Too many top-ups were begun from your address.');
}

function readAmount(text: string): NanoUsd {
  const amount = parseUsd(text);
  if (amount === undefined || amount < MIN_AMOUNT || amount > MAX_AMOUNT || amount % NANO_PER_CENT !== 0n)
    throw invalid('amountUsd', 'USD from 1 to 10000 in whole cents, for example "25.00"');
  return amount;
}

async function createCheckout(
  pool: Pool,
  payments: Payments,
  actor: Actor,
  amount: NanoUsd,
  method: StripeMethod,
  request: TopUpRequest,
): Promise<string> {
  if (!payments.stripe) throw invalid('method', 'usdt: cards and wallets are not configured here');
  const id = await insertTopUp(pool, actor, amount, method);
  const metadata = { top_up: id, account: actor.accountId };
  const session = await payments.stripe.client.checkout.sessions
    .create(
      {
        mode: 'payment',
        allowed_payment_method_types: [method],
        ...(method === 'wechat_pay' ? { payment_method_options: { wechat_pay: { client: 'web' } } } : {}),
        line_items: [
          {
            quantity: 1,
            price_data: { currency: 'usd', unit_amount: Number(amount / NANO_PER_CENT), product_data: { name: 'ModelAPI credit' } },
          },
        ],
        client_reference_id: id,
        metadata,
        payment_intent_data: { metadata },
        success_url: readReturnUrl(request.successUrl, 'successUrl') ?? `${payments.returnUrl}?top_up=${id}`,
        cancel_url: readReturnUrl(request.cancelUrl, 'cancelUrl') ?? payments.returnUrl,
      },
      { idempotencyKey: `top-up-${id}` },
    )
    .catch((cause: unknown) => {
      throw new GatewayError('service_unavailable', 'The payment page cannot be made at the moment. Try again shortly.', { cause });
    });
  await pool.query('UPDATE top_up SET session_id = $2, checkout_url = $3 WHERE id = $1', [id, session.id, session.url]);
  return id;
}

async function createDeposit(pool: Pool, payments: Payments, actor: Actor, amount: NanoUsd, asked: string | null): Promise<string> {
  const offered = USDT_NETWORKS.filter((network) => payments.usdt[network] !== undefined);
  const network: UsdtNetwork | undefined = asked === null ? offered[0] : offered.find((one) => one === asked);
  const settings = network === undefined ? undefined : payments.usdt[network];
  if (network === undefined || settings === undefined)
    throw invalid('network', offered.length === 0 ? 'absent: USDT is not configured here' : offered.join(' or '));
  await assignAddress(pool, network, settings.xpub, actor.accountId);
  const id = await insertTopUp(pool, actor, amount, 'usdt');
  await pool.query(`UPDATE top_up SET network = $2, expires_at = now() + $3 * interval '1 hour' WHERE id = $1`, [
    id,
    network,
    DEPOSIT_HOURS,
  ]);
  return id;
}

async function insertTopUp(pool: Pool, actor: Actor, amount: NanoUsd, method: TopUpMethod): Promise<string> {
  const id = newId();
  await pool.query('INSERT INTO top_up (id, account_id, created_by, method, amount) VALUES ($1, $2, $3, $4, $5)', [
    id,
    actor.accountId,
    actor.userId,
    method,
    amount,
  ]);
  return id;
}

function invalid(param: string, expected: string): GatewayError {
  return new GatewayError('invalid_request', `Invalid '${param}': must be ${expected}.`, { param });
}
