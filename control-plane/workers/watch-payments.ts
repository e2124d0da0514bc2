/**
 * Payments that nobody told us of: checkouts whose notice was lost are asked for, and chains are watched for deposits.
 * Several control planes may run it; everything behind it credits once. A vendor or chain that is away is tried again.
 */
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { type Payments, USDT_NETWORKS } from '../modules/payment/payments.js';
import { syncCheckout } from '../modules/payment/sync-stripe.js';
import { openChain, watchDeposits } from '../modules/payment/watch-deposits.js';
import { repeat } from './repeat.js';

const CHECKOUT_EVERY_MS = 60_000;
/** A notice comes within seconds; Stripe ends a checkout after 24 hours. */
const STALE_MINUTES = 2;
const CHECKOUT_HOURS = 48;
const CHECKOUTS_A_PASS = 20;
/** A block takes 12 s on Ethereum and 3 s on TRON; finality takes minutes and one minute. */
const CHAIN_EVERY_MS = 10_000;

export interface PaymentWatchDependencies {
  readonly pool: Pool;
  readonly payments: Payments;
  readonly log: Pick<Logger, 'error'>;
}

export function startPaymentWatch({ pool, payments, log }: PaymentWatchDependencies): { stop(): Promise<void> } {
  const loops = payments.stripe
    ? [repeat('lost notices of payments', CHECKOUT_EVERY_MS, () => syncStaleCheckouts(pool, payments), log)]
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
