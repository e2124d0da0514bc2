/** Tokens that prove a mailbox: 256 random bits of which the SHA-256 is stored, good once, for hours, on PostgreSQL's clock. */
import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { hashToken } from './sign-session.js';

type Purpose = 'verify_email' | 'reset_password';

const HOURS: Readonly<Record<Purpose, number>> = { verify_email: 48, reset_password: 1 };
/** Of one purpose, for one person, within an hour: a mailbox must not be filled by somebody who knows its address. */
const MAX_PER_HOUR = 5;

/** Undefined when that person was sent enough of them. */
export async function mintMailToken(em: EntityManager, userId: string, purpose: Purpose): Promise<string | undefined> {
  const [recent] = await em.execute<{ count: string }[]>(
    `SELECT count(*) FROM mail_token WHERE user_id = ? AND purpose = ? AND created_at > now() - interval '1 hour'`,
    [userId, purpose],
  );
  if (Number(recent?.count) >= MAX_PER_HOUR) return undefined;
  const token = randomBytes(32).toString('base64url');
  await em.execute(`INSERT INTO mail_token (token_hash, user_id, purpose, expires_at) VALUES (?, ?, ?, now() + ? * interval '1 hour')`, [
    hashToken(token),
    userId,
    purpose,
    HOURS[purpose],
  ]);
  return token;
}

/** Returns whose it is. Throws `invalid_request` for an unknown, used or expired one. */
export async function spendMailToken(em: EntityManager, token: string, purpose: Purpose): Promise<string> {
  const [row] = await em.execute<{ user_id: string }[]>(
    `UPDATE mail_token SET used_at = now()
     WHERE token_hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > now() RETURNING user_id`,
    [hashToken(token), purpose],
  );
  if (!row) throw new GatewayError('invalid_request', 'This link was used or has expired. Ask for a new one.', { param: 'token' });
  return row.user_id;
}
