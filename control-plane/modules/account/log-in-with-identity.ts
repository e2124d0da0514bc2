import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { recordAudit } from '../audit/record-audit.js';
import { normaliseEmail } from './credentials.js';
import type { ExternalIdentity } from './identity-provider.js';
import { openSessionOf } from './log-in.js';
import type { Caller, OpenedSession } from './open-session.js';
import { createOwner } from './register-account.js';
import type { SessionSigner } from './sign-session.js';
import { User } from './user.entity.js';

/**
 * The person that this identity belongs to, joined to one that exists, or new. Joined only when both sides have proven the mailbox: an
 * unproven address on either would let somebody take over an account. Throws `conflict` otherwise.
 */
export async function logInWithIdentity(
  em: EntityManager,
  signer: SessionSigner,
  identity: ExternalIdentity,
  caller: Caller,
): Promise<OpenedSession> {
  return em.transactional(async (transaction) => {
    const user = (await findLinked(transaction, identity)) ?? (await link(transaction, identity, caller));
    return openSessionOf(transaction, signer, user, caller);
  });
}

async function findLinked(em: EntityManager, { issuer, subject }: ExternalIdentity): Promise<User | null> {
  const [row] = await em.execute<{ user_id: string }[]>('SELECT user_id FROM external_identity WHERE issuer = ? AND subject = ?', [
    issuer,
    subject,
  ]);
  return row ? em.findOneOrFail(User, { id: row.user_id }) : null;
}

async function link(em: EntityManager, identity: ExternalIdentity, caller: Caller): Promise<User> {
  const email = normaliseEmail(identity.email);
  if (!identity.emailVerified)
    throw new GatewayError('conflict', 'Your identity provider has not confirmed your email address. Confirm it there first.');
  const known = await em.findOne(User, { email });
  if (known && !known.emailVerifiedAt)
    throw new GatewayError('conflict', 'An account with this address exists. Log in with its password and confirm the address first.');
  const user = known ?? (await createOwner(em, { email, passwordHash: null, name: identity.name })).user;
  user.emailVerifiedAt ??= new Date();
  await em.flush();
  await em.execute('INSERT INTO external_identity (issuer, subject, user_id) VALUES (?, ?, ?)', [
    identity.issuer,
    identity.subject,
    user.id,
  ]);
  await recordAudit(
    em,
    { userId: user.id, address: caller.address },
    { action: 'identity.link', subjectType: 'user', subjectId: user.id, accountId: null, detail: { issuer: identity.issuer } },
  );
  return user;
}
