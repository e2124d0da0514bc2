/**
 * Time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 s), the second factor. A code of the step before or after is taken for
 * a clock that is off; each step works once. Ten recovery codes stand in for a lost device, each once.
 * The secret is sealed by the KMS: whoever reads the database cannot make codes.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { decrypt, encrypt, generateDataKey } from '../../../shared/sealed.js';
import type { Kms } from '../byok/kms.js';
import type { SecondFactor } from './log-in.js';
import type { User } from './user.entity.js';

const STEP_SECONDS = 30;
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As it stands in `app_user.totp_secret`. */
export interface SealedTotp {
  readonly box: string;
  readonly wrappedKey: string;
}

export async function sealTotp(kms: Kms, secret: Buffer, userId: string): Promise<SealedTotp> {
  const dataKey = generateDataKey();
  return { box: encrypt(dataKey, secret, Buffer.from(userId)).toString('base64url'), wrappedKey: await kms.wrap(dataKey, userId) };
}

export async function openTotp(kms: Kms, sealed: SealedTotp, userId: string): Promise<Buffer> {
  return decrypt(await kms.unwrap(sealed.wrappedKey, userId), Buffer.from(sealed.box, 'base64url'), Buffer.from(userId));
}

export function totpCode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const offset = digest.readUInt8(digest.length - 1) & 0x0f;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

function totpStep(nowMs: number): number {
  return Math.floor(nowMs / 1000 / STEP_SECONDS);
}

/** The step that a code belongs to, within one of now; undefined when it is wrong. */
export function matchTotp(secret: Buffer, code: string, nowMs: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const step = totpStep(nowMs);
  return [step, step - 1, step + 1].find((candidate) => timingSafeEqual(Buffer.from(totpCode(secret, candidate)), Buffer.from(code)));
}

/** Passes users without a second factor. Throws `invalid_session` when a code is missing, wrong or used. */
export function checkTotp(kms: Kms, code: string | null | undefined, now: () => number = Date.now): SecondFactor {
  return async (em, user) => {
    if (!user.totpEnabledAt || !user.totpSecret) return;
    if (!code) throw new GatewayError('invalid_session', 'Enter the code of your authenticator.', { param: 'totp' });
    const secret = await openTotp(kms, user.totpSecret, user.id);
    const step = matchTotp(secret, code.trim(), now());
    const good = step === undefined ? await consumeRecoveryCode(em, user, code) : await consumeStep(em, user, step);
    if (!good) throw new GatewayError('invalid_session', 'The code is wrong or was used. Wait for the next one.', { param: 'totp' });
  };
}

async function consumeStep(em: EntityManager, user: User, step: number): Promise<boolean> {
  const rows = await em.execute<unknown[]>('UPDATE app_user SET totp_last_step = ? WHERE id = ? AND totp_last_step < ? RETURNING id', [
    step,
    user.id,
    step,
  ]);
  return rows.length === 1;
}

async function consumeRecoveryCode(em: EntityManager, user: User, code: string): Promise<boolean> {
  const hash = recoveryHash(code);
  const rows = await em.execute<unknown[]>(
    'UPDATE app_user SET recovery_hashes = array_remove(recovery_hashes, ?) WHERE id = ? AND ? = ANY (recovery_hashes) RETURNING id',
    [hash, user.id, hash],
  );
  return rows.length === 1;
}

/** Codes of 50 random bits, tried under the login's back-off: a plain digest is enough. */
function recoveryHash(code: string): string {
  return createHash('sha256').update(code.trim().toUpperCase()).digest('hex');
}

export function newTotpSecret(): { secret: Buffer; base32: string } {
  const secret = randomBytes(SECRET_BYTES);
  return { secret, base32: toBase32(secret) };
}

export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const codes = Array.from({ length: RECOVERY_CODES }, () => toBase32(randomBytes(7)).slice(0, 10));
  return { codes, hashes: codes.map(recoveryHash) };
}

function toBase32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => BASE32[Number.parseInt(group.padEnd(5, '0'), 2)] ?? '').join('');
}
