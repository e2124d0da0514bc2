import { expect, test } from 'vitest';
import type { Credential } from '../../../data-plane/types.js';
import { CredentialRests } from '../../../data-plane/upstream/credential-rests.js';
import { UpstreamFailure } from '../../../data-plane/upstream/protocols/protocol-adapter.js';
import type { CredentialRest, NodeStatus } from '../../../shared/node-status.js';

const credential: Credential = { id: 'c', secret: 's', weight: 1, owner: 'house' };
const failure = (kind: 'auth' | 'billing' | 'timeout', status: number) =>
  new UpstreamFailure(kind, 'words', { retryable: false, failover: true, status });
const MINUTE = 60_000;

function startRests() {
  const clock = { nowMs: 1_000_000 };
  const told: CredentialRest[] = [];
  const rests = new CredentialRests({
    now: () => clock.nowMs,
    wallClock: () => 5_000_000 + clock.nowMs,
    onRest: (rest) => told.push(rest),
  });
  return { clock, told, rests };
}

test('a credential without funds rests at once and says so; others are not touched', () => {
  const { rests, told } = startRests();
  expect(rests.recordFailure(credential, failure('billing', 402))).toBe(true);
  expect(rests.isResting(credential)).toBe(true);
  expect(rests.isResting({ ...credential, id: 'other' })).toBe(false);
  expect(told).toEqual([{ credentialId: 'c', wakes: 0, reason: 'exhausted', status: 402, sinceMs: 6_000_000, forMs: MINUTE }]);
  expect(rests.report()).toEqual(told);
});

test('a burst of refusals is one rest, not one of an hour', () => {
  const { rests, told, clock } = startRests();
  for (let index = 0; index < 50; index++) rests.recordFailure(credential, failure('auth', 401));
  clock.nowMs += MINUTE;
  expect(rests.isResting(credential)).toBe(false);
  expect(told).toHaveLength(1);
});

test('a 403 may be one model or one request: three in a row are needed, and a success between them counts', () => {
  const { rests } = startRests();
  expect(rests.recordFailure(credential, failure('auth', 403))).toBe(false);
  expect(rests.recordFailure(credential, failure('auth', 403))).toBe(false);
  rests.recordSuccess(credential);
  expect(rests.recordFailure(credential, failure('auth', 403))).toBe(false);
  expect(rests.recordFailure(credential, failure('auth', 403))).toBe(false);
  expect(rests.isResting(credential)).toBe(false);
  expect(rests.recordFailure(credential, failure('auth', 403))).toBe(true);
  expect(rests.isResting(credential)).toBe(true);
});

test('after the rest one request probes; its failure doubles the rest, its success ends the matter', () => {
  const { rests, clock, told } = startRests();
  rests.recordFailure(credential, failure('auth', 401));
  clock.nowMs += MINUTE;
  expect(rests.tryBegin(credential)).toBe(true);
  expect(rests.tryBegin(credential)).toBe(false);
  expect(rests.isResting(credential)).toBe(true);
  rests.recordFailure(credential, failure('auth', 401));
  expect(told.at(-1)?.forMs).toBe(2 * MINUTE);
  clock.nowMs += 2 * MINUTE;
  expect(rests.tryBegin(credential)).toBe(true);
  rests.recordSuccess(credential);
  expect(rests.report()).toEqual([]);
  expect(rests.tryBegin(credential)).toBe(true);
  expect(rests.tryBegin(credential)).toBe(true);
});

test('a rest never lasts longer than an hour', () => {
  const { rests, clock, told } = startRests();
  for (let index = 0; index < 12; index++) {
    rests.tryBegin(credential);
    rests.recordFailure(credential, failure('auth', 401));
    clock.nowMs += told.at(-1)?.forMs ?? 0;
  }
  expect(told.at(-1)?.forMs).toBe(60 * MINUTE);
});

test('a probe that ended for another reason, or never, lets the next one through', () => {
  const { rests, clock } = startRests();
  rests.recordFailure(credential, failure('billing', 402));
  clock.nowMs += MINUTE;
  rests.tryBegin(credential);
  rests.recordFailure(credential, failure('timeout', 504));
  expect(rests.tryBegin(credential)).toBe(true);
  clock.nowMs += MINUTE;
  expect(rests.tryBegin(credential)).toBe(true);
});

test('an answer that began before the rest does not end it', () => {
  const { rests } = startRests();
  rests.recordFailure(credential, failure('billing', 402));
  rests.recordSuccess(credential);
  expect(rests.isResting(credential)).toBe(true);
});

test('an operator’s click ends the rest with the snapshot that says so, and a new refusal rests it again', () => {
  const { rests, told } = startRests();
  rests.recordFailure(credential, failure('billing', 402));
  const woken = { ...credential, wakes: 1 };
  expect(rests.isResting(woken)).toBe(false);
  expect(rests.report()).toEqual([]);
  rests.recordFailure(woken, failure('billing', 402));
  expect(told.at(-1)).toMatchObject({ wakes: 1, forMs: MINUTE });
});

test('what another node saw is taken over once, for what is left of it, and is not reported as our own', () => {
  const { rests, clock } = startRests();
  const seen: CredentialRest = { credentialId: 'c', wakes: 0, reason: 'exhausted', status: 402, sinceMs: 5_980_000, forMs: MINUTE };
  rests.applyPeers([statusOf([seen], 6_000_000)], 'us');
  expect(rests.isResting(credential)).toBe(true);
  expect(rests.report()).toEqual([]);
  clock.nowMs += 40_000;
  expect(rests.isResting(credential)).toBe(false);
  rests.recordSuccess(credential);
  rests.applyPeers([statusOf([seen], 6_000_000 + 30_000)], 'us');
  expect(rests.isResting(credential)).toBe(false);
});

test('a 403 of another region stays there, and a node that fell silent is not believed', () => {
  const { rests } = startRests();
  const forbidden: CredentialRest = { credentialId: 'c', wakes: 0, reason: 'refused', status: 403, sinceMs: 6_000_000, forMs: MINUTE };
  rests.applyPeers([statusOf([forbidden], 6_000_000, 'hk')], 'us');
  rests.applyPeers([statusOf([{ ...forbidden, status: 401 }], 5_900_000)], 'us');
  expect(rests.isResting(credential)).toBe(false);
  rests.applyPeers([statusOf([forbidden], 6_000_000, 'us')], 'us');
  expect(rests.isResting(credential)).toBe(true);
});

function statusOf(restingCredentials: readonly CredentialRest[], reportedAtMs: number, region = 'us'): NodeStatus {
  return {
    nodeId: `other-${region}`,
    region,
    epoch: 1,
    version: '',
    url: '',
    startedAtMs: 0,
    reportedAtMs,
    ready: true,
    draining: false,
    appliedRevision: 1,
    appliedFrom: 'redis',
    rejected: null,
    silenceMs: 0,
    openRequests: 0,
    spool: { unacknowledged: 0, bytes: 0 },
    endpoints: [],
    restingCredentials,
  };
}
