/**
 * How customers can pay here. What is not configured is not offered. Made once by the composition root.
 * The client of Stripe is the vendor's own; it retries by itself under an idempotency key, so a lost answer creates nothing twice.
 */
import Stripe from 'stripe';

export interface StripeSettings {
  readonly secretKey: string;
  /** Any of them is good: two while one is being replaced. */
  readonly webhookSecrets: readonly string[];
  readonly apiBase: string | undefined;
}

export interface UsdtSettings {
  readonly rpcUrl: string;
  readonly contract: string;
  readonly xpub: string;
}

export const USDT_NETWORKS = ['ethereum', 'tron'] as const;
export type UsdtNetwork = (typeof USDT_NETWORKS)[number];

export interface PaymentSettings {
  readonly stripe: StripeSettings | undefined;
  readonly usdt: { readonly [network in UsdtNetwork]: UsdtSettings | undefined };
}

export interface Payments {
  readonly stripe: { readonly client: Stripe; readonly webhookSecrets: readonly string[] } | undefined;
  readonly usdt: PaymentSettings['usdt'];
  /** Where Stripe sends people back to, when they did not say. */
  readonly returnUrl: string;
}

const STRIPE_TIMEOUT_MS = 15_000;
const STRIPE_RETRIES = 2;

/** Throws when there would be a webhook without a secret: such a route believes anybody. */
export function openPayments(settings: PaymentSettings, publicUrl: string): Payments {
  const { stripe } = settings;
  if (stripe && (stripe.webhookSecrets.length === 0 || stripe.webhookSecrets.some((secret) => secret.trim() === '')))
    throw new Error('STRIPE_WEBHOOK_SECRET is empty');
  return {
    stripe: stripe && { client: openStripe(stripe), webhookSecrets: stripe.webhookSecrets },
    usdt: settings.usdt,
    returnUrl: `${publicUrl}/billing`,
  };
}

function openStripe({ secretKey, apiBase }: StripeSettings): Stripe {
  const base = apiBase === undefined ? undefined : new URL(apiBase);
  return new Stripe(secretKey, {
    timeout: STRIPE_TIMEOUT_MS,
    maxNetworkRetries: STRIPE_RETRIES,
    telemetry: false,
    ...(base && {
      host: base.hostname,
      port: base.port === '' ? (base.protocol === 'https:' ? 443 : 80) : Number(base.port),
      protocol: base.protocol === 'https:' ? 'https' : 'http',
    }),
  });
}
