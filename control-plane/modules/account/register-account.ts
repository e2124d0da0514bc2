import { UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { networkOf, takeAttempt } from '../attempt-window.js';
import { recordAudit } from '../audit/record-audit.js';
import { Account } from './account.entity.js';
import type { MailServices } from './change-password.js';
import { normaliseEmail, requireGoodPassword } from './credentials.js';
import type { PasswordHasher } from './hash-password.js';
import { recordFailure, requireNotBlocked } from './login-backoff.js';
import { Membership } from './membership.entity.js';
import { type Caller, type OpenedSession, openSession } from './open-session.js';
import type { SessionSigner } from './sign-session.js';
import { User } from './user.entity.js';
import { requestEmailVerification } from './verify-email.js';

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly name?: string | null | undefined;
}

export interface RegistrationServices extends MailServices {
  readonly passwords: PasswordHasher;
  readonly sessions: SessionSigner;
  readonly signUpsPerHour: number;
}

/**
 * A person, their account (they own it) and a first session, in one transaction; then a mail that asks to confirm the address.
 * Throws `invalid_request` naming the field, `conflict` when the address is taken, `rate_limit_exceeded` after many of those.
 */
export async function registerAccount(
  em: EntityManager,
  services: RegistrationServices,
  registration: Registration,
  caller: Caller,
): Promise<OpenedSession> {
  const email = normaliseEmail(registration.email);
  requireGoodPassword(registration.password, email);
  await requireNotBlocked(em, { address: caller.address });
  await takeAttempt(services.pool, `sign-up:${networkOf(caller.address)}`, services.signUpsPerHour, 'Too many accounts from your address.');
  const passwordHash = await services.passwords.hash(registration.password);
  try {
    const session = await em.transactional(async (transaction) => {
      const owner = { email, passwordHash, name: registration.name?.trim() ?? '' };
      const { user, account, membership } = await createOwner(transaction, owner);
      await recordAudit(
        transaction,
        { userId: user.id, address: caller.address },
        { action: 'account.register', subjectType: 'account', subjectId: account.id, accountId: account.id },
      );
      return openSession(transaction, services.sessions, { user, account, membership }, caller);
    });
    await requestEmailVerification(em, services, session.user.id);
    return session;
  } catch (error) {
    if (!(error instanceof UniqueConstraintViolationException)) throw error;
    await recordFailure(em.fork(), { address: caller.address });
    throw new GatewayError('conflict', 'An account with this email address exists already. Log in instead.', { param: 'email' });
  }
}

interface NewOwner {
  readonly email: string;
  readonly passwordHash: string | null;
  readonly name: string;
}

/** In the caller's transaction. */
export async function createOwner(em: EntityManager, owner: NewOwner): Promise<{ user: User; account: Account; membership: Membership }> {
  const user = new User();
  user.email = owner.email;
  user.name = owner.name.slice(0, 200);
  user.passwordHash = owner.passwordHash;
  const account = new Account();
  account.name = user.name === '' ? owner.email : user.name;
  const membership = new Membership();
  membership.accountId = account.id;
  membership.userId = user.id;
  membership.role = 'owner';
  await em.persist([user, account]).flush();
  await em.persist(membership).flush();
  return { user, account, membership };
}
