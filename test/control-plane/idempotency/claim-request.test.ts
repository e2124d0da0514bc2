import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { localKms } from '../../../control-plane/modules/byok/kms.js';
import { claimRequest, releaseClaim, renewClaim, storeAnswer } from '../../../control-plane/modules/idempotency/claim-request.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';

const kms = localKms(randomBytes(32));
const ANSWER = {
  status: 200,
  headers: ['content-type', 'application/json'],
  body: Buffer.from('{"planted":"secret words"}').toString('base64'),
};

let database: TestDatabase;
let accountId: string;
beforeAll(async () => {
  database = await createDatabase();
  accountId = randomUUID();
  await database.pool.query("INSERT INTO account (id, name) VALUES ($1, 'test')", [accountId]);
});

function call(key: string, body = 'aa') {
  return { accountId, key, requestHash: body.padEnd(64, '0'), requestId: randomUUID(), nodeId: 'node-1' };
}

describe('an idempotency key', () => {
  test('is claimed by one of many at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => claimRequest(database.pool, kms, call('race'))));
    expect(outcomes.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'running')).toHaveLength(19);
  });

  test('gives its answer to the same body, and 409 to another', async () => {
    const first = call('answered');
    await claimRequest(database.pool, kms, first);
    expect(await storeAnswer(database.pool, kms, { ...first, answer: ANSWER })).toBe(true);
    expect(await claimRequest(database.pool, kms, call('answered'))).toEqual({ outcome: 'answered', answer: ANSWER });
    expect(await claimRequest(database.pool, kms, call('answered', 'bb'))).toEqual({ outcome: 'conflict' });
  });

  test('is free again when it was given up, or when its node stopped renewing it', async () => {
    const first = call('freed');
    await claimRequest(database.pool, kms, first);
    await releaseClaim(database.pool, first);
    const second = call('freed');
    expect(await claimRequest(database.pool, kms, second)).toEqual({ outcome: 'claimed' });
    await database.pool.query("UPDATE idempotency_claim SET claimed_until = now() - interval '1 s' WHERE key = 'freed'");
    expect(await claimRequest(database.pool, kms, call('freed'))).toEqual({ outcome: 'claimed' });
    expect(await renewClaim(database.pool, second)).toBe(false);
    expect(await storeAnswer(database.pool, kms, { ...second, answer: ANSWER })).toBe(false);
  });

  test('asked again by the same request after a lost answer, is still its own', async () => {
    const first = call('lost');
    await claimRequest(database.pool, kms, first);
    expect(await claimRequest(database.pool, kms, first)).toEqual({ outcome: 'claimed' });
  });

  test('keeps no word of the answer in the clear', async () => {
    const first = call('private');
    await claimRequest(database.pool, kms, first);
    await storeAnswer(database.pool, kms, { ...first, answer: ANSWER });
    const { rows } = await database.pool.query("SELECT encode(answer, 'escape') AS text FROM idempotency_claim WHERE key = 'private'");
    expect(rows[0].text).not.toContain('secret');
    expect(rows[0].text).not.toContain(ANSWER.body.slice(0, 12));
  });
});
