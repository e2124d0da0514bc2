import type { EntityManager } from '@mikro-orm/postgresql';
import { type ConfigTouch, changeConfig } from '../db/change-config.js';
import { recordAudit } from './audit/record-audit.js';
import { type Actor, requirePermission } from './permissions.js';

export interface OperatorChange {
  /** `vendor.save`, `price.set`, ... */
  readonly action: string;
  readonly subjectType: string;
  readonly subjectId: string;
  /** What was asked for; never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Beyond the catalogue itself. */
  readonly alsoTouches?: readonly ConfigTouch[];
}

/** A change of the catalogue by an operator: permission, change, audit line and revision in one. Throws `forbidden` for anybody else. */
export async function changeAsOperator<T>(
  em: EntityManager,
  actor: Actor,
  change: OperatorChange,
  mutate: (transaction: EntityManager) => Promise<T>,
): Promise<T> {
  requirePermission(actor, 'operator');
  const { action, subjectType, subjectId, detail = {}, alsoTouches = [] } = change;
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    const changed = await mutate(transaction);
    await transaction.flush();
    await recordAudit(transaction, actor, { action, subjectType, subjectId, accountId: null, detail });
    return { result: changed, touched: [{ kind: 'catalog', subjectType, subjectId }, ...alsoTouches] };
  });
  return result;
}
