/** Faults 13 and 14: notices of payments that lie, come twice or out of order; a chain that changes its mind. */

import type { Hex } from 'viem';
import { expect } from 'vitest';
import { signStripe } from '../../local/fake-stripe/server.js';
import { NANO_PER_USD } from '../../shared/money.js';
import { type Customer, customerOf } from './account.js';
import { order } from './customer.js';
import { type Fault, first } from './fault.js';
import { type Fleet, until } from './fleet.js';

const NOTICE_MS = 20_000;
/** The chain is read every ten seconds, and its last two blocks are not final. */
const CHAIN_MS = 60_000;

export const PAYMENT_FAULTS: readonly Fault[] = [
  {
    number: '13',
    name: 'payment webhook forged, with an empty secret, doubled, out of order, for another amount or account: credited once or not at all',
    short: false,
    async run(fleet) {
      const [customer, other] = [await customerOf(fleet), await customerOf(fleet)];
      const [paid, unpaid, changed, foreign] = [
        await orderTopUp(fleet, customer),
        await orderTopUp(fleet, customer),
        await orderTopUp(fleet, customer),
        await orderTopUp(fleet, customer),
      ];
      for (const secret of ['whsec_forged', '', fleet.stack.secrets.apiKeyPepper])
        expect((await notify(fleet, 'checkout.session.completed', unpaid.session, { secret })).status).toBe(400);
      // Signed well, and untrue: Stripe says otherwise when it is asked.
      expect((await notify(fleet, 'checkout.session.completed', unpaid.session)).status).toBe(200);
      expect(await customer.balance()).toBe(0n);

      await fleet.pool.query('UPDATE top_up SET amount = amount * 2 WHERE id = $1', [changed.id]);
      await fleet.pool.query('UPDATE top_up SET account_id = $2 WHERE id = $1', [foreign.id, other.accountId]);
      for (const { url } of [changed, foreign]) await fetch(`${url}/paid`, { method: 'POST', redirect: 'manual' });

      await fetch(`${paid.url}/paid`, { method: 'POST', redirect: 'manual' });
      const event = `evt_${paid.id}`;
      const late = await Promise.all([
        ...Array.from({ length: 10 }, () => notify(fleet, 'checkout.session.completed', paid.session, { event })),
        ...Array.from({ length: 5 }, () => notify(fleet, 'checkout.session.async_payment_succeeded', paid.session)),
        notify(fleet, 'checkout.session.expired', paid.session),
        notify(fleet, 'checkout.session.async_payment_failed', paid.session),
      ]);
      expect(late.map((response) => response.status)).toEqual(late.map(() => 200));
      await until(async () => (await customer.balance()) === 10n * NANO_PER_USD, NOTICE_MS, 'the payment was credited');
      expect([await customer.balance(), await other.balance()]).toEqual([10n * NANO_PER_USD, 0n]);
      const { rows } = await fleet.pool.query("SELECT subject FROM alert WHERE kind = 'payment_mismatch' AND subject = ANY ($1)", [
        [changed.id, foreign.id],
      ]);
      expect(rows.length).toBe(2);
      // The fixture changed these rows itself: nobody is to look for them any more.
      await fleet.pool.query("UPDATE top_up SET status = 'failed' WHERE id = ANY ($1)", [[changed.id, foreign.id]]);
      const view = await order(fleet.history, { node: first(fleet), apiKey: customer.apiKey, maxTokens: 20 });
      expect(view).toMatchObject({ status: 200, finished: true });
      return undefined;
    },
  },
  {
    number: '14',
    name: 'a pending deposit whose block is taken back, a token of the same name, a transfer of nothing: never credited before finality',
    short: false,
    async run(fleet) {
      const { chain } = fleet;
      if (!chain) throw new Error('this fault needs a chain');
      const customer = await customerOf(fleet);
      const topUp = await customer.call<{ deposit: { address: string } }>('POST', '/v1/credits/topup', {
        ...{ amount_usd: '25', method: 'usdt', network: 'ethereum' },
      });
      const { address } = topUp.deposit;
      const before = await chain.snapshot();
      await chain.transfer(chain.token, address, 25_000_000n);
      const status = async () =>
        (await fleet.pool.query<{ status: string }>('SELECT status FROM deposit WHERE account_id = $1', [customer.accountId])).rows.map(
          (row) => row.status,
        );
      await until(async () => (await status()).includes('confirming'), CHAIN_MS, 'the deposit is seen');
      expect(await customer.balance()).toBe(0n);
      await chain.revert(before);
      await chain.mine(6);
      await until(async () => (await status()).includes('orphaned'), CHAIN_MS, 'its block is known to be gone');
      expect(await customer.balance()).toBe(0n);

      const counterfeit: Hex = await chain.deployToken();
      await chain.transfer(counterfeit, address, 1_000_000_000n);
      await chain.transfer(chain.token, address, 0n);
      await chain.transfer(chain.token, address, 7_000_000n);
      await chain.mine(6);
      await until(async () => (await customer.balance()) > 0n, CHAIN_MS, 'the real one is credited');
      expect(await customer.balance()).toBe(7n * NANO_PER_USD);
      const view = await order(fleet.history, { node: first(fleet), apiKey: customer.apiKey, maxTokens: 20 });
      expect(view).toMatchObject({ status: 200, finished: true });
      return undefined;
    },
  },
];

export interface OrderedTopUp {
  readonly id: string;
  readonly session: string;
  /** Of the page where it is paid. */
  readonly url: string;
}

/** $10 by card. */
export async function orderTopUp(fleet: Fleet, customer: Customer): Promise<OrderedTopUp> {
  const body = { amount_usd: '10', method: 'card' };
  const { id, checkout_url: url } = await customer.call<{ id: string; checkout_url: string }>('POST', '/v1/credits/topup', body);
  const { rows } = await fleet.pool.query<{ session_id: string }>('SELECT session_id FROM top_up WHERE id = $1', [id]);
  return { id, url, session: rows[0]?.session_id ?? '' };
}

/** What Stripe would send of a session, or somebody who claims to be Stripe. */
export function notify(
  fleet: Fleet,
  type: string,
  session: string,
  { secret = fleet.stack.secrets.stripeWebhookSecret, event = `evt_${crypto.randomUUID()}`, controlPlane = fleet.stack.control.url } = {},
): Promise<Response> {
  const created = Math.floor(Date.now() / 1_000);
  const object = { id: session, object: 'checkout.session', mode: 'payment', payment_status: 'paid', status: 'complete' };
  const body = JSON.stringify({ id: event, object: 'event', type, created, data: { object } });
  const headers = { 'content-type': 'application/json', 'stripe-signature': signStripe(body, secret) };
  return fetch(`${controlPlane}/webhooks/stripe`, { method: 'POST', headers, body });
}
