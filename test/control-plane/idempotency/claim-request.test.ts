import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { localKms } from '../../../control-plane/modules/byok/kms.js';
import { claimRequests, releaseClaim, renewClaim, storeAnswers } from '../../../control-plane/modules/idempotency/claim-request.js';
import type { AnswerCall, ClaimAnswer, ClaimCall } from '../../../shared/idempotency.js';
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

async function claim(one: ClaimCall): Promise<ClaimAnswer | undefined> {
  return (await claimRequests(database.pool, kms, [one]))[0];
}

async function store(one: AnswerCall): Promise<boolean | undefined> {
  return (await storeAnswers(database.pool, kms, [one]))[0];
}

describe('an idempotency key', () => {
  test('is claimed by one of many at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => claim(call('race'))));
    expect(outcomes.filter((answer) => answer?.outcome === 'claimed')).toHaveLength(1);
    expect(outcomes.filter((answer) => answer?.outcome === 'running')).toHaveLength(19);
  });

  test('gives its answer to the same body, and 409 to another', async () => {
    const first = call('answered');
    await claim(first);
    expect(await store({ ...first, answer: ANSWER })).toBe(true);
    expect(await claim(call('answered'))).toEqual({ outcome: 'answered', answer: ANSWER });
    expect(await claim(call('answered', 'bb'))).toEqual({ outcome: 'conflict' });
  });

  test('is free again when it was given up, or when its node stopped renewing it', async () => {
    const first = call('freed');
    await claim(first);
    await releaseClaim(database.pool, first);
    const second = call('freed');
    expect(await claim(second)).toEqual({ outcome: 'claimed' });
    await database.pool.query("UPDATE idempotency_claim SET claimed_until = now() - interval '1 s' WHERE key = 'freed'");
    expect(await claim(call('freed'))).toEqual({ outcome: 'claimed' });
    expect(await renewClaim(database.pool, second)).toBe(false);
    expect(await store({ ...second, answer: ANSWER })).toBe(false);
  });

  test('asked again by the same request after a lost answer, is still its own', async () => {
    const first = call('lost');
    await claim(first);
    expect(await claim(first)).toEqual({ outcome: 'claimed' });
  });

  test('asked with many others gets its own answer, in their order', async () => {
    const done = call('together 2');
    await claim(done);
    await store({ ...done, answer: ANSWER });
    const calls = [call('together 3'), call('together 1'), call('together 2'), call('together 1'), call('together 2', 'bb')];
    const outcomes = await claimRequests(database.pool, kms, calls);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['claimed', 'claimed', 'answered', 'running', 'conflict']);
    const [third, first] = calls;
    if (!third || !first) throw new Error('two were claimed');
    const stored = await storeAnswers(database.pool, kms, [
      { ...third, answer: ANSWER },
      { ...call('together 1'), answer: ANSWER },
      { ...first, answer: { ...ANSWER, status: 201 } },
    ]);
    expect(stored).toEqual([true, false, true]);
    expect(await claim(call('together 1'))).toMatchObject({ answer: { status: 201 } });
    expect(await claim(call('together 3'))).toMatchObject({ answer: { status: 200 } });
  });

  test('keeps no word of the answer in the clear', async () => {
    const first = call('private');
    await claim(first);
    await store({ ...first, answer: ANSWER });
    const { rows } = await database.pool.query("SELECT encode(answer, 'escape') AS text FROM idempotency_claim WHERE key = 'private'");
    expect(rows[0].text).not.toContain('secret');
    expect(rows[0].text).not.toContain(ANSWER.body.slice(0, 12));
  });
});
