import type { EntityManager } from '@mikro-orm/postgresql';
import { type Actor, requirePermission } from '../permissions.js';

/** Everything that is stored of an account and its people, secrets and hashes aside; usage and ledger have lists of their own. */
export async function exportAccount(em: EntityManager, actor: Actor): Promise<Record<string, unknown>> {
  requirePermission(actor, 'audit:read');
  const all = (sql: string) => em.execute<object[]>(sql, [actor.accountId]);
  const [account] = await all('SELECT id, name, status, frozen_reason, data_collection, created_at FROM account WHERE id = ?');
  return {
    exportedAt: new Date().toISOString(),
    account,
    members: await all(
      `SELECT app_user.id, email, name, role, email_verified_at, totp_enabled_at IS NOT NULL AS totp, app_user.created_at, last_login_at
       FROM membership JOIN app_user ON app_user.id = user_id WHERE account_id = ? ORDER BY app_user.id`,
    ),
    invitations: await all(
      'SELECT id, email, role, created_at, expires_at, accepted_at, revoked_at FROM invitation WHERE account_id = ? ORDER BY id',
    ),
    sessions: await all(
      'SELECT id, user_id, user_agent, address, created_at, last_used_at, revoked_at FROM session WHERE account_id = ? ORDER BY id',
    ),
    apiKeys: await all(
      `SELECT id, name, prefix, last4, test, models, ip_allowlist, regions, requests_per_minute, tokens_per_minute, concurrency,
         daily_nano, monthly_nano, total_nano, created_at, expires_at, last_used_at, revoked_at FROM api_key WHERE account_id = ? ORDER BY id`,
    ),
    byokCredentials: await all(
      'SELECT id, api_key_id, vendor_id, mode, base_url, last4, created_at FROM byok_credential WHERE account_id = ? AND deleted_at IS NULL ORDER BY id',
    ),
    webhookEndpoints: await all(
      `SELECT id, url, event_types, status, created_at FROM webhook_endpoint WHERE account_id = ? AND status <> 'deleted' ORDER BY id`,
    ),
    savedCard: await all('SELECT brand, last4, exp_month, exp_year, saved_at FROM saved_card WHERE account_id = ?'),
    autoTopUp: await all(
      `SELECT enabled, threshold::text AS threshold_nano_usd, amount::text AS amount_nano_usd, monthly_cap::text AS monthly_cap_nano_usd
       FROM auto_top_up WHERE account_id = ?`,
    ),
    files: await all(
      'SELECT id, filename, bytes::text, created_at, expires_at FROM stored_file WHERE account_id = ? AND complete ORDER BY id',
    ),
    auditLog: await all(
      'SELECT at, actor_user_id, actor_address, action, subject_type, subject_id, detail FROM audit_log WHERE account_id = ? ORDER BY sequence',
    ),
  };
}
