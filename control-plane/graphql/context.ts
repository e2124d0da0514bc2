/**
 * Who calls, read anew for each request: the JWT says which session, PostgreSQL says whether it still stands, whose it is, and what
 * that person may do now. So a revoked session, a removed member or a lost role ends at once on this plane, not in 15 minutes.
 * No or bad token: nobody. PostgreSQL away: the request fails with 503, never with 401.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../shared/errors.js';
import type { RequestContext, Services } from '../modules/context.js';
import type { Actor, Role } from '../modules/permissions.js';
import { rowLoaders } from '../modules/row-loaders.js';

export interface IncomingRequest {
  readonly authorization: string | undefined;
  readonly address: string;
  readonly userAgent: string | undefined;
  /** Of a stream. */
  readonly closing?: AbortSignal;
}

const NEVER = new AbortController().signal;

interface SessionRow {
  readonly user_id: string;
  readonly account_id: string;
  readonly role: Role;
  readonly operator: boolean;
  readonly status: Actor['accountStatus'];
}

export async function buildContext(services: Services, em: EntityManager, incoming: IncomingRequest): Promise<RequestContext> {
  const actor = await readActor(services, em, incoming);
  return {
    em,
    pool: services.pool,
    actor,
    address: incoming.address,
    userAgent: incoming.userAgent ?? '',
    services,
    closing: incoming.closing ?? NEVER,
    load: rowLoaders(em),
  };
}

async function readActor(services: Services, em: EntityManager, incoming: IncomingRequest): Promise<Actor | null> {
  const token = /^Bearer (\S+)$/i.exec(incoming.authorization ?? '')?.[1];
  if (token === undefined) return null;
  const sessionId = await services.sessions.verify(token).catch((error: unknown) => {
    if (error instanceof GatewayError) return null;
    throw error;
  });
  if (sessionId === null) return null;
  const [row] = await em.execute<SessionRow[]>(
    `SELECT session.user_id, session.account_id, membership.role, app_user.operator, account.status
     FROM session
     JOIN app_user ON app_user.id = session.user_id AND app_user.disabled_at IS NULL
     JOIN account ON account.id = session.account_id AND account.status <> 'closed'
     JOIN membership ON membership.account_id = session.account_id AND membership.user_id = session.user_id
     WHERE session.id = ? AND session.revoked_at IS NULL AND session.expires_at > now()`,
    [sessionId],
  );
  if (!row) return null;
  return {
    userId: row.user_id,
    accountId: row.account_id,
    sessionId,
    role: row.role,
    operator: row.operator,
    accountStatus: row.status,
    address: incoming.address,
  };
}
