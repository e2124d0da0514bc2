/** What hangs on the rows of a list, each kind read by one query for the whole answer. Made anew for each request. */
import type { EntityManager } from '@mikro-orm/postgresql';
import { User } from './account/user.entity.js';
import { textArray } from './billing/column-arrays.js';
import { ByokCredential } from './byok/byok.entity.js';
import { Endpoint } from './catalog/model.entity.js';
import { ModelPrice } from './catalog/model-price.entity.js';
import { VendorCredential } from './catalog/vendor.entity.js';
import { gather } from './gather.js';

export interface RowLoaders {
  /** By API key. */
  byok(apiKeyId: string): Promise<ByokCredential[] | undefined>;
  /** By vendor. */
  credentials(vendorId: string): Promise<VendorCredential[] | undefined>;
  /** By model. */
  endpoints(modelId: string): Promise<Endpoint[] | undefined>;
  /** In force now, by model. */
  price(modelId: string): Promise<ModelPrice | undefined>;
  email(userId: string): Promise<string | undefined>;
}

const OLDEST_FIRST = { orderBy: { id: 'asc' } } as const;

export function rowLoaders(em: EntityManager): RowLoaders {
  return {
    byok: gather(async (ids) =>
      Map.groupBy(await em.find(ByokCredential, { apiKeyId: { $in: ids }, deletedAt: null }, OLDEST_FIRST), (row) => row.apiKeyId ?? ''),
    ),
    credentials: gather(async (ids) =>
      Map.groupBy(await em.find(VendorCredential, { vendorId: { $in: ids }, deletedAt: null }, OLDEST_FIRST), (row) => row.vendorId),
    ),
    endpoints: gather(async (ids) => Map.groupBy(await em.find(Endpoint, { modelId: { $in: ids } }, OLDEST_FIRST), (row) => row.modelId)),
    price: gather((ids) => readPrices(em, ids)),
    email: gather(async (ids) => new Map((await em.find(User, { id: { $in: ids } })).map((user) => [user.id, user.email]))),
  };
}

async function readPrices(em: EntityManager, modelIds: readonly string[]): Promise<Map<string, ModelPrice>> {
  const newest = await em.execute<{ revision: string }[]>(
    `SELECT DISTINCT ON (model_id) revision FROM model_price
     WHERE model_id = ANY (?::text[]) AND effective_from <= now() ORDER BY model_id, effective_from DESC`,
    [textArray(modelIds)],
  );
  const prices = await em.find(ModelPrice, { revision: { $in: newest.map((row) => BigInt(row.revision)) } });
  return new Map(prices.map((price) => [price.modelId, price]));
}
