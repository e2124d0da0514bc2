import { decodeProtectedHeader, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlaneFixture, PASSWORD, startControlPlane } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
beforeAll(async () => {
  control = await startControlPlane();
});

const LOGIN =
  'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token refreshToken expiresIn user { email role } } }';
const REFRESH = 'mutation ($token: String!) { refreshSession(refreshToken: $token) { token refreshToken } }';
const ME = '{ me { user { id email } account { id } role } }';

describe('registration', () => {
  test('makes a person, an account that they own, and a session', async () => {
    const person = await control.register('Ada');
    const { me } = await control.must<{ me: unknown }>(ME, {}, person.token);
    expect(me).toEqual({ user: { id: person.userId, email: person.email }, account: { id: person.accountId }, role: 'owner' });
  });

  test.each([
    ['no address', 'nobody', PASSWORD, 'email'],
    ['a short password', 'short@example.com', 'secret123', 'password'],
    ['a password of one character', 'same@example.com', 'aaaaaaaaaaaa', 'password'],
  ])('refuses %s, naming the field', async (_what, email, password, param) => {
    const { errors } = await control.graphql(`mutation { register(email: "${email}", password: "${password}") { token } }`);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'invalid_request', param });
  });

  test('refuses a taken address, whatever its case', async () => {
    const { email } = await control.register();
    const { errors } = await control.graphql(`mutation { register(email: "${email.toUpperCase()}", password: "${PASSWORD}") { token } }`);
    expect(errors?.[0]?.extensions.code).toBe('conflict');
  });

  test('never makes an operator, and takes no role from outside', async () => {
    const { errors } = await control.graphql(
      'mutation { register(email: "x@example.com", password: "correct horse battery", operator: true) { token } }',
    );
    expect(errors?.[0]?.message).toMatch(/Unknown argument "operator"/);
    const person = await control.register();
    const { rows } = await control.database.pool.query('SELECT operator FROM app_user WHERE id = $1', [person.userId]);
    expect(rows).toEqual([{ operator: false }]);
  });
});

describe('login', () => {
  test('answers an unknown address and a wrong password with the same words', async () => {
    const { email } = await control.register();
    const wrong = await control.graphql(LOGIN, { email, password: 'not the password' });
    const unknown = await control.graphql(LOGIN, { email: 'nobody@example.com', password: 'not the password' });
    expect(wrong.errors?.[0]?.message).toBe(unknown.errors?.[0]?.message);
    expect(wrong.errors?.[0]?.extensions.code).toBe('invalid_session');
  });

  test('blocks an address of email after five failures, also for the right password', async () => {
    const { email } = await control.register();
    for (let tries = 0; tries < 6; tries++) await control.graphql(LOGIN, { email, password: 'not the password' });
    const blocked = await control.graphql(LOGIN, { email, password: PASSWORD });
    expect(blocked.errors?.[0]?.extensions.code).toBe('rate_limit_exceeded');
    await control.database.pool.query('DELETE FROM login_backoff');
    expect((await control.graphql(LOGIN, { email, password: PASSWORD })).errors).toBeUndefined();
  });

  test('stores passwords as argon2id with 64 MB, three passes, one lane', async () => {
    const { userId } = await control.register();
    const { rows } = await control.database.pool.query('SELECT password_hash FROM app_user WHERE id = $1', [userId]);
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
  });
});

describe('a session', () => {
  test('rotates: each refresh token works once, and its reuse ends the family', async () => {
    const { refreshToken, token } = await control.register();
    const { refreshSession: next } = await control.must<{ refreshSession: { refreshToken: string } }>(REFRESH, { token: refreshToken });
    const reuse = await control.graphql(REFRESH, { token: refreshToken });
    expect(reuse.errors?.[0]?.extensions.code).toBe('invalid_session');
    expect((await control.graphql(REFRESH, { token: next.refreshToken })).errors?.[0]?.extensions.code).toBe('invalid_session');
    expect((await control.graphql(ME, {}, token)).errors?.[0]?.extensions.code).toBe('invalid_session');
  });

  test('refreshed twice at once gives one new token at most', async () => {
    const { refreshToken } = await control.register();
    const answers = await Promise.all(Array.from({ length: 5 }, () => control.graphql(REFRESH, { token: refreshToken })));
    expect(answers.filter((answer) => !answer.errors).length).toBeLessThanOrEqual(1);
  });

  test('ends at logout for its access token too', async () => {
    const { token, refreshToken } = await control.register();
    await control.must('mutation ($token: String) { logout(refreshToken: $token) }', { token: refreshToken });
    expect((await control.graphql(ME, {}, token)).errors?.[0]?.extensions.code).toBe('invalid_session');
  });

  test('can be ended from another one of the same person, and of nobody else', async () => {
    const person = await control.register();
    const stranger = await control.register();
    const { login } = await control.must<{ login: { token: string } }>(LOGIN, { email: person.email, password: PASSWORD });
    const { sessions } = await control.must<{ sessions: { id: string }[] }>('{ sessions { id } }', {}, login.token);
    expect(sessions).toHaveLength(2);
    const [first] = sessions.map((session) => session.id).sort();
    const REVOKE = 'mutation ($id: ID!) { revokeSession(id: $id) }';
    expect((await control.graphql(REVOKE, { id: first }, stranger.token)).errors?.[0]?.extensions.code).toBe('not_found');
    await control.must(REVOKE, { id: first }, login.token);
    expect((await control.graphql(ME, {}, person.token)).errors?.[0]?.extensions.code).toBe('invalid_session');
    expect((await control.graphql(ME, {}, login.token)).errors).toBeUndefined();
  });

  test('is not believed when signed by anything but our Ed25519 key', async () => {
    const { token } = await control.register();
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'EdDSA' });
    const [, payload] = token.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const hmac = await new SignJWT(JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(control.config.jwtKey.x, 'base64url'));
    for (const forged of [none, hmac, `${token.slice(0, -4)}AAAA`])
      expect((await control.graphql(ME, {}, forged)).errors?.[0]?.extensions.code).toBe('invalid_session');
  });
});

describe('GraphQL', () => {
  test('refuses what a browser sends without a preflight', async () => {
    const response = await fetch(`${control.url}/graphql`, { method: 'POST', body: JSON.stringify({ query: ME }) });
    expect(response.status).toBeGreaterThanOrEqual(400);
  });

  test('refuses batches, depth, aliases and size', async () => {
    const batch = await fetch(`${control.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: ME }, { query: ME }]),
    });
    expect(batch.status).toBe(400);
    const aliases = Array.from({ length: 60 }, (_, index) => `a${index}: login(email: "a@b.co", password: "x") { token }`).join(' ');
    expect((await control.graphql(`mutation { ${aliases} }`)).errors?.[0]?.message).toMatch(/alias/i);
    const tokens = `{ me { ${'role '.repeat(3_000)} } }`;
    expect((await control.graphql(tokens)).errors?.[0]?.message).toMatch(/token/i);
  });

  test('masks what went wrong inside', async () => {
    const { token } = await control.register();
    await control.database.pool.query('ALTER TABLE api_key RENAME TO api_key_away');
    const { errors } = await control.graphql('{ apiKeys { id } }', {}, token);
    await control.database.pool.query('ALTER TABLE api_key_away RENAME TO api_key');
    expect(errors?.[0]?.extensions.code).toBe('internal_error');
    expect(JSON.stringify(errors)).not.toMatch(/api_key|relation|select/i);
  });
});
