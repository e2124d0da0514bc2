/**
 * The state of a payment vendor that behaves like Stripe where the gateway looks: checkout sessions, payment intents, charges, refunds
 * and disputes, each in the API's own shape. In memory; pure but for its ids.
 */
import { randomBytes } from 'node:crypto';

export interface Session {
  readonly id: string;
  readonly object: 'checkout.session';
  readonly mode: string;
  amount_total: number;
  currency: string;
  client_reference_id: string | null;
  readonly metadata: Record<string, string>;
  allowed_payment_method_types: string[];
  payment_method_types: string[];
  payment_intent: string | null;
  payment_status: 'unpaid' | 'paid';
  status: 'open' | 'complete' | 'expired';
  readonly success_url: string;
  readonly cancel_url: string;
  url: string | null;
  readonly intentMetadata: Record<string, string>;
  readonly customer: string | null;
  setup_intent: { readonly id: string; readonly status: string } | null;
}

export interface PaymentIntent {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  amount_received: number;
  readonly currency: string;
  readonly customer: string | null;
  status: string;
  last_payment_error: { readonly code: string; readonly decline_code: string; readonly message: string } | null;
  latest_charge: string | null;
  readonly metadata: Record<string, string>;
}

export interface Charge {
  readonly id: string;
  readonly object: 'charge';
  readonly amount: number;
  amount_refunded: number;
  readonly currency: string;
  readonly payment_intent: string;
  refunded: boolean;
}

export interface Dispute {
  readonly id: string;
  readonly object: 'dispute';
  readonly amount: number;
  readonly currency: string;
  readonly charge: string;
  readonly payment_intent: string;
  status: string;
}

export class StripeStore {
  readonly sessions = new Map<string, Session>();
  readonly intents = new Map<string, PaymentIntent>();
  readonly charges = new Map<string, Charge>();
  readonly disputes = new Map<string, Dispute>();

  createSession(
    session: Omit<Session, 'id' | 'object' | 'payment_intent' | 'payment_status' | 'status' | 'url' | 'setup_intent'>,
    pageUrl: string,
  ): Session {
    const id = newStripeId('cs_test');
    const nothing = { payment_intent: null, payment_status: 'unpaid', setup_intent: null } as const;
    const fresh = { ...nothing, status: 'open', url: `${pageUrl}/pay/${id}` } as const;
    const created: Session = { ...session, ...fresh, id, object: 'checkout.session' };
    this.sessions.set(id, created);
    return created;
  }

  /** The customer went through the page. `delayed`: a bank that answers later. */
  complete(session: Session, outcome: 'paid' | 'delayed'): void {
    const intent: PaymentIntent = {
      id: newStripeId('pi'),
      object: 'payment_intent',
      ...{ amount: session.amount_total, amount_received: 0, customer: session.customer },
      currency: session.currency,
      ...{ status: 'processing', last_payment_error: null, latest_charge: null },
      metadata: session.intentMetadata,
    };
    this.intents.set(intent.id, intent);
    Object.assign(session, { payment_intent: intent.id, status: 'complete', url: null });
    if (outcome === 'paid') this.succeed(session);
  }

  succeed(session: Session): void {
    this.collect(this.#intentOf(session));
    session.payment_status = 'paid';
  }

  /** The money came. */
  collect(intent: PaymentIntent): void {
    const charge: Charge = {
      id: newStripeId('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_refunded: 0,
      currency: intent.currency,
      payment_intent: intent.id,
      refunded: false,
    };
    this.charges.set(charge.id, charge);
    Object.assign(intent, { status: 'succeeded', latest_charge: charge.id, amount_received: intent.amount });
  }

  fail(session: Session): void {
    this.#intentOf(session).status = 'requires_payment_method';
  }

  /** `amount` may be negative: a refund that the bank gave back. */
  refund(intentId: string, amount: number): Charge {
    const charge = this.chargeOf(intentId);
    if (charge.amount_refunded + amount > charge.amount) throw new Error('Refund amount is greater than the charge');
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount;
    return charge;
  }

  dispute(intentId: string, amount: number | undefined): Dispute {
    const charge = this.chargeOf(intentId);
    const dispute: Dispute = {
      id: newStripeId('dp'),
      object: 'dispute',
      amount: amount ?? charge.amount,
      currency: charge.currency,
      charge: charge.id,
      payment_intent: intentId,
      status: 'needs_response',
    };
    this.disputes.set(dispute.id, dispute);
    return dispute;
  }

  chargeOf(intentId: string): Charge {
    const charge = this.charges.get(this.intents.get(intentId)?.latest_charge ?? '');
    if (!charge) throw new Error(`No such payment_intent: '${intentId}'`);
    return charge;
  }

  #intentOf(session: Session): PaymentIntent {
    const intent = this.intents.get(session.payment_intent ?? '');
    if (!intent) throw new Error(`session ${session.id} was not completed`);
    return intent;
  }
}

export function newStripeId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString('hex')}`;
}
