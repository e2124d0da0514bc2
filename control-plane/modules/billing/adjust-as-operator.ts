import type { Pool } from 'pg';
import { newId } from '../../db/new-id.js';
import { type Actor, requirePermission } from '../permissions.js';
import { adjustAccount, type Movement, type Posted } from './credit-account.js';
import { inTransaction } from './transaction.js';

/** The movement and its audit line commit together. Throws `forbidden` for anybody but an operator. */
export async function adjustAsOperator(pool: Pool, actor: Actor, movement: Movement): Promise<Posted> {
  requirePermission(actor, 'operator');
  const { accountId, amount, refId, reason } = movement;
  return await inTransaction(pool, async (client) => {
    const posted = await adjustAccount(client, movement);
    if (posted === 'posted')
      await client.query(
        `INSERT INTO audit_log (id, account_id, actor_user_id, actor_address, action, subject_type, subject_id, detail)
         VALUES ($1, $2, $3, $4, 'account.adjust', 'account', $2::text, $5)`,
        [newId(), accountId, actor.userId, actor.address, JSON.stringify({ amountNano: amount.toString(), reason, refId })],
      );
    return posted;
  });
}
