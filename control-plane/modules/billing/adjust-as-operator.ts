import type { Pool } from 'pg';
import { auditAccount } from '../audit/audit-account.js';
import { type Actor, requirePermission } from '../permissions.js';
import { adjustAccount, type Movement, type Posted } from './credit-account.js';
import { unfreezeAccount } from './freeze-account.js';
import { inTransaction } from './transaction.js';

/** The movement and its audit line commit together. Throws `forbidden` for anybody but an operator. */
export async function adjustAsOperator(pool: Pool, actor: Actor, movement: Movement): Promise<Posted> {
  requirePermission(actor, 'operator');
  const { accountId, amount, refId, reason } = movement;
  return await inTransaction(pool, async (client) => {
    const posted = await adjustAccount(client, movement);
    if (posted === 'posted')
      await auditAccount(client, actor, 'account.adjust', accountId, { amountNano: amount.toString(), reason, refId });
    return posted;
  });
}

/** True when the reconciler had frozen it. Throws `forbidden` for anybody but an operator. */
export async function unfreezeAsOperator(pool: Pool, actor: Actor, accountId: string): Promise<boolean> {
  requirePermission(actor, 'operator');
  return await inTransaction(pool, async (client) => {
    const unfrozen = await unfreezeAccount(client, accountId, 'ledger_mismatch');
    if (unfrozen) await auditAccount(client, actor, 'account.unfreeze', accountId, {});
    return unfrozen;
  });
}
