/**
 * Customers, saved cards and charges without the customer, as Stripe has them: a setup page attaches a card, and a payment intent that is
 * confirmed off session succeeds, is declined, or needs the customer, as Stripe's own test numbers do.
 */
import { listAt, membersOf, type parseForm, textAt } from './form.js';
import { newStripeId, type PaymentIntent, type Session, type StripeStore } from './store.js';

/** `declined` and `authentication` are saved without a complaint, and refuse when they are charged. */
export const CARDS = {
  good: { brand: 'visa', last4: '4242' },
  declined: { brand: 'visa', last4: '0341' },
  authentication: { brand: 'visa', last4: '3184' },
} as const;
export type CardKind = keyof typeof CARDS;

export interface PaymentMethod {
  readonly id: string;
  readonly object: 'payment_method';
  readonly type: 'card';
  customer: string | null;
  readonly card: { readonly brand: string; readonly last4: string; readonly exp_month: number; readonly exp_year: number };
  /** What it does when it is charged. */
  kind: CardKind;
}

/** An answer of status 402, with the intent that was made. */
export class Declined extends Error {
  constructor(
    readonly intent: PaymentIntent,
    readonly error: { readonly code: string; readonly decline_code: string; readonly message: string },
  ) {
    super(error.message);
  }
}

type Form = ReturnType<typeof parseForm>;

export class SavedCards {
  readonly customers = new Map<string, { readonly id: string; readonly object: 'customer'; readonly metadata: Record<string, string> }>();
  readonly methods = new Map<string, PaymentMethod>();

  constructor(private readonly store: StripeStore) {}

  createCustomer(form: Form) {
    const customer = { id: newStripeId('cus'), object: 'customer', metadata: membersOf(form, 'metadata') } as const;
    this.customers.set(customer.id, customer);
    return customer;
  }

  createSetupPage(form: Form, pageUrl: string): Session {
    const customer = this.#customer(textAt(form, 'customer'));
    const methods = listAt(form, 'allowed_payment_method_types');
    return this.store.createSession(
      {
        ...{ mode: 'setup', amount_total: 0, currency: 'usd', customer },
        client_reference_id: textAt(form, 'client_reference_id') ?? null,
        metadata: membersOf(form, 'metadata'),
        ...{ allowed_payment_method_types: methods, payment_method_types: methods },
        ...{ success_url: textAt(form, 'success_url') ?? '', cancel_url: textAt(form, 'cancel_url') ?? '' },
        intentMetadata: membersOf(form['setup_intent_data'], 'metadata'),
      },
      pageUrl,
    );
  }

  /** The customer went through a setup page with this card. */
  save(session: Session, kind: CardKind): PaymentMethod {
    const method: PaymentMethod = {
      ...{ id: newStripeId('pm'), object: 'payment_method', type: 'card', customer: session.customer, kind },
      card: { ...CARDS[kind], exp_month: 12, exp_year: 2034 },
    };
    this.methods.set(method.id, method);
    const setupIntent = { id: newStripeId('seti'), object: 'setup_intent', status: 'succeeded', payment_method: method };
    Object.assign(session, { status: 'complete', url: null, setup_intent: setupIntent });
    return method;
  }

  detach(id: string): PaymentMethod {
    const method = this.methods.get(id);
    if (!method) throw new Error(`No such PaymentMethod: '${id}'`);
    method.customer = null;
    return method;
  }

  /** Of one customer, newest first. */
  intentsOf(customer: string): PaymentIntent[] {
    return [...this.store.intents.values()].filter((intent) => intent.customer === customer).reverse();
  }

  /** Confirmed at once, off session. Throws `Declined`. */
  charge(form: Form): PaymentIntent {
    const customer = this.#customer(textAt(form, 'customer'));
    const method = this.methods.get(textAt(form, 'payment_method') ?? '');
    if (method?.customer !== customer) throw new Error('The payment method is not attached to the customer');
    if (textAt(form, 'confirm') !== 'true' || textAt(form, 'off_session') !== 'true')
      throw new Error('Only off-session charges are made here');
    const amount = Number(textAt(form, 'amount'));
    if (!Number.isSafeInteger(amount) || amount < 50) throw new Error('Amount must be at least 50 cents');
    const intent: PaymentIntent = {
      ...{
        id: newStripeId('pi'),
        object: 'payment_intent',
        amount,
        amount_received: 0,
        customer,
        currency: textAt(form, 'currency') ?? '',
      },
      ...{ status: 'requires_payment_method', latest_charge: null, last_payment_error: null, metadata: membersOf(form, 'metadata') },
    };
    this.store.intents.set(intent.id, intent);
    if (method.kind === 'good') {
      this.store.collect(intent);
      return intent;
    }
    const error =
      method.kind === 'declined'
        ? { code: 'card_declined', decline_code: 'insufficient_funds', message: 'Your card has insufficient funds.' }
        : { code: 'authentication_required', decline_code: 'authentication_required', message: 'This payment requires authentication.' };
    intent.last_payment_error = error;
    throw new Declined(intent, error);
  }

  #customer(id: string | undefined): string {
    if (id === undefined || !this.customers.has(id)) throw new Error(`No such customer: '${id}'`);
    return id;
  }
}
