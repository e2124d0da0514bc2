import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ACCOUNT_ACTIVE, AccessBase, encodeAccessBase, KEY_ACTIVE, type KeyRecord } from '../../shared/access-document.js';

const ACCOUNT = '018f0000-0000-7000-8000-000000000001';

function record(hash: Buffer, index: number): KeyRecord {
  const keyId = `018f0000-0000-7000-9000-${String(index).padStart(12, '0')}`;
  return { hash, keyId, accountId: ACCOUNT, expiresAt: index, flags: KEY_ACTIVE, policy: index % 2 ? { requestsPerMinute: index } : {} };
}

test('every key of a base is found and its neighbours are not, also where many hashes begin alike', () => {
  const alike = Buffer.concat([Buffer.from('abcdef012345', 'hex'), Buffer.alloc(26)]);
  const hashes = [
    ...Array.from({ length: 3_000 }, () => randomBytes(32)),
    ...Array.from({ length: 500 }, (_none, index) => {
      const hash = Buffer.from(alike);
      hash.writeUInt16BE(index * 2, 30);
      return hash;
    }),
    Buffer.alloc(32),
    Buffer.alloc(32, 0xff),
  ].sort((left, right) => left.compare(right));
  const base = new AccessBase(encodeAccessBase(hashes.map(record), [{ accountId: ACCOUNT, flags: ACCOUNT_ACTIVE, policy: {} }]));
  hashes.forEach((hash, index) => {
    expect(base.find(hash)).toMatchObject({ keyId: record(hash, index).keyId, accountId: ACCOUNT, expiresAt: index });
    const near = Buffer.from(hash);
    near.writeUInt8((near.readUInt8(31) + 1) % 256, 31);
    expect(base.find(near)).toBeUndefined();
  });
});
