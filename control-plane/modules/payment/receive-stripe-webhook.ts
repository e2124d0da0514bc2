/**
 * `POST /webhooks/stripe`: notices of Stripe, believed only for their signature and then only as a hint of what to fetch.
 * Each event id is stored once; one that was handled is answered at once, one that failed is tried again when Stripe sends it again.
 * 400 for a signature that no configured secret made; 503 when Stripe or PostgreSQL is away, and Stripe sends it again.
 */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { GatewayError } from '../../../shared/errors.js';
import type { Payments } from './payments.js';
import { syncCardSetup } from './saved-card.js';
import { syncIntent } from './sync-intent.js';
import { type Outcome, syncCheckout, syncReversals } from './sync-stripe.js';

const PATH = '/webhooks/stripe';
const BODY_BYTES = 1024 * 1024;

export async function registerStripeWebhook(app: FastifyInstance, pool: Pool, stripe: NonNullable<Payments['stripe']>): Promise<void> {
  await app.register((scope, _options, done) => {
    // The signature is over the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_request, body, parsed) => parsed(null, body));
    scope.post<{ Body: Buffer }>(PATH, async (request) => {
      const event = readEvent(stripe, request.body, request.headers['stripe-signature']);
      try {
        return { received: true, outcome: await handleEvent(pool, stripe.client, event) };
      } catch (cause) {
        throw new GatewayError('service_unavailable', 'Not handled; send it again.', { cause });
      }
    });
    done();
  });
}

function readEvent({ client, webhookSecrets }: NonNullable<Payments['stripe']>, body: unknown, signature: unknown): Stripe.Event {
  if (Buffer.isBuffer(body) && typeof signature === 'string') {
    for (const secret of webhookSecrets) {
      try {
        return client.webhooks.constructEvent(body, signature, secret);
      } catch {
        // Made with another secret, or forged: the next one decides.
      }
    }
  }
  throw new GatewayError('invalid_request', 'The signature is not one of ours.');
}

export async function handleEvent(pool: Pool, stripe: Stripe, event: Stripe.Event): Promise<Outcome | 'handled before'> {
  const work = workFor(event);
  const { rows } = await pool.query<{ handled: boolean }>(
    `INSERT INTO payment_event (provider, event_id, type, object_id) VALUES ('stripe', $1, $2, $3)
     ON CONFLICT (provider, event_id) DO UPDATE SET type = excluded.type RETURNING handled_at IS NOT NULL AS handled`,
    [event.id, event.type, work?.id ?? ''],
  );
  if (rows[0]?.handled) return 'handled before';
  const outcome = work ? await work.sync(pool, stripe, work.id) : 'nothing to do';
  await pool.query(`UPDATE payment_event SET handled_at = now(), outcome = $2 WHERE provider = 'stripe' AND event_id = $1`, [
    event.id,
    outcome,
  ]);
  return outcome;
}

interface Work {
  readonly id: string;
  readonly sync: (pool: Pool, stripe: Stripe, id: string) => Promise<Outcome>;
}

function workFor(event: Stripe.Event): Work | undefined {
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
      return { id: event.data.object.id, sync: syncIntent };
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
      return { id: event.data.object.id, sync: event.data.object.mode === 'setup' ? syncCardSetup : syncCheckout };
    case 'charge.refunded':
    case 'charge.refund.updated':
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated': {
      const intent = event.data.object.payment_intent;
      const id = typeof intent === 'string' ? intent : intent?.id;
      return id === undefined ? undefined : { id, sync: syncReversals };
    }
    default:
      return undefined;
  }
}
