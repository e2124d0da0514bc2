import { afterEach, expect, test } from 'vitest';
import { type Admission, createAdmission } from '../../../data-plane/admission/admission.js';
import type { Hold } from '../../../data-plane/types.js';
import { GatewayError } from '../../../shared/errors.js';
import type { GatewaySettings } from '../../../shared/snapshot.js';
import { checkAlways } from '../../simulation/invariants.js';
import {
  ACCOUNT,
  eventually,
  makePlan,
  makePrincipal,
  makeRequest,
  NO_JOURNAL,
  NODE_TOKEN,
  startControlPlane,
  type TestControlPlane,
  usd,
} from '../money.js';

const settings = {
  topUpUrl: 'https://example.test/top-up',
  defaultRequestsPerMinute: 100_000,
  defaultTokensPerMinute: 1e9,
} as GatewaySettings;
const open: Admission[] = [];

function startNode(plane: TestControlPlane, nodeId = 'node-1'): Admission {
  const admission = createAdmission({
    ...{ nodeId, epoch: 1, region: 'us', apiKeyPepper: 'pepper', nodeToken: NODE_TOKEN, controlPlane: plane.client },
    ...{ settings: () => settings, journal: NO_JOURNAL, inherited: [], warn: () => undefined },
  });
  open.push(admission);
  return admission;
}

afterEach(() => {
  for (const admission of open.splice(0)) admission.close();
});

const outcome = async (admit: () => Hold | Promise<Hold>): Promise<Hold | GatewayError> => {
  try {
    return await admit();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
};

test('the first request fetches a lease; those after it are admitted in memory', async () => {
  const plane = await startControlPlane(10);
  const node = startNode(plane);
  const first = await node.admit(makeRequest({ maxTokens: 10 }), makePrincipal(), makePlan(10));
  expect(first.settle(1_000n, 10)).toBe(1_000n);
  const second = node.admit(makeRequest({ maxTokens: 10 }), makePrincipal(), makePlan(10));
  expect(second).not.toBeInstanceOf(Promise);
  expect(plane.calls.get('/internal/leases')).toBe(1);
});

test('200 parallel requests on a balance for 10, over four nodes: exactly 10 are admitted', async () => {
  const plan = makePlan(100);
  for (const balance of [plan.ceiling * 10n, usd(0.004) * 10n]) {
    const plane = await startControlPlane(0, 4);
    plane.ledger.topUp(ACCOUNT, balance);
    const priced = { ...plan, ceiling: balance / 10n };
    const nodes = [1, 2, 3, 4].map((number) => startNode(plane, `node-${number}`));
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const node = nodes[index % nodes.length];
        return outcome(() => node?.admit(makeRequest({ maxTokens: 100 }), makePrincipal(), priced) ?? Promise.reject(new Error('no node')));
      }),
    );
    const refusals = outcomes.filter((one) => one instanceof GatewayError);
    expect(outcomes.length - refusals.length).toBe(10);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'insufficient_quota', status: 402 });
    expect(refusals[0]?.extra).toMatchObject({ balance_usd: '0', top_up_url: settings.topUpUrl });
    expect(checkAlways(plane.ledger, [])).toBeUndefined();
  }
});

test('a burst on a full wallet asks for few leases, not for one each', async () => {
  const plane = await startControlPlane(1_000);
  const node = startNode(plane);
  const holds = await Promise.all(
    Array.from({ length: 200 }, () => node.admit(makeRequest({ maxTokens: 100 }), makePrincipal(), makePlan(100))),
  );
  expect(new Set(holds.map((hold) => hold.leaseId)).size).toBeLessThan(10);
});

test('a wallet that is nearly empty: the refusal names what is there and what is needed', async () => {
  const plane = await startControlPlane(0.0001);
  const refusal = await outcome(() => startNode(plane).admit(makeRequest({ maxTokens: 1_000 }), makePrincipal(), makePlan(1_000)));
  expect(refusal).toMatchObject({ code: 'insufficient_quota', extra: { balance_usd: '0.0001', needed_usd: '0.01024' } });
});

test('a sync request without max_tokens takes what the wallet has, and the vendor is told to stop there', async () => {
  const plane = await startControlPlane(0.02);
  const hold = await startNode(plane).admit(makeRequest(), makePrincipal(), makePlan());
  expect(hold.amount).toBe(usd(0.02));
  expect(hold.outputTokens).toBe(Math.floor((20_000_000 - 120 * 2_000) / 10_000));
});

test('a stream without max_tokens holds a chunk and grows; the end of the funds is said', async () => {
  const plane = await startControlPlane(0.05);
  const hold = await startNode(plane).admit(makeRequest({ stream: true }), makePrincipal(), makePlan());
  const first = hold.amount;
  expect(first).toBeLessThan(usd(0.05));
  await eventually(() => hold.extend(usd(0.02)));
  expect(hold.amount).toBe(first + usd(0.02));
  await eventually(() => (hold.extend(usd(0.02)) ? false : hold.refused));
  expect(hold.amount).toBe(usd(0.05));
  expect(hold.settle(usd(1), 1)).toBe(usd(0.05));
});

test('test keys hold nothing, cost nothing and need no control plane', async () => {
  const plane = await startControlPlane(0);
  await plane.stop();
  const hold = await startNode(plane).admit(makeRequest(), makePrincipal({ test: true }), makePlan());
  expect(hold.leaseId).toBeNull();
  expect(hold.settle(usd(5), 100)).toBe(0n);
});

test('without the control plane: what the lease has left is used, then 503 with a retry hint, never 401 or 402', async () => {
  const plane = await startControlPlane(10);
  const node = startNode(plane);
  const request = () => node.admit(makeRequest({ maxTokens: 1_000 }), makePrincipal(), makePlan(1_000));
  (await request()).settle(0n, 0);
  await plane.stop();
  const outcomes: (Hold | GatewayError)[] = [];
  for (let count = 0; count < 5; count++) outcomes.push(await outcome(request));
  expect(outcomes[0]).not.toBeInstanceOf(GatewayError);
  expect(outcomes.at(-1)).toMatchObject({ code: 'service_unavailable', status: 503, retryAfterMs: 2_000 });
  await plane.restart();
  await eventually(() => plane.calls.get('/internal/leases'));
  expect(await outcome(request)).not.toBeInstanceOf(GatewayError);
});

test('a control plane that hangs is given up on within seconds', async () => {
  const plane = await startControlPlane(10);
  plane.mood = 'hanging';
  const startedAt = Date.now();
  const refusal = await outcome(() => startNode(plane).admit(makeRequest(), makePrincipal(), makePlan()));
  expect(refusal).toMatchObject({ code: 'service_unavailable' });
  expect(Date.now() - startedAt).toBeLessThan(4_000);
});

test('a strict lease comes back as soon as its settlement is known: the rest can be spent again', async () => {
  const plane = await startControlPlane(0);
  const plan = makePlan(100);
  plane.ledger.topUp(ACCOUNT, plan.ceiling);
  const node = startNode(plane);
  const hold = await node.admit(makeRequest({ maxTokens: 100 }), makePrincipal(), plan);
  hold.settle(0n, 0);
  expect(plane.ledger.wallets.get(ACCOUNT)?.leased).toBe(plan.ceiling);
  settleByHand(plane, hold, 0n);
  await eventually(() => plane.ledger.wallets.get(ACCOUNT)?.available === plan.ceiling);
});

test('drain gives every lease back, with count and sum', async () => {
  const plane = await startControlPlane(10);
  const node = startNode(plane);
  const hold = await node.admit(makeRequest({ maxTokens: 10 }), makePrincipal(), makePlan(10));
  hold.settle(5_000n, 10);
  const drained = node.drain(5_000);
  settleByHand(plane, hold, 5_000n);
  expect(await drained).toBe(0);
  expect(plane.ledger.wallets.get(ACCOUNT)).toMatchObject({ available: usd(10) - 5_000n, leased: 0n });
});

/** What shipping would do. */
function settleByHand(plane: TestControlPlane, hold: Hold, charge: bigint): void {
  const event = {
    requestId: hold.requestId,
    leaseId: hold.leaseId,
    accountId: hold.accountId,
    keyId: hold.keyId,
    sequence: 1,
    chargeNano: String(charge),
  };
  plane.ledger.settle({ nodeId: 'node-1', epoch: 1, events: [event as never] });
}
