import type { EntityManager } from '@mikro-orm/postgresql';
import { changeConfig } from '../../db/change-config.js';
import { recordAudit } from '../audit/record-audit.js';
import { type Actor, requirePermission } from '../permissions.js';
import { Account } from './account.entity.js';
import { requirePassword } from './change-password.js';
import type { PasswordHasher } from './hash-password.js';

/**
 * Everything stops at once: keys, sessions, vendor keys, invitations, automatic top-ups; files and the saved card are forgotten. People who are in no other account lose their address, name and
 * password. What the law wants kept stays, without a person: ledger, settlements, audit. Not to be undone.
 */
export async function closeAccount(em: EntityManager, passwords: PasswordHasher, actor: Actor, password: string): Promise<void> {
  requirePermission(actor, 'account:close');
  await requirePassword(em, passwords, actor, password);
  await changeConfig(em, actor.userId, async (transaction) => {
    const { accountId } = actor;
    await recordAudit(transaction, actor, { action: 'account.close', subjectType: 'account', subjectId: accountId, accountId });
    await transaction.nativeUpdate(Account, { id: accountId }, { status: 'closed', name: 'Closed account', updatedAt: new Date() });
    await transaction.execute(
      `UPDATE api_key SET revoked_at = now(), revoke_reason = 'account_closed' WHERE account_id = ? AND revoked_at IS NULL`,
      [accountId],
    );
    // The sealed secrets go, too: nothing is left to open.
    await transaction.execute(
      `UPDATE byok_credential SET deleted_at = coalesce(deleted_at, now()), sealed = '{}', wrapped_key = '' WHERE account_id = ?`,
      [accountId],
    );
    await transaction.execute('DELETE FROM stored_file WHERE account_id = ?', [accountId]);
    await transaction.execute('UPDATE auto_top_up SET enabled = false, disabled_reason = NULL WHERE account_id = ?', [accountId]);
    await transaction.execute('DELETE FROM saved_card WHERE account_id = ?', [accountId]);
    await transaction.execute('DELETE FROM webhook_delivery WHERE account_id = ?', [accountId]);
    await transaction.execute(`UPDATE webhook_endpoint SET status = 'deleted', disabled_reason = NULL, url = '' WHERE account_id = ?`, [
      accountId,
    ]);
    await transaction.execute('DELETE FROM webhook_secret WHERE account_id = ?', [accountId]);
    await transaction.execute(
      `UPDATE session SET revoked_at = now(), revoke_reason = 'account_closed' WHERE account_id = ? AND revoked_at IS NULL`,
      [accountId],
    );
    await transaction.execute(
      'UPDATE invitation SET revoked_at = now() WHERE account_id = ? AND accepted_at IS NULL AND revoked_at IS NULL',
      [accountId],
    );
    await forgetPeople(transaction, accountId);
    return { result: null, touched: [{ kind: 'account', subjectType: 'account', subjectId: accountId }] };
  });
}

async function forgetPeople(em: EntityManager, accountId: string): Promise<void> {
  await em.execute(
    `UPDATE app_user SET email = 'forgotten-' || id || '@invalid', name = '', password_hash = NULL, totp_secret = NULL,
       totp_enabled_at = NULL, recovery_hashes = '{}', disabled_at = now()
     WHERE id IN (SELECT user_id FROM membership WHERE account_id = ?) AND NOT operator
       AND NOT EXISTS (
         SELECT 1 FROM membership JOIN account ON account.id = membership.account_id
         WHERE membership.user_id = app_user.id AND account.status <> 'closed')`,
    [accountId],
  );
}
