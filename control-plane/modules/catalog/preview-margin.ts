import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import type { RatesRow } from '../../../shared/snapshot.js';
import type { EndpointMargin } from './catalog.shapes.js';
import { Endpoint } from './model.entity.js';
import { ModelPrice } from './model-price.entity.js';
import { fromUsdRates, toUsdRates, type UsdRates } from './rates.js';

/** `rates` null: those in force. Throws `not_found` for a model without a price. */
export async function previewMargin(em: EntityManager, modelId: string, rates: UsdRates | null): Promise<EndpointMargin[]> {
  const price = rates ? fromUsdRates(rates, 'rates') : await currentRates(em, modelId);
  const endpoints = await em.find(Endpoint, { modelId }, { orderBy: { id: 'asc' } });
  return endpoints.map((endpoint) => ({
    endpointId: endpoint.id,
    vendorId: endpoint.vendorId,
    cost: toUsdRates(endpoint.cost),
    input: margin(price.inputUncached, endpoint.cost.inputUncached),
    cacheRead: margin(price.cacheRead, endpoint.cost.cacheRead),
    output: margin(price.output, endpoint.cost.output),
  }));
}

async function currentRates(em: EntityManager, modelId: string): Promise<Record<keyof RatesRow, bigint>> {
  const where = { modelId, effectiveFrom: { $lte: new Date() } };
  const [price] = await em.find(ModelPrice, where, { orderBy: { effectiveFrom: 'desc' }, limit: 1 });
  if (!price) throw new GatewayError('not_found', 'This model has no price in force.', { param: 'modelId' });
  return price;
}

/** A share, for display: four places are enough. */
function margin(price: string | bigint, cost: string): number | null {
  const priced = BigInt(price);
  return priced === 0n ? null : Number(((priced - BigInt(cost)) * 10_000n) / priced) / 10_000;
}
