/** Faults 15 and 20: clocks that are wrong, and two control planes of which one is always being killed. */
import { expect } from 'vitest';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { NANO_PER_USD } from '../../shared/money.js';
import { customerOf } from './account.js';
import { order, traffic } from './customer.js';
import { CUSTOMERS, type Fault, failures, first, metric, pause } from './fault.js';
import { type Fleet, limitOn, NO_LIMIT, until } from './fleet.js';
import { notify, orderTopUp } from './payment-faults.js';

const TEN_MINUTES_MS = 600_000;
const ROUNDS = 4;
/** A new leader is found within two seconds, and its first look takes a moment. */
const TAKEOVER_MS = 20_000;

export const CONTROL_PLANE_FAULTS: readonly Fault[] = [
  {
    number: '15',
    name: "a node's clock ten minutes fast, then ten minutes slow: leases and sessions by PostgreSQL's time, nothing counted twice",
    short: false,
    async run(fleet) {
      const node = first(fleet);
      const customer = await customerOf(fleet, 5n);
      await order(fleet.history, { node, apiKey: customer.apiKey, maxTokens: 20 });
      for (const shiftMs of [TEN_MINUTES_MS, -TEN_MINUTES_MS]) {
        await node.kill();
        const [{ now: since }] = (await fleet.pool.query<{ now: Date }>('SELECT now()')).rows as [{ now: Date }];
        const shifted = fleet.altered(node, { extraFlags: ['--import', shiftedClock(shiftMs)] });
        await shifted.start();
        const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
        const until50 = fleet.history.views.length + 50;
        await until(() => fleet.history.views.length >= until50, 60_000, 'fifty requests');
        const view = await order(fleet.history, { node, apiKey: customer.apiKey, maxTokens: 20 });
        expect(view).toMatchObject({ status: 200, finished: true });
        // The session of before, and a new one, both through the node whose clock is wrong.
        await customer.call('GET', '/v1/credits');
        await customerOf(fleet);
        await load.stop();
        const { rows } = await fleet.pool.query(
          `SELECT id FROM lease WHERE node_id = $1 AND state = 'open' AND granted_at >= $2
             AND expires_at NOT BETWEEN now() - interval '1 minute' AND now() + interval '2 minutes'`,
          [node.name, since],
        );
        expect(rows).toEqual([]);
        await shifted.kill();
        await node.start();
      }
      expect(failures(fleet)).toEqual([]);
      const { rows } = await fleet.pool.query(`SELECT request_id FROM settlement WHERE usage_date > (now() AT TIME ZONE 'UTC')::date`);
      expect(rows).toEqual([]);
      return undefined;
    },
  },
  {
    number: '20',
    name: 'two control planes, each killed in turn under load: one publisher, nothing posted twice, each webhook one message',
    short: false,
    async run(fleet) {
      const second = fleet.altered(fleet.stack.control, { environment: { PORT: String(await findAnyFreePort()) } });
      await second.start();
      const planes = [fleet.stack.control, second] as const;
      const customer = await customerOf(fleet);
      await customer.ask('mutation ($url: String!) { createWebhookEndpoint(url: $url, eventTypes: ["topup.credited"]) { secret } }', {
        url: `${fleet.receiver.origin}/topups`,
      });
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      const topUps = [];
      for (let round = 0; round < ROUNDS; round++) {
        const topUp = await orderTopUp(fleet, customer);
        topUps.push(topUp);
        const paid = fetch(`${topUp.url}/paid`, { method: 'POST', redirect: 'manual' });
        const told = planes.map(({ url: controlPlane }) =>
          notify(fleet, 'checkout.session.completed', topUp.session, { controlPlane, event: `evt_${topUp.id}` }).catch(() => undefined),
        );
        const dying = planes[round % 2] ?? second;
        await fleet.setKeyLimit(NO_LIMIT + round);
        await dying.kill();
        await Promise.all([paid, ...told]);
        const published = async () => {
          const limits = await Promise.all(fleet.nodes.map((node) => limitOn(node, fleet.stack.apiKey)));
          return limits.every((limit) => limit === NO_LIMIT + round);
        };
        await until(published, TAKEOVER_MS, 'the one that is left publishes');
        await dying.start();
      }
      for (const { session } of topUps) await notify(fleet, 'checkout.session.completed', session);
      const whole = 10n * NANO_PER_USD * BigInt(ROUNDS);
      await until(async () => (await customer.balance()) === whole, TAKEOVER_MS, 'each payment is credited once');
      await load.stop();
      expect(fleet.history.views.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
      await expectOneMessageEach(
        fleet,
        topUps.map(({ id }) => id),
      );
      await expectOnePublisher(fleet);
      await second.stop();
      await fleet.setKeyLimit(NO_LIMIT);
      await until(async () => (await limitOn(first(fleet), fleet.stack.apiKey)) === NO_LIMIT, TAKEOVER_MS, 'the first is alone again');
      return undefined;
    },
  },
];

/** `Date` of the process, moved; its steady clock is not. What libfaketime does, for Node alone. */
function shiftedClock(shiftMs: number): string {
  const module = `const Real = Date;
    globalThis.Date = class Date extends Real {
      constructor(...parts) { if (parts.length === 0) super(Real.now() + ${shiftMs}); else super(...parts); }
      static now() { return Real.now() + ${shiftMs}; }
    };`;
  return `data:text/javascript,${encodeURIComponent(module)}`;
}

async function expectOneMessageEach(fleet: Fleet, topUpIds: readonly string[]): Promise<void> {
  const messagesOf = (id: string) => fleet.receiver.of('/topups').filter(({ body }) => body.includes(id));
  await until(() => topUpIds.every((id) => messagesOf(id).length > 0), TAKEOVER_MS, 'each message has arrived');
  await pause(1_000);
  // One that was being sent when its sender was killed is sent again, under the same id: receivers know it by that.
  for (const id of topUpIds) expect(new Set(messagesOf(id).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
}

/** Revisions were published in order, each once, and nodes are at the last. */
async function expectOnePublisher(fleet: Fleet): Promise<void> {
  const { rows } = await fleet.pool.query(
    `SELECT revision FROM (SELECT revision, lag(published_at) OVER (ORDER BY revision) AS before, published_at FROM published_revision) AS one
     WHERE published_at < before`,
  );
  expect(rows).toEqual([]);
  const newest = await fleet.pool.query<{ revision: string }>('SELECT max(revision) AS revision FROM published_revision');
  for (const node of fleet.nodes) expect(await metric(node.url, 'modelapi_config_revision')).toBe(newest.rows[0]?.revision);
}
