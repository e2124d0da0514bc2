import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { totpCode } from '../../control-plane/modules/account/totp.js';
import { type ControlPlaneFixture, eventually, PASSWORD, type Person, startControlPlane } from './control-plane-fixture.js';

const mailDirectory = mkdtempSync(join(tmpdir(), 'mail-'));
let control: ControlPlaneFixture;
beforeAll(async () => {
  control = await startControlPlane({ mailDirectory });
});

// Several tests get something wrong on purpose, all from one address.
beforeEach(() => control.database.pool.query('DELETE FROM login_backoff'));

/** The token of the newest mail to somebody whose text matches. */
function mailedToken(to: string, words: RegExp): Promise<string> {
  return eventually(async () => {
    const mails = readdirSync(mailDirectory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .reverse();
    for (const name of mails) {
      const mail = JSON.parse(readFileSync(join(mailDirectory, name), 'utf8')) as { to: string; subject: string; text: string };
      if (mail.to === to && words.test(mail.subject)) return /token=([\w-]+)/.exec(mail.text)?.[1];
    }
    return undefined;
  });
}

const LOGIN =
  'mutation ($email: String!, $password: String!, $totp: String) { login(email: $email, password: $password, totp: $totp) { token } }';
const codeOf = async (query: string, variables: object, token?: string) =>
  (await control.graphql(query, variables, token)).errors?.[0]?.extensions.code;

describe('an address', () => {
  test('is confirmed by the link of the mail, once', async () => {
    const person = await control.register();
    const token = await mailedToken(person.email, /Confirm/);
    const VERIFY = 'mutation ($token: String!) { verifyEmail(token: $token) }';
    await control.must(VERIFY, { token });
    expect(await control.must('{ me { user { emailVerified } } }', {}, person.token)).toEqual({ me: { user: { emailVerified: true } } });
    expect(await codeOf(VERIFY, { token })).toBe('invalid_request');
    expect(await codeOf('mutation ($token: String!) { resetPassword(token: $token, password: "another password") }', { token })).toBe(
      'invalid_request',
    );
  });
});

describe('a forgotten password', () => {
  test('is replaced through the mailbox, and everybody who was in is out', async () => {
    const person = await control.register();
    const REQUEST = 'mutation ($email: String!) { requestPasswordReset(email: $email) }';
    expect(await control.must(REQUEST, { email: 'nobody@example.com' })).toEqual({ requestPasswordReset: true });
    expect(await control.must(REQUEST, { email: person.email })).toEqual({ requestPasswordReset: true });
    const token = await mailedToken(person.email, /password/);
    await control.must('mutation ($token: String!) { resetPassword(token: $token, password: "another password") }', { token });
    expect(await codeOf('{ me { role } }', {}, person.token)).toBe('invalid_session');
    expect(await codeOf(LOGIN, { email: person.email, password: PASSWORD })).toBe('invalid_session');
    expect(await codeOf(LOGIN, { email: person.email, password: 'another password' })).toBeUndefined();
  });

  test('of a mail that is too old is not', async () => {
    const person = await control.register();
    await control.must('mutation ($email: String!) { requestPasswordReset(email: $email) }', { email: person.email });
    const token = await mailedToken(person.email, /password/);
    await control.database.pool.query('UPDATE mail_token SET expires_at = now() WHERE user_id = $1', [person.userId]);
    expect(await codeOf('mutation ($token: String!) { resetPassword(token: $token, password: "another password") }', { token })).toBe(
      'invalid_request',
    );
  });
});

test('changing the password ends every other session, and asks for the old one', async () => {
  const person = await control.register();
  const { login } = await control.must<{ login: { token: string } }>(LOGIN, { email: person.email, password: PASSWORD });
  const CHANGE = 'mutation ($current: String!) { changePassword(current: $current, password: "another password") }';
  expect(await codeOf(CHANGE, { current: 'wrong' }, person.token)).toBe('forbidden');
  await control.must(CHANGE, { current: PASSWORD }, person.token);
  expect(await codeOf('{ me { role } }', {}, login.token)).toBe('invalid_session');
  expect(await codeOf('{ me { role } }', {}, person.token)).toBeUndefined();
});

describe('a second factor', () => {
  const fromBase32 = (text: string) => {
    const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
    return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  };

  test('agrees with the vectors of RFC 6238', () => {
    const secret = Buffer.from('12345678901234567890');
    for (const [seconds, code] of [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [20_000_000_000, '353130'],
    ] as const)
      expect(totpCode(secret, Math.floor(seconds / 30))).toBe(code);
  });

  test('is asked for at login, each code once, and a recovery code stands in once', async () => {
    const person = await control.register();
    const { beginTotp } = await control.must<{ beginTotp: { secret: string } }>('mutation { beginTotp { secret uri } }', {}, person.token);
    const secret = fromBase32(beginTotp.secret);
    const codeAt = (offset: number) => totpCode(secret, Math.floor(Date.now() / 30_000) + offset);
    const CONFIRM = 'mutation ($code: String!) { confirmTotp(code: $code) }';
    expect(await codeOf(CONFIRM, { code: '000000' }, person.token)).toBe('invalid_request');
    const { confirmTotp: recovery } = await control.must<{ confirmTotp: string[] }>(CONFIRM, { code: codeAt(0) }, person.token);
    expect(new Set(recovery).size).toBe(10);

    const login = { email: person.email, password: PASSWORD };
    expect(await codeOf(LOGIN, login)).toBe('invalid_session');
    const totp = codeAt(0);
    expect(await codeOf(LOGIN, { ...login, totp })).toBeUndefined();
    expect(await codeOf(LOGIN, { ...login, totp })).toBe('invalid_session');
    expect(await codeOf(LOGIN, { ...login, totp: recovery[3] })).toBeUndefined();
    expect(await codeOf(LOGIN, { ...login, totp: recovery[3] })).toBe('invalid_session');
    const { rows } = await control.database.pool.query('SELECT totp_secret::text AS sealed FROM app_user WHERE id = $1', [person.userId]);
    expect(rows[0].sealed).not.toContain(secret.toString('base64url'));
  });
});

describe('an organisation', () => {
  let owner: Person;
  let friend: Person;
  const INVITE = 'mutation ($email: String!, $role: String!) { inviteMember(email: $email, role: $role) { id } }';
  const ACCEPT = 'mutation ($token: String!) { acceptInvitation(token: $token) { id } }';
  beforeAll(async () => {
    owner = await control.register('Owner');
    friend = await control.register('Friend');
  });

  async function sessionOf(person: Person): Promise<string> {
    const { switchAccount } = await control.must<{ switchAccount: { token: string } }>(
      'mutation ($id: ID!) { switchAccount(accountId: $id) { token } }',
      { id: owner.accountId },
      person.token,
    );
    return switchAccount.token;
  }

  test('is joined by whom the invitation was sent to, once, with its role', async () => {
    expect(await codeOf(INVITE, { email: friend.email, role: 'owner' }, owner.token)).toBe('invalid_request');
    await control.must(INVITE, { email: friend.email, role: 'developer' }, owner.token);
    const token = await mailedToken(friend.email, /invited/);
    const thief = await control.register();
    expect(await codeOf(ACCEPT, { token }, thief.token)).toBe('invalid_request');
    expect(await control.must(ACCEPT, { token }, friend.token)).toEqual({ acceptInvitation: { id: owner.accountId } });
    expect(await codeOf(ACCEPT, { token }, friend.token)).toBe('invalid_request');
    const inOrganisation = await sessionOf(friend);
    expect(await control.must('{ me { role account { id } } }', {}, inOrganisation)).toEqual({
      me: { role: 'developer', account: { id: owner.accountId } },
    });
    expect(await codeOf(INVITE, { email: 'x@example.com', role: 'viewer' }, inOrganisation)).toBe('forbidden');
  });

  test('never loses its last owner, and nobody makes themselves one', async () => {
    const ROLE = 'mutation ($id: ID!, $role: String!) { changeMemberRole(userId: $id, role: $role) }';
    const REMOVE = 'mutation ($id: ID!) { removeMember(userId: $id) }';
    await control.must(ROLE, { id: friend.userId, role: 'admin' }, owner.token);
    const admin = await sessionOf(friend);
    expect(await codeOf(ROLE, { id: friend.userId, role: 'owner' }, admin)).toBe('forbidden');
    expect(await codeOf(REMOVE, { id: owner.userId }, admin)).toBe('forbidden');
    expect(await codeOf(REMOVE, { id: owner.userId }, owner.token)).toBe('conflict');
    expect(await codeOf(ROLE, { id: owner.userId, role: 'viewer' }, owner.token)).toBe('conflict');
  });

  test('is closed to who was removed, at once', async () => {
    const session = await sessionOf(friend);
    await control.must('mutation ($id: ID!) { removeMember(userId: $id) }', { id: friend.userId }, owner.token);
    expect(await codeOf('{ me { role } }', {}, session)).toBe('invalid_session');
    expect(await codeOf('mutation ($id: ID!) { switchAccount(accountId: $id) { token } }', { id: owner.accountId }, friend.token)).toBe(
      'not_found',
    );
  });
});

describe('an account', () => {
  test('can be taken along: everything that is stored, and no secret', async () => {
    const person = await control.register();
    const { createApiKey } = await control.must<{ createApiKey: { key: string } }>(
      'mutation { createApiKey(input: { name: "mine" }) { key } }',
      {},
      person.token,
    );
    const { exportAccount } = await control.must<{ exportAccount: Record<string, unknown[]> }>('{ exportAccount }', {}, person.token);
    expect(exportAccount).toMatchObject({
      account: { id: person.accountId },
      members: [{ email: person.email, role: 'owner' }],
      apiKeys: [{ name: 'mine' }],
    });
    expect(JSON.stringify(exportAccount)).not.toMatch(new RegExp(`argon2|hash|sealed|${createApiKey.key.slice(7, 30)}`));
  });

  test('is closed for good: keys, sessions, and the person are gone', async () => {
    const person = await control.register();
    await control.must('mutation { createApiKey(input: { name: "mine" }) { key } }', {}, person.token);
    const { pool } = control.database;
    await pool.query(`INSERT INTO payment_customer (account_id, customer_id) VALUES ($1, $2)`, [
      person.accountId,
      `cus_${person.accountId}`,
    ]);
    await pool.query(
      `INSERT INTO saved_card (account_id, payment_method, brand, last4, exp_month, exp_year) VALUES ($1, $2, 'visa', '4242', 1, 2030)`,
      [person.accountId, `pm_${person.accountId}`],
    );
    await pool.query(
      `INSERT INTO stored_file (id, account_id, filename, data_key, expires_at) VALUES ($1, $1, 'batch.jsonl', 'wrapped', now() + interval '1 day')`,
      [person.accountId],
    );
    const CLOSE = 'mutation ($password: String!) { closeAccount(password: $password) }';
    expect(await codeOf(CLOSE, { password: 'wrong' }, person.token)).toBe('forbidden');
    await control.must(CLOSE, { password: PASSWORD }, person.token);
    expect(await codeOf('{ me { role } }', {}, person.token)).toBe('invalid_session');
    expect(await codeOf(LOGIN, { email: person.email, password: PASSWORD })).toBe('invalid_session');
    const { rows } = await control.database.pool.query(
      `SELECT app_user.email, account.status, (SELECT count(*)::int FROM api_key WHERE account_id = account.id AND revoked_at IS NULL) AS keys,
         (SELECT count(*)::int FROM saved_card WHERE account_id = account.id) AS cards,
         (SELECT count(*)::int FROM stored_file WHERE account_id = account.id) AS files
       FROM account, app_user WHERE account.id = $1 AND app_user.id = $2`,
      [person.accountId, person.userId],
    );
    expect(rows).toEqual([{ email: `forgotten-${person.userId}@invalid`, status: 'closed', keys: 0, cards: 0, files: 0 }]);
  });
});
