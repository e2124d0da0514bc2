/** What one person, one account or one address may ask for in a while: also when it is asked all at once. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { networkOf } from '../../control-plane/modules/attempt-window.js';
import { type ControlPlaneFixture, PASSWORD, type Person, startControlPlane } from './control-plane-fixture.js';

const SIGN_UPS = 6;
let control: ControlPlaneFixture;
let people: Person[];

const REGISTER = 'mutation ($email: String!, $password: String!) { register(email: $email, password: $password) { token } }';
const LOGIN = 'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }';
const TOP_UP = 'mutation { createTopUp(input: { amountUsd: "5", method: "usdt" }) { id } }';
const RESET = 'mutation ($email: String!) { requestPasswordReset(email: $email) }';

beforeAll(async () => {
  control = await startControlPlane({ signUpsPerHour: SIGN_UPS });
  people = [];
  for (let count = 0; count < 4; count++) people.push(await control.register());
});
beforeEach(() => control.database.pool.query('DELETE FROM login_backoff'));

async function codes(calls: readonly Promise<{ errors?: readonly { extensions: { code: string } }[] }>[]): Promise<Map<string, number>> {
  const answers = await Promise.all(calls);
  const counted = Map.groupBy(answers, ({ errors }) => errors?.[0]?.extensions.code ?? 'ok');
  return new Map([...counted].map(([code, all]) => [code, all.length]));
}

test('sign-ups from one address end at the limit, however many come at once', async () => {
  const calls = Array.from({ length: 10 }, (_, index) =>
    control.graphql(REGISTER, { email: `many-${index}@example.com`, password: PASSWORD }),
  );
  expect(await codes(calls)).toEqual(
    new Map([
      ['ok', SIGN_UPS - 4],
      ['rate_limit_exceeded', 10 - (SIGN_UPS - 4)],
    ]),
  );
});

test('a burst of guesses is told no more than guesses one after another: the right one among them is not seen', async () => {
  const { email } = people[0] ?? expect.fail();
  const guesses = Array.from({ length: 30 }, (_, index) =>
    control.graphql(LOGIN, { email, password: index === 29 ? PASSWORD : `wrong-guess-${index}` }),
  );
  const told = await codes(guesses);
  expect(told.get('ok')).toBeUndefined();
  expect(told.get('invalid_session')).toBeLessThanOrEqual(8);
  expect(told.get('rate_limit_exceeded')).toBeGreaterThanOrEqual(22);
});

test('top-ups are limited by account, and by address over accounts', async () => {
  const [one, ...others] = people;
  const begin = (person: Person | undefined, times: number) =>
    codes(Array.from({ length: times }, () => control.graphql(TOP_UP, {}, person?.token)));
  // USDT is not configured here, so what is let through is an invalid request: nothing is begun.
  const first = await begin(one, 25);
  expect(first.get('rate_limit_exceeded')).toBe(5);
  expect(first.get('invalid_request')).toBe(20);
  for (const other of others.slice(0, 2)) expect((await begin(other, 20)).get('invalid_request')).toBe(20);
  expect((await begin(others[2], 20)).get('rate_limit_exceeded')).toBe(20);
  await control.database.pool.query(`UPDATE attempt_window SET started_at = now() - interval '61 minutes'`);
  expect((await begin(one, 1)).get('invalid_request')).toBe(1);
});

test('a limit of requested mails does not tell who has an account', async () => {
  const ask = (email: string) => codes(Array.from({ length: 25 }, () => control.graphql(RESET, { email })));
  const known = await ask(people[1]?.email ?? '');
  await control.database.pool.query('DELETE FROM attempt_window');
  expect(await ask('nobody-at-all@example.com')).toEqual(known);
  expect(known.get('rate_limit_exceeded')).toBe(5);
});

test('an IPv6 customer has one network to count by, not 2^64 addresses', () => {
  expect(networkOf('2001:db8:1:2:aaaa:bbbb:cccc:dddd')).toBe(networkOf('2001:db8:1:2::1'));
  expect(networkOf('2001:db8:1:3::1')).not.toBe(networkOf('2001:db8:1:2::1'));
  expect(networkOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(networkOf('192.0.2.7')).toBe('192.0.2.7');
});
