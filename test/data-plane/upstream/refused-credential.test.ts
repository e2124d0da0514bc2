import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Candidate, Credential } from '../../../data-plane/types.js';
import { createUpstream, type Upstream } from '../../../data-plane/upstream/upstream.js';
import type { CredentialRest } from '../../../shared/node-status.js';
import {
  candidate,
  collect,
  completion,
  json,
  plan,
  recordingMeter,
  request,
  type ScriptedVendor,
  startVendor,
} from './scripted-vendor.js';

const keys = ['a', 'b', 'c'].map((id): Credential => ({ id, secret: `secret-${id}`, weight: 1, owner: 'house' }));
let vendor: ScriptedVendor;
let upstream: Upstream;
let told: CredentialRest[];

beforeAll(async () => {
  vendor = await startVendor();
});
afterAll(async () => {
  await upstream.close();
  await vendor.close();
});
beforeEach(() => {
  told = [];
  vendor.requests.length = 0;
  upstream = createUpstream({ random: () => 0, onFailure: () => undefined, onRest: (rest) => told.push(rest) });
});

const NO_FUNDS = json(429, { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } });
const used = () => vendor.requests.map(({ headers }) => headers.authorization?.replace('Bearer secret-', ''));

function drawn(index: number): Candidate {
  const credential = keys[index] ?? expect.fail('no such key');
  return { ...candidate(vendor.url, { id: 'endpoint' }), credential, siblings: keys };
}

async function ask(of: Candidate) {
  const meter = recordingMeter();
  const answer = await upstream.execute(plan([of]), request(), meter, new AbortController().signal);
  return { text: await collect(answer.frames), meter };
}

test('a credential without funds is followed at once by another of the vendor; the customer notices nothing', async () => {
  vendor.script(NO_FUNDS, json(200, completion('from another key')));
  const { text, meter } = await ask(drawn(0));
  expect(text).toContain('from another key');
  expect(used()).toEqual(['a', 'b']);
  expect(meter.attempts.map(({ outcome }) => outcome)).toEqual(['billing', 'ok']);
  expect(told).toMatchObject([{ credentialId: 'a', reason: 'exhausted', status: 429 }]);
});

test('one that rests is not used by a plan that was made before', async () => {
  vendor.script(NO_FUNDS, json(200, completion('good')));
  await ask(drawn(0));
  await ask(drawn(0));
  expect(used()).toEqual(['a', 'b', 'b']);
});

test('a refused credential is the credential’s fault: the endpoint’s circuit stays closed', async () => {
  vendor.script(json(401, { error: { message: 'Incorrect API key' } }));
  for (let index = 0; index < 5; index++) await ask(drawn(0)).catch(() => undefined);
  expect(upstream.restingCredentials().map(({ credentialId }) => credentialId)).toEqual(['a', 'b', 'c']);
  expect(upstream.health.isOpen('endpoint')).toBe(false);
});

test('a customer’s own key never makes the operator’s rest, and the operator’s never follow it unasked', async () => {
  vendor.script(json(402, { error: { message: 'Insufficient Balance' } }));
  const own: Candidate = {
    ...candidate(vendor.url, { byok: true }),
    credential: { id: 'a', secret: 'secret-own', weight: 1, owner: 'byok' },
  };
  await expect(ask(own)).rejects.toMatchObject({ code: 'byok_credential_failed' });
  expect(used()).toEqual(['own']);
  expect(told).toEqual([]);
});
