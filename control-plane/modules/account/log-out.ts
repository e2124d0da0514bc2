import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { recordAudit } from '../audit/record-audit.js';
import { requireUuid } from '../identifiers.js';
import type { Actor } from '../permissions.js';
import { endSession, sessionOfRefreshToken } from './refresh-session.js';
import { LoginSession } from './session.entity.js';

/** Ends the family of the refresh token, or the actor's own. Who has neither has no session: nothing happens. */
export async function logOut(em: EntityManager, actor: Actor | null, refreshToken: string | null | undefined): Promise<void> {
  const sessionId = refreshToken ? await sessionOfRefreshToken(em, refreshToken) : actor?.sessionId;
  if (sessionId !== undefined) await endSession(em, sessionId, 'logout');
}

/** One of the actor's own sessions. Throws `not_found` for another's, as for none. */
export async function revokeSession(em: EntityManager, actor: Actor, sessionId: string): Promise<void> {
  const session = await em.findOne(LoginSession, { id: requireUuid(sessionId), userId: actor.userId });
  if (!session) throw new GatewayError('not_found', 'No such session.');
  await em.transactional(async (transaction) => {
    await endSession(transaction, session.id, 'revoked');
    await recordAudit(transaction, actor, {
      action: 'session.revoke',
      subjectType: 'session',
      subjectId: session.id,
      accountId: session.accountId,
    });
  });
}
