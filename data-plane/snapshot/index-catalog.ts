/** A checked catalogue as the maps that requests read: prices as bigint, endpoints by model and region, everything frozen. */
import type { PriceSheet, Rates } from '../../shared/money.js';
import type { CatalogDocument, PriceRow, RatesRow, VendorRow } from '../../shared/snapshot.js';
import type { Endpoint, Model, Snapshot } from '../types.js';

export type CatalogIndex = Pick<
  Snapshot,
  'settings' | 'regions' | 'models' | 'modelsByName' | 'groups' | 'vendors' | 'endpointsByModel' | 'endpointsElsewhere'
>;

export function indexCatalog(document: CatalogDocument, region: string): CatalogIndex {
  const vendors = new Map(document.vendors.map((vendor) => [vendor.id, vendor]));
  const models = document.models.map((row): Model => ({ ...row, price: priceSheet(row.price) }));
  const index: CatalogIndex = {
    settings: document.settings,
    regions: new Map(document.regions.map((row) => [row.id, row])),
    models,
    modelsByName: modelNames(models),
    groups: new Map(document.groups.map((group) => [group.id, group])),
    vendors,
    ...placeEndpoints(document, vendors, region),
  };
  freezeDeep(document);
  freezeDeep(models);
  return Object.freeze(index);
}

/** An id wins over an alias of the same name. */
function modelNames(models: readonly Model[]): Map<string, Model> {
  const names = new Map<string, Model>();
  for (const model of models) for (const alias of model.aliases) names.set(alias, model);
  for (const model of models) names.set(model.id, model);
  return names;
}

function placeEndpoints(document: CatalogDocument, vendors: ReadonlyMap<string, VendorRow>, region: string) {
  const endpointsByModel = new Map<string, Endpoint[]>();
  const endpointsElsewhere = new Map<string, Endpoint[]>();
  for (const row of document.endpoints) {
    const vendor = vendors.get(row.vendorId);
    if (!vendor?.enabled || !row.enabled) continue;
    const endpoint: Endpoint = freezeDeep({ ...row, cost: rates(row.cost), vendor });
    const place = allows(row.regions, region) && allows(vendor.regions, region) ? endpointsByModel : endpointsElsewhere;
    const siblings = place.get(row.modelId);
    if (siblings) siblings.push(endpoint);
    else place.set(row.modelId, [endpoint]);
  }
  return { endpointsByModel, endpointsElsewhere };
}

function allows(regions: readonly string[] | null, region: string): boolean {
  return regions === null || regions.includes(region);
}

function priceSheet(row: PriceRow): PriceSheet {
  const tiers = row.tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: rates(tier.rates) }));
  return {
    revision: row.revision,
    rates: rates(row.rates),
    tiers: tiers.sort((left, right) => left.aboveInputTokens - right.aboveInputTokens),
  };
}

function rates(row: RatesRow): Rates {
  return {
    inputUncached: BigInt(row.inputUncached),
    cacheRead: BigInt(row.cacheRead),
    cacheWrite5m: BigInt(row.cacheWrite5m),
    cacheWrite1h: BigInt(row.cacheWrite1h),
    output: BigInt(row.output),
    requests: BigInt(row.requests),
  };
}

function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freezeDeep(member);
  return value;
}
