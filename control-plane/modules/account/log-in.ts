import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { recordAudit } from '../audit/record-audit.js';
import { Account } from './account.entity.js';
import type { PasswordHasher } from './hash-password.js';
import { clearFailures, recordFailure, requireNotBlocked } from './login-backoff.js';
import { Membership } from './membership.entity.js';
import { type Caller, type OpenedSession, openSession } from './open-session.js';
import type { SessionSigner } from './sign-session.js';
import { User } from './user.entity.js';

export interface Login {
  readonly email: string;
  readonly password: string;
}

/** Checks a second factor where the user has one; throws `invalid_session` when the code is missing or wrong. */
export type SecondFactor = (em: EntityManager, user: User) => Promise<void>;

/** The same words for an unknown address and a wrong password: the answer must not tell who has an account. */
const REFUSED = 'Email address or password is wrong.';

/** Throws `invalid_session` (401) when refused, `rate_limit_exceeded` while blocked, `account_suspended` for a disabled person. */
export async function logIn(
  em: EntityManager,
  services: { readonly passwords: PasswordHasher; readonly sessions: SessionSigner },
  login: Login,
  caller: Caller,
  checkSecondFactor: SecondFactor,
): Promise<OpenedSession> {
  const email = login.email.trim().toLowerCase();
  const subjects = { email, address: caller.address };
  await requireNotBlocked(em, subjects);
  const user = await em.findOne(User, { email });
  const matches = await services.passwords.verify(user?.passwordHash ?? null, login.password);
  // Others were tried while this one waited its turn: a hundred guesses at once are told no more than five.
  await requireNotBlocked(em, subjects);
  if (!matches || !user) {
    await recordFailure(em, subjects);
    throw new GatewayError('invalid_session', REFUSED);
  }
  try {
    await checkSecondFactor(em, user);
  } catch (error) {
    await recordFailure(em, subjects);
    throw error;
  }
  await clearFailures(em, email);
  return em.transactional((transaction) => openSessionOf(transaction, services.sessions, user, caller));
}

/** A session in the account that the person joined first. Throws `account_suspended` for a disabled person or a closed account. */
export async function openSessionOf(em: EntityManager, signer: SessionSigner, user: User, caller: Caller): Promise<OpenedSession> {
  if (user.disabledAt) throw new GatewayError('account_suspended', 'This login is disabled. Contact support.');
  const [membership] = await em.find(Membership, { userId: user.id }, { orderBy: { createdAt: 'asc' }, limit: 1 });
  const account = membership && (await em.findOne(Account, { id: membership.accountId }));
  if (!membership || !account || account.status === 'closed') throw new GatewayError('account_suspended', 'This account is closed.');
  await em.execute('UPDATE app_user SET last_login_at = now() WHERE id = ?', [user.id]);
  await recordAudit(
    em,
    { userId: user.id, address: caller.address },
    { action: 'session.open', subjectType: 'user', subjectId: user.id, accountId: account.id },
  );
  return openSession(em, signer, { user, account, membership }, caller);
}
