import { beforeAll, expect, test } from 'vitest';
import { newId } from '../../control-plane/db/new-id.js';
import { pauseBurningKeys } from '../../control-plane/modules/api-key/pause-burning-keys.js';
import type { Mail } from '../../control-plane/modules/mail/mailer.js';
import { type ControlPlaneFixture, type Person, startControlPlane } from './control-plane-fixture.js';

const USD = 1_000_000_000;
let control: ControlPlaneFixture;
beforeAll(async () => {
  control = await startControlPlane();
});

async function createKey(person: Person): Promise<string> {
  const { createApiKey } = await control.must<{ createApiKey: { apiKey: { id: string } } }>(
    'mutation { createApiKey(input: { name: "service" }) { apiKey { id } } }',
    {},
    person.token,
  );
  return createApiKey.apiKey.id;
}

async function spentOnDays(person: Person, keyId: string, dollarsADay: number, days: number): Promise<void> {
  for (let day = 1; day <= days; day++)
    await control.database.pool.query(
      `INSERT INTO usage_rollup VALUES ($1, current_date - $3::integer, 'm', 'v', false, $2, 1, 0, 0, 0, 0, 0, 0, $4, 0)`,
      [keyId, person.accountId, day, dollarsADay * USD],
    );
}

async function spendsNow(person: Person, keyId: string, dollars: number, minutesAgo = 1): Promise<void> {
  await control.database.pool.query(
    `INSERT INTO settlement (request_id, account_id, position, line, key_id, node_id, epoch, sequence, model, vendor_id, byok, test,
       input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, reasoning, multiplier_numerator,
       multiplier_denominator, actual, charge, loss, reason, estimated, usage_mismatch, balance_after, usage_date)
     VALUES ($1, $2, 1, 0, $3, 'n', 1, 1, 'm', 'v', false, false, 1, 0, 0, 0, 1, 0, 0, 1, 1, $4, $4, 0, 'completed', false, false, 0, current_date)`,
    [newId(Date.now() - minutesAgo * 60_000), person.accountId, keyId, dollars * USD],
  );
}

async function runBreaker(): Promise<Mail[]> {
  const mails: Mail[] = [];
  await pauseBurningKeys(control.app.orm.em.fork(), {
    pool: control.database.pool,
    mailer: { send: (mail) => mails.push(mail) },
    publicUrl: 'https://console.test',
  });
  return mails;
}

const statusOf = async (person: Person) =>
  (await control.must<{ apiKeys: { status: string }[] }>('{ apiKeys { status } }', {}, person.token)).apiKeys.map((key) => key.status);

test('a key that burns many times what it usually does is paused once, its owner told, and one click resumes it', async () => {
  const person = await control.register();
  const keyId = await createKey(person);
  await spentOnDays(person, keyId, 14.4, 5);
  await spendsNow(person, keyId, 6);
  const [mail, ...more] = await runBreaker();
  expect(mail).toMatchObject({ to: person.email, subject: 'Your API key "service" was paused' });
  expect(mail?.text).toContain('spent $6 in 10 minutes; usually it is $0.1.');
  expect(more).toEqual([]);
  expect(await statusOf(person)).toEqual(['paused']);
  expect(await runBreaker()).toEqual([]);
  await control.must('mutation ($id: ID!) { pauseApiKey(id: $id, paused: false) { status } }', { id: keyId }, person.token);
  expect(await runBreaker()).toEqual([]);
  expect(await statusOf(person)).toEqual(['active']);
});

test.each([
  ['spends cents', { usual: 0.0144, days: 5, now: 4.9, minutesAgo: 1 }],
  ['spends a few times its usual', { usual: 144, days: 5, now: 15, minutesAgo: 1 }],
  ['has no history of its own', { usual: 14.4, days: 1, now: 500, minutesAgo: 1 }],
  ['burned and stopped', { usual: 14.4, days: 5, now: 500, minutesAgo: 11 }],
])('a key that %s is left alone', async (_what, { usual, days, now, minutesAgo }) => {
  const person = await control.register();
  const keyId = await createKey(person);
  await spentOnDays(person, keyId, usual, days);
  await spendsNow(person, keyId, now, minutesAgo);
  expect(await runBreaker()).toEqual([]);
  expect(await statusOf(person)).toEqual(['active']);
});
