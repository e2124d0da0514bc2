/**
 * Whose session a request carries: an Ed25519 JWT as Bearer or cookie, checked here with the public key alone, and again by the control
 * plane, which knows whether it was revoked. An API key is not a session. A cookie is sent by the browser whoever asks, so a write that
 * came with one must also come from our own page.
 */
import type { FastifyRequest } from 'fastify';
import { importJWK, jwtVerify } from 'jose';
import { GatewayError } from '../../shared/errors.js';
import { readCookies } from './cookies.js';

const ISSUER = 'modelapi';
const AUDIENCE = 'modelapi';
const BEARER = /^bearer +(\S+)$/i;

/** The token of the request's session. Throws GatewayError `invalid_session`, or `forbidden` for a write from another site. */
export type RequireSession = (request: FastifyRequest) => Promise<string>;

/** `publicKey`: raw Ed25519, base64url. `origin`: of the page that may write with a cookie. */
export function createRequireSession(publicKey: string, origin: string): RequireSession {
  const key = importJWK({ kty: 'OKP', crv: 'Ed25519', x: publicKey }, 'EdDSA');
  return async (request) => {
    const { authorization } = request.headers;
    const token = authorization === undefined ? readCookies(request).token : BEARER.exec(authorization)?.[1];
    if (!token) throw invalidSession('Log in first: this endpoint takes the token of /auth/login, as Bearer or cookie.');
    if (token.startsWith('sk-')) throw invalidSession('An API key is not a session: this endpoint takes the token of /auth/login.');
    if (authorization === undefined) requireOwnPage(request, origin);
    try {
      await jwtVerify(token, await key, { algorithms: ['EdDSA'], issuer: ISSUER, audience: AUDIENCE });
    } catch (cause) {
      throw invalidSession('Your session is invalid or has expired. Log in again.', cause);
    }
    return token;
  };
}

/** For writes that a cookie authenticates. Throws GatewayError `forbidden`. */
export function requireOwnPage(request: FastifyRequest, origin: string): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const site = request.headers['sec-fetch-site'];
  const { origin: from, host } = request.headers;
  const own = site === undefined ? from === origin || from === `${request.protocol}://${host}` : site === 'same-origin';
  if (!own)
    throw new GatewayError('forbidden', 'A request with a cookie must come from this site itself. Send the token as Bearer instead.');
}

function invalidSession(message: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_session', message, { cause });
}
