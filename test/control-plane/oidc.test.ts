import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlaneFixture, startControlPlane } from './control-plane-fixture.js';

const { privateKey, publicKey } = await generateKeyPair('RS256');
/** What the provider will say in exchange for a code. */
const claimsByCode = new Map<string, Record<string, unknown>>();
const tokenRequests: URLSearchParams[] = [];
const provider = createServer((request, response) => {
  const answer = (body: unknown) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url === '/.well-known/openid-configuration')
    return answer({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  if (request.url === '/jwks') return void exportJWK(publicKey).then((key) => answer({ keys: [{ ...key, alg: 'RS256', kid: 'one' }] }));
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    tokenRequests.push(form);
    const claims = claimsByCode.get(form.get('code') ?? '');
    if (!claims) return response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    void new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(issuer)
      .setAudience('client')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey)
      .then((token) => answer({ access_token: 'a', token_type: 'bearer', id_token: token }));
    return undefined;
  });
  return undefined;
});
let issuer: string;
let control: ControlPlaneFixture;

beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  control = await startControlPlane({ identityProvider: { issuer, clientId: 'client', clientSecret: 'secret' } });
});
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});

const cookieOf = (response: Response, name: RegExp) =>
  response.headers
    .getSetCookie()
    .find((cookie) => name.test(cookie))
    ?.split(';')[0] ?? '';

/** The browser's way: start, the provider's page, back. `change`: of what the provider or the browser does otherwise. */
async function logIn(claims: Record<string, unknown>, change: { cookie?: string; state?: string; nonce?: string } = {}): Promise<Response> {
  const start = await fetch(`${control.url}/session/oidc/start`, { redirect: 'manual' });
  const asked = new URL(start.headers.get('location') ?? '').searchParams;
  const code = randomUUID();
  claimsByCode.set(code, { nonce: change.nonce ?? asked.get('nonce'), ...claims });
  const query = new URLSearchParams({ code, state: change.state ?? asked.get('state') ?? '' });
  return fetch(`${control.url}/session/oidc/callback?${query}`, {
    redirect: 'manual',
    headers: { cookie: change.cookie ?? cookieOf(start, /^modelapi_oidc=/) },
  });
}

async function userOf(response: Response): Promise<{ id: string; email: string; emailVerified: boolean }> {
  expect([response.status, response.headers.get('location')]).toEqual([302, '/']);
  const refreshed = await fetch(`${control.url}/session/refresh`, {
    method: 'POST',
    headers: { cookie: cookieOf(response, /^modelapi_console=/), 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: '{}',
  });
  const { token } = (await refreshed.json()) as { token: string };
  const { me } = await control.must<{ me: { user: { id: string; email: string; emailVerified: boolean } } }>(
    '{ me { user { id email emailVerified } } }',
    {},
    token,
  );
  return me.user;
}

test('a new person gets an account, and the same one at the next login, whatever their address is then', async () => {
  const first = await userOf(await logIn({ sub: 'ada', email: 'Ada@corp.example', email_verified: true, name: 'Ada' }));
  expect(first).toMatchObject({ email: 'ada@corp.example', emailVerified: true });
  expect(await userOf(await logIn({ sub: 'ada', email: 'ada@new.example', email_verified: true }))).toEqual(first);
  expect(tokenRequests.at(-1)?.get('code_verifier')?.length).toBeGreaterThan(40);
});

test('somebody with a password is joined only when both sides have proven the mailbox', async () => {
  const person = await control.register();
  const claims = { sub: 'joined', email: person.email, email_verified: true };
  expect((await logIn(claims)).status).toBe(409);
  await control.database.pool.query('UPDATE app_user SET email_verified_at = now() WHERE id = $1', [person.userId]);
  expect((await logIn({ ...claims, email_verified: false })).status).toBe(409);
  expect((await userOf(await logIn(claims))).id).toBe(person.userId);
});

test.each([
  ['without the cookie of the start', { cookie: '' }],
  ['with a forged cookie', { cookie: 'modelapi_oidc=bm90aGluZw' }],
  ['with another state', { state: 'another' }],
  ['with the nonce of another login', { nonce: 'another' }],
])('a login %s is refused', async (_what, change) => {
  const response = await logIn({ sub: 'eve', email: 'eve@corp.example', email_verified: true }, change);
  expect(response.status).toBe(401);
  expect(response.headers.getSetCookie().filter((cookie) => cookie.startsWith('modelapi_console'))).toEqual([]);
});
