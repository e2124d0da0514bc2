/**
 * Session tokens: an Ed25519 JWT of 15 minutes that a node can check with the public key alone, and an opaque refresh token of which
 * only the SHA-256 is stored. Claims are agreed with the data plane: iss, aud, sub (user), acc (account), role, op, sid.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type CryptoKey, importJWK, jwtVerify, SignJWT } from 'jose';
import { GatewayError } from '../../../shared/errors.js';
import type { Role } from '../permissions.js';

const ISSUER = 'modelapi';
const AUDIENCE = 'modelapi';
/** Long enough not to refresh all the time, short enough that a stolen token is soon worthless. */
export const TOKEN_SECONDS = 15 * 60;
const REFRESH_PREFIX = 'ama-refresh-';

export interface SessionClaims {
  readonly userId: string;
  readonly accountId: string;
  readonly sessionId: string;
  readonly role: Role;
  readonly operator: boolean;
}

export interface Ed25519Pair {
  /** Raw 32 bytes, base64url. */
  readonly d: string;
  readonly x: string;
}

export class SessionSigner {
  readonly #privateKey: Promise<CryptoKey | Uint8Array>;
  readonly #publicKey: Promise<CryptoKey | Uint8Array>;

  constructor(pair: Ed25519Pair) {
    this.#privateKey = importJWK({ kty: 'OKP', crv: 'Ed25519', ...pair }, 'EdDSA');
    this.#publicKey = importJWK({ kty: 'OKP', crv: 'Ed25519', x: pair.x }, 'EdDSA');
  }

  async sign(claims: SessionClaims): Promise<string> {
    return new SignJWT({ acc: claims.accountId, role: claims.role, op: claims.operator, sid: claims.sessionId })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(claims.userId)
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_SECONDS}s`)
      .sign(await this.#privateKey);
  }

  /** The session's id. Throws `invalid_session` for anything that we did not sign, or that expired. */
  async verify(token: string): Promise<string> {
    try {
      const { payload } = await jwtVerify(token, await this.#publicKey, { algorithms: ['EdDSA'], issuer: ISSUER, audience: AUDIENCE });
      if (typeof payload['sid'] === 'string') return payload['sid'];
    } catch (cause) {
      throw new GatewayError('invalid_session', 'Your session is invalid or has expired. Log in again.', { cause });
    }
    throw new GatewayError('invalid_session', 'Your session is invalid. Log in again.');
  }
}

export function mintRefreshToken(): { token: string; hash: Buffer } {
  const token = REFRESH_PREFIX + randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** For tokens of full entropy (refresh, invitation, mail): a plain digest is enough. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
