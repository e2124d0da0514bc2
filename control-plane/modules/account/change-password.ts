import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { networkOf, takeAttempt } from '../attempt-window.js';
import { recordAudit } from '../audit/record-audit.js';
import type { Mailer } from '../mail/mailer.js';
import type { Actor } from '../permissions.js';
import { requireGoodPassword } from './credentials.js';
import type { PasswordHasher } from './hash-password.js';
import { recordFailure, requireNotBlocked } from './login-backoff.js';
import { mintMailToken, spendMailToken } from './mail-tokens.js';
import { endOtherSessions } from './refresh-session.js';
import { User } from './user.entity.js';

export interface MailServices {
  readonly pool: Pool;
  readonly mailer: Mailer;
  /** Where the links of mails lead. */
  readonly publicUrl: string;
}

/** By address, for known and unknown mailboxes alike, so that the limit does not tell them apart. */
const RESETS_PER_HOUR = 20;

/** Asks for a mail with a link. Says nothing of whether the address is known. */
export async function requestPasswordReset(em: EntityManager, services: MailServices, email: string, address: string): Promise<void> {
  await takeAttempt(services.pool, `reset:${networkOf(address)}`, RESETS_PER_HOUR, 'Too many mails were asked for from your address.');
  const user = await em.findOne(User, { email: email.trim().toLowerCase(), disabledAt: null });
  if (!user) return;
  const token = await mintMailToken(em, user.id, 'reset_password');
  if (token === undefined) return;
  services.mailer.send({
    to: user.email,
    subject: 'Choose a new password',
    text: `Somebody, hopefully you, asked for a new password.\n\n${services.publicUrl}/reset-password?token=${token}\n\nThe link works once, for an hour. If it was not you, do nothing.`,
  });
}

/** Every session of the person ends: whoever had the old password is out. */
export async function resetPassword(
  em: EntityManager,
  passwords: PasswordHasher,
  token: string,
  password: string,
  address: string,
): Promise<void> {
  await em.transactional(async (transaction) => {
    const userId = await spendMailToken(transaction, token, 'reset_password');
    const user = await transaction.findOneOrFail(User, { id: userId });
    requireGoodPassword(password, user.email);
    user.passwordHash = await passwords.hash(password);
    // Whoever reads the mailbox has shown that it is theirs.
    user.emailVerifiedAt ??= new Date();
    await endOtherSessions(transaction, userId, null, 'password_changed');
    await auditPassword(transaction, { userId, address }, 'password.reset');
  });
}

/** The session that asked stays; all others end. Throws `invalid_session` for a wrong current password. */
export async function changePassword(
  em: EntityManager,
  passwords: PasswordHasher,
  actor: Actor,
  current: string,
  password: string,
): Promise<void> {
  const user = await requirePassword(em, passwords, actor, current);
  requireGoodPassword(password, user.email);
  const passwordHash = await passwords.hash(password);
  await em.transactional(async (transaction) => {
    await transaction.nativeUpdate(User, { id: user.id }, { passwordHash });
    await endOtherSessions(transaction, user.id, actor.sessionId, 'password_changed');
    await auditPassword(transaction, actor, 'password.change');
  });
}

/** Asked for again before what cannot be undone. Under the back-off of logins. */
export async function requirePassword(em: EntityManager, passwords: PasswordHasher, actor: Actor, password: string): Promise<User> {
  const user = await em.findOneOrFail(User, { id: actor.userId });
  const subjects = { email: user.email, address: actor.address };
  await requireNotBlocked(em, subjects);
  if (await passwords.verify(user.passwordHash, password)) return user;
  await recordFailure(em, subjects);
  throw new GatewayError('forbidden', 'The password is wrong.', { param: 'password' });
}

async function auditPassword(em: EntityManager, who: { userId: string; address: string }, action: string): Promise<void> {
  await recordAudit(em, who, { action, subjectType: 'user', subjectId: who.userId, accountId: null });
}
