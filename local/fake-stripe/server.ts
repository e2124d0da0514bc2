/**
 * A stand-in for Stripe, for tests and for `npm start` without keys: the vendor's own SDK talks to it, people pay on its page, and it
 * sends signed notices to a webhook. `deliveries` lets a test send them twice, late, in another order, or with a forged signature.
 * Listens on loopback only. Never real money.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listAt, membersOf, parseForm, textAt } from './form.js';
import { renderCheckout } from './page.js';
import { type CardKind, Declined, type PaymentMethod, SavedCards } from './saved-cards.js';
import { newStripeId, type Session, StripeStore } from './store.js';

export interface FakeStripeOptions {
  readonly port?: number;
  /** Where notices go; none are sent when it is absent: the test takes them from `events`. */
  readonly webhookUrl?: string;
  readonly webhookSecret: string;
}

/** A notice as it would be sent. */
export interface StripeEvent {
  readonly id: string;
  readonly object: 'event';
  readonly type: string;
  readonly created: number;
  readonly data: { readonly object: unknown };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const BODY_BYTES = 1024 * 1024;
const WEBHOOK_TIMEOUT_MS = 5_000;

export class FakeStripe {
  readonly store = new StripeStore();
  readonly cards = new SavedCards(this.store);
  /** Every notice, in order. */
  readonly events: StripeEvent[] = [];
  /** Requests that the API answered, for example `POST /v1/checkout/sessions`. */
  readonly requests: string[] = [];
  /** So many charges of saved cards are made, and their answers lost on the way. */
  loseAnswers = 0;
  readonly #answers = new Map<string, Answer>();
  readonly #server: Server;
  readonly #options: FakeStripeOptions;

  constructor(options: FakeStripeOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        answer(response, 400, {
          error: { type: 'invalid_request_error', message: error instanceof Error ? error.message : String(error) },
        });
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#options.port ?? 0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the customer does on the page. */
  async pay(sessionId: string, outcome: 'paid' | 'delayed' = 'paid'): Promise<Session> {
    const session = this.#session(sessionId);
    if (session.status !== 'open') throw new Error('This checkout is closed');
    this.store.complete(session, outcome);
    await this.notify('checkout.session.completed', session);
    return session;
  }

  /** What the bank says later. */
  async resolve(sessionId: string, outcome: 'succeeded' | 'failed'): Promise<void> {
    const session = this.#session(sessionId);
    if (outcome === 'succeeded') this.store.succeed(session);
    else this.store.fail(session);
    await this.notify(`checkout.session.async_payment_${outcome}`, session);
  }

  async expire(sessionId: string): Promise<void> {
    const session = this.#session(sessionId);
    Object.assign(session, { status: 'expired', url: null });
    await this.notify('checkout.session.expired', session);
  }

  /** What the customer does on a setup page. */
  async saveCard(sessionId: string, kind: CardKind = 'good'): Promise<PaymentMethod> {
    const session = this.#session(sessionId);
    if (session.status !== 'open' || session.mode !== 'setup') throw new Error('This page saves no card');
    const method = this.cards.save(session, kind);
    await this.notify('checkout.session.completed', session);
    return method;
  }

  async refund(intentId: string, cents: number): Promise<void> {
    await this.notify('charge.refunded', this.store.refund(intentId, cents));
  }

  async openDispute(intentId: string, cents?: number): Promise<string> {
    const dispute = this.store.dispute(intentId, cents);
    await this.notify('charge.dispute.created', dispute);
    return dispute.id;
  }

  async closeDispute(disputeId: string, status: 'won' | 'lost'): Promise<void> {
    const dispute = this.store.disputes.get(disputeId);
    if (!dispute) throw new Error(`No such dispute: '${disputeId}'`);
    dispute.status = status;
    await this.notify('charge.dispute.closed', dispute);
  }

  async notify(type: string, object: unknown): Promise<StripeEvent> {
    const event: StripeEvent = {
      id: newStripeId('evt'),
      object: 'event',
      type,
      created: Math.floor(Date.now() / 1_000),
      data: { object: structuredClone(object) },
    };
    this.events.push(event);
    // A receiver that is away is no failure of ours: Stripe would send again later.
    if (this.#options.webhookUrl !== undefined) await this.deliver(event).catch(() => undefined);
    return event;
  }

  /** Sends a notice to `url` (the configured one), signed with `secret` (the right one). Returns the receiver's answer. */
  async deliver(event: StripeEvent, url = this.#options.webhookUrl, secret = this.#options.webhookSecret): Promise<Response> {
    if (url === undefined) throw new Error('there is no webhook address');
    const body = JSON.stringify(event);
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signStripe(body, secret) },
      body,
      signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const body = await readBody(request);
    const page = /^\/pay\/([^/]+)(?:\/(paid|delayed|succeeded|failed|expired|good|declined|authentication))?$/.exec(url.pathname);
    if (page) return await this.#page(request, response, page[1] ?? '', page[2]);
    const route = `${request.method} ${url.pathname}`;
    this.requests.push(route);
    if (!/^(Bearer|Basic) ./.test(request.headers.authorization ?? ''))
      return answer(response, 401, { error: { type: 'invalid_request_error', message: 'You did not provide an API key.' } });
    const key = request.headers['idempotency-key'];
    const known = typeof key === 'string' ? this.#answers.get(`${route} ${key}`) : undefined;
    const { status, text } = known ?? (await this.#answer(route, url, parseForm(body)));
    if (typeof key === 'string') this.#answers.set(`${route} ${key}`, { status, text });
    if (route === 'POST /v1/payment_intents' && this.loseAnswers > 0) {
      this.loseAnswers -= 1;
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': newStripeId('req') }).end(text);
  }

  /** A declined card is an answer like any other: asked again under its key, it is the same. */
  async #answer(route: string, url: URL, form: ReturnType<typeof parseForm>): Promise<Answer> {
    try {
      return { status: 200, text: JSON.stringify(await this.#call(route, url, form)) };
    } catch (error) {
      if (!(error instanceof Declined)) throw error;
      await this.notify('payment_intent.payment_failed', error.intent);
      return { status: 402, text: JSON.stringify({ error: { type: 'card_error', ...error.error, payment_intent: error.intent } }) };
    }
  }

  async #call(route: string, url: URL, form: ReturnType<typeof parseForm>): Promise<unknown> {
    const id = route.split('/').at(-1) ?? '';
    if (route === 'POST /v1/checkout/sessions')
      return textAt(form, 'mode') === 'setup' ? this.cards.createSetupPage(form, this.url) : this.#createSession(form);
    if (route === 'POST /v1/customers') return this.cards.createCustomer(form);
    if (route === 'POST /v1/payment_intents') {
      const intent = this.cards.charge(form);
      await this.notify('payment_intent.succeeded', intent);
      return intent;
    }
    if (route === 'GET /v1/payment_intents') {
      const data = this.cards.intentsOf(url.searchParams.get('customer') ?? '');
      return { object: 'list', data, has_more: false, url: '/v1/payment_intents' };
    }
    const detached = /^POST \/v1\/payment_methods\/([^/]+)\/detach$/.exec(route);
    if (detached) return this.cards.detach(detached[1] ?? '');
    if (route.startsWith('GET /v1/checkout/sessions/')) {
      const session = this.#session(id);
      return { ...session, payment_intent: this.#intent(session.payment_intent) };
    }
    if (route.startsWith('GET /v1/payment_intents/')) return this.#intent(id) ?? missing('payment_intent', id);
    if (route === 'GET /v1/disputes') {
      const intent = url.searchParams.get('payment_intent');
      const data = [...this.store.disputes.values()].filter((dispute) => dispute.payment_intent === intent);
      return { object: 'list', data, has_more: false, url: '/v1/disputes' };
    }
    if (route === 'POST /v1/refunds') {
      const intent = textAt(form, 'payment_intent') ?? '';
      const cents = Number(textAt(form, 'amount') ?? this.store.chargeOf(intent).amount);
      await this.refund(intent, cents);
      return { id: newStripeId('re'), object: 'refund', amount: cents, payment_intent: intent, status: 'succeeded' };
    }
    throw new Error(`Unrecognized request URL (${route})`);
  }

  #createSession(form: ReturnType<typeof parseForm>): Session {
    const price = ['line_items', '0', 'price_data'];
    const amount = Number(textAt(form, ...price, 'unit_amount'));
    if (!Number.isSafeInteger(amount) || amount < 50) throw new Error('The amount must be at least 50 cents');
    const methods = listAt(form, 'allowed_payment_method_types');
    const client = textAt(form, 'payment_method_options', 'wechat_pay', 'client');
    if (methods.includes('wechat_pay') && client !== 'web') throw new Error('payment_method_options[wechat_pay][client] must be web');
    return this.store.createSession(
      {
        ...{ mode: textAt(form, 'mode') ?? 'payment', customer: null },
        amount_total: amount * Number(textAt(form, 'line_items', '0', 'quantity') ?? 1),
        currency: textAt(form, ...price, 'currency') ?? 'usd',
        client_reference_id: textAt(form, 'client_reference_id') ?? null,
        metadata: membersOf(form, 'metadata'),
        allowed_payment_method_types: methods,
        payment_method_types: methods,
        success_url: textAt(form, 'success_url') ?? '',
        cancel_url: textAt(form, 'cancel_url') ?? '',
        intentMetadata: membersOf(form['payment_intent_data'], 'metadata'),
      },
      this.url,
    );
  }

  async #page(request: IncomingMessage, response: ServerResponse, sessionId: string, action: string | undefined): Promise<void> {
    const session = this.#session(sessionId);
    if (request.method !== 'POST' || action === undefined) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(renderCheckout(session));
      return;
    }
    if (action === 'paid' || action === 'delayed') await this.pay(sessionId, action);
    else if (action === 'expired') await this.expire(sessionId);
    else if (action === 'succeeded' || action === 'failed') await this.resolve(sessionId, action);
    else await this.saveCard(sessionId, action as CardKind);
    response.writeHead(303, { location: action === 'expired' ? session.cancel_url : session.success_url }).end();
  }

  #session(id: string): Session {
    return this.store.sessions.get(id) ?? missing('checkout.session', id);
  }

  /** Expanded as the gateway asks for it. */
  #intent(id: string | null) {
    const intent = id === null ? undefined : this.store.intents.get(id);
    return intent ? { ...intent, latest_charge: this.store.charges.get(intent.latest_charge ?? '') ?? null } : null;
  }
}

/** The `stripe-signature` header of a body, made now. */
export function signStripe(body: string, secret: string, seconds = Math.floor(Date.now() / 1_000)): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

function missing(kind: string, id: string): never {
  throw new Error(`No such ${kind}: '${id}'`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_BYTES) throw new Error('body too large');
  }
  return text;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
