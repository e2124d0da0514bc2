/**
 * Payments that nobody told us of: checkouts and cards whose notice was lost are asked for, chains are watched for deposits, and saved
 * cards are charged when balances fall low.
 * Several control planes may run it; everything behind it credits once. A vendor or chain that is away is tried again.
 */
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Mailer } from '../modules/mail/mailer.js';
import { claimCrossings, settleCharges } from '../modules/payment/charge-saved-card.js';
import { type Payments, USDT_NETWORKS } from '../modules/payment/payments.js';
import { syncStaleSetups } from '../modules/payment/saved-card.js';
import { syncCheckout } from '../modules/payment/sync-stripe.js';
import { tellFailedCharges, tellReachedCaps } from '../modules/payment/tell-auto-top-up.js';
import { openChain, watchDeposits } from '../modules/payment/watch-deposits.js';
import { repeat } from './repeat.js';

const CHECKOUT_EVERY_MS = 60_000;
/** A notice comes within seconds; Stripe ends a checkout after 24 hours. */
const STALE_MINUTES = 2;
const CHECKOUT_HOURS = 48;
const CHECKOUTS_A_PASS = 20;
/** A balance that runs out is filled before many requests are refused. */
const CROSSING_EVERY_MS = 5_000;
/** A block takes 12 s on Ethereum and 3 s on TRON; finality takes minutes and one minute. */
const CHAIN_EVERY_MS = 10_000;

export interface PaymentWatchDependencies {
  readonly pool: Pool;
  readonly payments: Payments;
  readonly mailer: Mailer;
  readonly log: Pick<Logger, 'error'>;
}

export function startPaymentWatch({ pool, payments, mailer, log }: PaymentWatchDependencies): { stop(): Promise<void> } {
  const loops = payments.stripe
    ? [
        repeat('lost notices of payments', CHECKOUT_EVERY_MS, () => syncStaleCheckouts(pool, payments), log),
        repeat('lost notices of saved cards', CHECKOUT_EVERY_MS, () => syncStaleSetups(pool, payments, STALE_MINUTES), log),
        repeat('automatic top-ups', CROSSING_EVERY_MS, () => topUpAutomatically(pool, payments, mailer), log),
      ]
    : [];
  for (const network of USDT_NETWORKS) {
    const settings = payments.usdt[network];
    if (!settings) continue;
    const chain = openChain(settings);
    loops.push(repeat(`deposits on ${network}`, CHAIN_EVERY_MS, () => watchDeposits(pool, network, settings, chain), log));
  }
  return {
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** One pass: crossings are found, cards charged, people told. Any number of control planes may be at it. */
export async function topUpAutomatically(pool: Pool, { stripe, returnUrl }: Payments, mailer: Mailer): Promise<void> {
  if (!stripe) return;
  try {
    await claimCrossings(pool);
    await settleCharges(pool, stripe.client);
  } finally {
    await tellFailedCharges(pool, mailer, returnUrl);
    await tellReachedCaps(pool, mailer, returnUrl);
  }
}

/** Asks Stripe for pending checkouts that it should have told of by now; each at most once in a pass, a different set each time. */
export async function syncStaleCheckouts(pool: Pool, payments: Payments, staleMinutes = STALE_MINUTES): Promise<void> {
  if (!payments.stripe) return;
  const { rows } = await pool.query<{ session_id: string }>(
    `SELECT session_id FROM top_up WHERE status = 'pending' AND session_id IS NOT NULL
       AND created_at BETWEEN now() - $1 * interval '1 hour' AND now() - $2 * interval '1 minute'
     ORDER BY random() LIMIT $3`,
    [CHECKOUT_HOURS, staleMinutes, CHECKOUTS_A_PASS],
  );
  for (const { session_id } of rows) await syncCheckout(pool, payments.stripe.client, session_id);
}
