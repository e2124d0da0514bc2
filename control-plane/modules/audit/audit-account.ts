import type { ClientBase } from 'pg';
import { newId } from '../../db/new-id.js';
import type { Actor } from '../permissions.js';

/** An act on an account, in the caller's transaction, for modules that write plain SQL. `detail` never holds a secret. */
export async function auditAccount(
  client: Pick<ClientBase, 'query'>,
  actor: Actor,
  action: string,
  accountId: string,
  detail: Readonly<Record<string, string>>,
): Promise<void> {
  await client.query(
    `INSERT INTO audit_log (id, account_id, actor_user_id, actor_address, action, subject_type, subject_id, detail)
     VALUES ($1, $2, $3, $4, $5, 'account', $6, $7)`,
    [newId(), accountId, actor.userId, actor.address, action, accountId, JSON.stringify(detail)],
  );
}
