/**
 * Rotation of refresh tokens. Each works once. A second use means that somebody copied it: the whole family ends, for the thief and the
 * owner alike, who logs in again. Expiry is by PostgreSQL's clock.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { recordAudit } from '../audit/record-audit.js';
import type { Role } from '../permissions.js';
import { Account } from './account.entity.js';
import type { Caller, OpenedSession } from './open-session.js';
import { hashToken, mintRefreshToken, type SessionSigner, TOKEN_SECONDS } from './sign-session.js';
import { User } from './user.entity.js';

interface TokenRow {
  readonly session_id: string;
  readonly user_id: string;
  readonly account_id: string;
  readonly role: Role | null;
  readonly used: boolean;
  readonly ended: boolean;
}

const ENDED = 'Your session has ended. Log in again.';

/** Throws `invalid_session` for an unknown, used, expired or revoked token. */
export async function refreshSession(
  em: EntityManager,
  signer: SessionSigner,
  refreshToken: string,
  caller: Caller,
): Promise<OpenedSession> {
  const outcome = await em.transactional(async (transaction) => {
    const row = await lockToken(transaction, hashToken(refreshToken));
    if (!row || row.ended || row.role === null) return null;
    if (row.used) {
      await endSession(transaction, row.session_id, 'reuse');
      await recordAudit(
        transaction,
        { userId: row.user_id, address: caller.address },
        { action: 'session.reuse', subjectType: 'session', subjectId: row.session_id, accountId: row.account_id },
      );
      return null;
    }
    const next = mintRefreshToken();
    await transaction.execute('UPDATE refresh_token SET used_at = now() WHERE token_hash = ?', [hashToken(refreshToken)]);
    await transaction.execute('INSERT INTO refresh_token (token_hash, session_id) VALUES (?, ?)', [next.hash, row.session_id]);
    await transaction.execute('UPDATE session SET last_used_at = now(), address = ? WHERE id = ?', [caller.address, row.session_id]);
    return { row, role: row.role, refreshToken: next.token };
  });
  if (!outcome) throw new GatewayError('invalid_session', ENDED);
  const { row, role } = outcome;
  const user = await em.findOneOrFail(User, { id: row.user_id });
  const account = await em.findOneOrFail(Account, { id: row.account_id });
  const claims = { userId: user.id, accountId: account.id, sessionId: row.session_id, role, operator: user.operator };
  return { user, account, token: await signer.sign(claims), refreshToken: outcome.refreshToken, expiresIn: TOKEN_SECONDS };
}

/** The session's row is locked, so two uses of one token at once are one use and one reuse. */
async function lockToken(em: EntityManager, hash: Buffer): Promise<TokenRow | undefined> {
  const [row] = await em.execute<TokenRow[]>(
    `SELECT session.id AS session_id, session.user_id, session.account_id, membership.role,
            refresh_token.used_at IS NOT NULL AS used,
            session.revoked_at IS NOT NULL OR session.expires_at <= now() OR app_user.disabled_at IS NOT NULL
              OR account.status = 'closed' AS ended
     FROM refresh_token
     JOIN session ON session.id = refresh_token.session_id
     JOIN app_user ON app_user.id = session.user_id
     JOIN account ON account.id = session.account_id
     LEFT JOIN membership ON membership.account_id = session.account_id AND membership.user_id = session.user_id
     WHERE refresh_token.token_hash = ? FOR UPDATE OF session, refresh_token`,
    [hash],
  );
  return row;
}

export type EndReason = 'logout' | 'revoked' | 'reuse' | 'password_changed' | 'account_closed';

export async function endSession(em: EntityManager, sessionId: string, reason: EndReason): Promise<void> {
  await em.execute('UPDATE session SET revoked_at = now(), revoke_reason = ? WHERE id = ? AND revoked_at IS NULL', [reason, sessionId]);
}

/** Every session of a person but `exceptId`. */
export async function endOtherSessions(em: EntityManager, userId: string, exceptId: string | null, reason: EndReason): Promise<void> {
  await em.execute(
    'UPDATE session SET revoked_at = now(), revoke_reason = ? WHERE user_id = ? AND revoked_at IS NULL AND id IS DISTINCT FROM ?::uuid',
    [reason, userId, exceptId],
  );
}

/** The family of a refresh token, for a logout without an access token. */
export async function sessionOfRefreshToken(em: EntityManager, refreshToken: string): Promise<string | undefined> {
  const [row] = await em.execute<{ session_id: string }[]>('SELECT session_id FROM refresh_token WHERE token_hash = ?', [
    hashToken(refreshToken),
  ]);
  return row?.session_id;
}
