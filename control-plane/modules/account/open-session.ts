import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../../db/new-id.js';
import type { Account } from './account.entity.js';
import type { Membership } from './membership.entity.js';
import { mintRefreshToken, type SessionSigner, TOKEN_SECONDS } from './sign-session.js';
import type { User } from './user.entity.js';

/** A family of refresh tokens ends after this, however often it was refreshed. */
const SESSION_DAYS = 30;

export interface OpenedSession {
  readonly user: User;
  readonly account: Account;
  readonly token: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

export interface Caller {
  readonly address: string;
  readonly userAgent: string;
}

/** A new family, with its first pair of tokens, in the caller's transaction. */
export async function openSession(
  em: EntityManager,
  signer: SessionSigner,
  who: { user: User; account: Account; membership: Membership },
  caller: Caller,
): Promise<OpenedSession> {
  const sessionId = newId();
  const refresh = mintRefreshToken();
  await em.execute(
    `INSERT INTO session (id, user_id, account_id, user_agent, address, expires_at) VALUES (?, ?, ?, ?, ?, now() + ? * interval '1 day')`,
    [sessionId, who.user.id, who.account.id, caller.userAgent.slice(0, 300), caller.address, SESSION_DAYS],
  );
  await em.execute('INSERT INTO refresh_token (token_hash, session_id) VALUES (?, ?)', [refresh.hash, sessionId]);
  const token = await signer.sign({
    userId: who.user.id,
    accountId: who.account.id,
    sessionId,
    role: who.membership.role,
    operator: who.user.operator,
  });
  return { user: who.user, account: who.account, token, refreshToken: refresh.token, expiresIn: TOKEN_SECONDS };
}
