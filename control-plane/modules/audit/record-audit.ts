import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../../db/new-id.js';

export interface AuditEntry {
  /** `key.create`, `vendor.update`, ... */
  readonly action: string;
  readonly subjectType: string;
  readonly subjectId: string;
  /** Null: an act of the house that concerns no account. */
  readonly accountId: string | null;
  /** What changed. Never a secret: this log is kept for ever. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface AuditActor {
  readonly userId: string;
  readonly address: string;
}

/** Writes one line in the caller's transaction: an act and its line commit together. `actor` null is the system itself. */
export async function recordAudit(em: EntityManager, actor: AuditActor | null, entry: AuditEntry): Promise<void> {
  await em.execute(
    `INSERT INTO audit_log (id, account_id, actor_user_id, actor_address, action, subject_type, subject_id, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb)`,
    [
      newId(),
      entry.accountId,
      actor?.userId ?? null,
      actor?.address ?? '',
      entry.action,
      entry.subjectType,
      entry.subjectId,
      JSON.stringify(entry.detail ?? {}),
    ],
  );
}
