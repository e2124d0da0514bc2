import type { EntityManager } from '@mikro-orm/postgresql';
import { ByokCredential } from './byok.entity.js';

/** Gathers the ids that are asked for in one turn of the event loop and reads them together. One per request: nothing is kept. */
export function byokLoader(em: EntityManager): (apiKeyId: string) => Promise<ByokCredential[]> {
  let batch: { ids: string[]; rows: Promise<Map<string, ByokCredential[]>> } | undefined;
  return async (apiKeyId) => {
    batch ??= startBatch();
    batch.ids.push(apiKeyId);
    return (await batch.rows).get(apiKeyId) ?? [];
  };

  function startBatch() {
    const ids: string[] = [];
    const rows = new Promise<void>(setImmediate).then(() => {
      batch = undefined;
      return readByok(em, ids);
    });
    return { ids, rows };
  }
}

async function readByok(em: EntityManager, apiKeyIds: readonly string[]): Promise<Map<string, ByokCredential[]>> {
  const rows = await em.find(ByokCredential, { apiKeyId: { $in: [...apiKeyIds] }, deletedAt: null }, { orderBy: { id: 'asc' } });
  return Map.groupBy(rows, (row) => row.apiKeyId ?? '');
}
