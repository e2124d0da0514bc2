/**
 * The only way to change what nodes must see. The change, the bump of `config_revision`, the record of what was touched and the NOTIFY
 * commit together or not at all, so a revision never exists without its change, nor a change without a revision that publishes it.
 * The revision's row is locked last and until commit: revisions commit in their order.
 * When PostgreSQL is away this throws and nothing changed. Called by every module whose rows are compiled into a snapshot.
 */
import type { EntityManager } from '@mikro-orm/postgresql';

/** Heard by the publisher on every commit. */
export const CONFIG_CHANNEL = 'modelapi_config';

/** `catalog`: vendors, models, prices, groups, regions, settings. `access`: every key and account, so a new base is made. */
export interface ConfigTouch {
  readonly kind: 'catalog' | 'key' | 'account' | 'access';
  readonly subjectType: string;
  readonly subjectId: string;
}

export interface Changed<T> {
  readonly result: T;
  readonly touched: readonly ConfigTouch[];
}

/** Returns the mutation's result and the revision that carries it (the current one when nothing was touched). */
export async function changeConfig<T>(
  em: EntityManager,
  actorUserId: string | null,
  mutate: (transaction: EntityManager) => Promise<Changed<T>>,
): Promise<{ result: T; revision: number }> {
  return em.transactional(async (transaction) => {
    const { result, touched } = await mutate(transaction);
    await transaction.flush();
    return { result, revision: await touchConfig(transaction, actorUserId, touched) };
  });
}

async function touchConfig(transaction: EntityManager, actorUserId: string | null, touched: readonly ConfigTouch[]): Promise<number> {
  const sql = touched.length === 0 ? 'SELECT revision FROM config_revision' : 'SELECT touch_config(?::jsonb, ?::uuid) AS revision';
  const parameters = touched.length === 0 ? [] : [JSON.stringify(touched), actorUserId];
  const [row] = await transaction.execute<{ revision: string }[]>(sql, parameters);
  if (!row) throw new Error('config_revision has no row: run the migrations');
  return Number(row.revision);
}
