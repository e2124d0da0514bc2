import { expect, test } from 'vitest';
import { createAuthenticate } from '../../../data-plane/admission/authenticate.js';
import type { Snapshot } from '../../../data-plane/types.js';
import {
  ACCOUNT_ACTIVE,
  ACCOUNT_FROZEN,
  type AccessEntry,
  KEY_ACTIVE,
  KEY_PAUSED,
  KEY_TEST,
  type KeyPolicy,
} from '../../../shared/access-document.js';
import { createKeyHasher, hashApiKey, mintApiKey } from '../../../shared/api-key.js';
import { signBatchTicket } from '../../../shared/batch-ticket.js';
import { BATCH_50, INTERACTIVE } from '../../../shared/money.js';
import { ACCOUNT, KEY } from '../money.js';

const PEPPER = 'pepper';
const TOKEN = 'node-token';
const NOW_MS = 1_800_000_000_000;
const { key } = mintApiKey(PEPPER, { test: false });
const authenticate = createAuthenticate({ pepper: PEPPER, region: 'us', nodeToken: TOKEN, now: () => NOW_MS });

let revision = 0;

function snapshotOf(changes: Partial<AccessEntry> & { policy?: KeyPolicy } = {}): Snapshot {
  const { policy, ...entry } = changes;
  const known: AccessEntry = {
    ...{
      keyId: KEY,
      accountId: ACCOUNT,
      expiresAt: 0,
      keyFlags: KEY_ACTIVE,
      accountFlags: ACCOUNT_ACTIVE,
      keyPolicy: policy ?? {},
      accountPolicy: {},
    },
    ...entry,
  };
  const find = (hash: Buffer) => (hash.equals(hashApiKey(key, PEPPER)) ? known : undefined);
  return { revision: ++revision, access: { find } } as unknown as Snapshot;
}
const call = (snapshot: Snapshot, authorization: string | undefined = `Bearer ${key}`, address = '203.0.113.9') =>
  authenticate({ authorization, address, batchTicket: undefined }, snapshot);
const code = (run: () => unknown): string => {
  try {
    run();
    return 'admitted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('a live key is who it says, with its policies and full price', () => {
  expect(call(snapshotOf())).toMatchObject({ keyId: KEY, accountId: ACCOUNT, test: false, multiplier: INTERACTIVE, batchItemId: null });
  expect(call(snapshotOf({ keyFlags: KEY_ACTIVE | KEY_TEST })).test).toBe(true);
});

test.each([
  ['no header', () => authenticate({ authorization: undefined, address: '1.1.1.1', batchTicket: undefined }, snapshotOf())],
  ['another scheme', () => call(snapshotOf(), `Basic ${key}`)],
  ['a typing error', () => call(snapshotOf(), `Bearer ${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`)],
  ['a session token', () => call(snapshotOf(), 'Bearer eyJhbGciOiJFZERTQSJ9.e30.c2ln')],
  ['a key that nobody knows', () => call(snapshotOf(), `Bearer ${mintApiKey(PEPPER, { test: false }).key}`)],
  ['a revoked key', () => call(snapshotOf({ keyFlags: 0 }))],
  ['an expired key', () => call(snapshotOf({ expiresAt: NOW_MS / 1_000 }))],
])('401 invalid_api_key: %s', (_name, run) => {
  expect(code(run)).toBe('invalid_api_key');
});

test('a key that has not expired yet is admitted', () => {
  expect(code(() => call(snapshotOf({ expiresAt: NOW_MS / 1_000 + 1 })))).toBe('admitted');
});

test('what is known but may not: 403, by name', () => {
  expect(code(() => call(snapshotOf({ accountFlags: 0 })))).toBe('account_suspended');
  expect(code(() => call(snapshotOf({ accountFlags: ACCOUNT_ACTIVE | ACCOUNT_FROZEN })))).toBe('account_suspended');
  expect(code(() => call(snapshotOf({ keyFlags: KEY_ACTIVE | KEY_PAUSED })))).toBe('forbidden');
  expect(code(() => call(snapshotOf({ policy: { regions: ['eu'] } })))).toBe('region_not_allowed');
  expect(code(() => call(snapshotOf({ policy: { regions: ['eu', 'us'] } })))).toBe('admitted');
});

test.each([
  [['203.0.113.0/24'], '203.0.113.9', 'admitted'],
  [['203.0.113.0/24'], '::ffff:203.0.113.9', 'admitted'],
  [['203.0.113.0/24'], '203.0.114.9', 'ip_not_allowed'],
  [['203.0.113.9'], '203.0.113.9', 'admitted'],
  [['2001:db8::/32'], '2001:db8:1::1', 'admitted'],
  [['2001:db8::/32'], '2001:db9::1', 'ip_not_allowed'],
  [[], '203.0.113.9', 'ip_not_allowed'],
  [['nonsense', '0.0.0.0/33', '1.2.3.4/'], '1.2.3.4', 'ip_not_allowed'],
  [['0.0.0.0/0'], 'not an address', 'ip_not_allowed'],
])('ranges %j, caller %s: %s', (ipRanges, address, expected) => {
  expect(code(() => call(snapshotOf({ policy: { ipRanges } }), undefined, address))).toBe(expected);
});

test('a revocation takes effect with its snapshot, though the key was used a moment before', () => {
  expect(code(() => call(snapshotOf()))).toBe('admitted');
  expect(code(() => call(snapshotOf({ keyFlags: 0 })))).toBe('invalid_api_key');
});

test('a key that is gone from the configuration, and comes back, is looked up each time', () => {
  const snapshot = snapshotOf();
  expect(code(() => call(snapshot))).toBe('admitted');
  const without = { revision: ++revision, access: { find: () => undefined } } as unknown as Snapshot;
  expect(code(() => call(without))).toBe('invalid_api_key');
  expect(code(() => call(without))).toBe('invalid_api_key');
  expect(call(snapshotOf({ keyPolicy: { requestsPerMinute: 7 } })).keyPolicy).toEqual({ requestsPerMinute: 7 });
  // A request that began with the snapshot before ends with it.
  expect(call(snapshot).keyPolicy).toEqual({});
});

test('a batch ticket stands for its key at half price, from any address; a forged one is refused', () => {
  const snapshot = snapshotOf({ policy: { ipRanges: ['10.0.0.0/8'] } });
  const ticket = { batchItemId: 'item-1', keyHash: hashApiKey(key, PEPPER), expiresAt: NOW_MS / 1_000 + 60 };
  const withTicket = (batchTicket: string) => authenticate({ authorization: undefined, address: '203.0.113.9', batchTicket }, snapshot);
  expect(withTicket(signBatchTicket(ticket, TOKEN))).toMatchObject({ keyId: KEY, multiplier: BATCH_50, batchItemId: 'item-1' });
  expect(code(() => withTicket(signBatchTicket(ticket, 'guessed')))).toBe('invalid_api_key');
});

test.each(['pepper', 'p'.repeat(64), 'p'.repeat(65), 'ü'.repeat(200)])(
  'a hasher of many keys gives what HMAC gives, under %s',
  (pepper) => {
    const hashKey = createKeyHasher(pepper);
    for (const isTest of [true, false]) {
      const { key, hash } = mintApiKey(pepper, { test: isTest });
      expect(hashKey(key)).toEqual(hash);
      expect(hashKey('')).toEqual(hashApiKey('', pepper));
      expect(hashKey(key)).toEqual(hash);
    }
  },
);
