/**
 * The catalogue that this program brings (`data/catalogue.json`, rebuilt by `npm run catalogue`) against the one in force: what an
 * upgrade would change, to be reviewed and applied model by model. Applying sets prices and costs as an operator would by hand, and adds
 * models that are new; it never removes one, and never changes what an operator set apart (groups, vendors, switches).
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import type { RatesRow } from '../../../shared/snapshot.js';
import type { Actor } from '../permissions.js';
import { type CatalogueModelRow, catalogueEndpointRows, catalogueModelRows } from './catalogue-rows.js';
import type { Model } from './model.entity.js';
import { toUsdRates, type UsdRates } from './rates.js';
import { saveEndpoint, saveModel, setModelPrice } from './save-model.js';

export interface ImportChange {
  readonly modelId: string;
  readonly kind: 'added' | 'changed' | 'not_in_catalogue';
  /** `price.output: 2 -> 2.5`; USD per million tokens. */
  readonly changes: readonly string[];
}

type StoredModel = Pick<Model, 'id' | 'contextTokens' | 'maxOutputTokens' | 'deprecated'>;
type StoredPrice = RatesRow & { readonly modelId: string; readonly tiers: readonly PriceTier[] };
type PriceTier = CatalogueModelRow['price']['tiers'][number];

interface Stored {
  readonly models: ReadonlyMap<string, StoredModel>;
  readonly prices: ReadonlyMap<string, StoredPrice>;
  readonly endpoints: ReadonlyMap<string, { readonly cost: RatesRow }>;
  readonly vendors: ReadonlySet<string>;
}

/** In the order of model ids. */
export async function reviewImport(em: EntityManager): Promise<ImportChange[]> {
  const stored = await readStored(em);
  const rows = catalogueModelRows();
  const known = new Set(rows.map((row) => row.id));
  const changed = rows.map((row): ImportChange => {
    const kind = stored.models.has(row.id) ? 'changed' : 'added';
    return { modelId: row.id, kind, changes: kind === 'added' ? [] : changesOf(row, stored) };
  });
  const own = [...stored.models.keys()].filter((id) => !known.has(id));
  return [
    ...changed.filter(({ kind, changes }) => kind === 'added' || changes.length > 0),
    ...own.map((modelId): ImportChange => ({ modelId, kind: 'not_in_catalogue', changes: [] })),
  ].sort((left, right) => (left.modelId < right.modelId ? -1 : 1));
}

/** Throws `invalid_request` for a model that the catalogue does not have. Each model is one revision; returns how many changed. */
export async function applyImport(em: EntityManager, actor: Actor, modelIds: readonly string[]): Promise<number> {
  const rows = new Map(catalogueModelRows().map((row) => [row.id, row]));
  let applied = 0;
  for (const id of new Set(modelIds)) {
    const row = rows.get(id);
    if (!row) throw new GatewayError('invalid_request', `The catalogue has no model ${JSON.stringify(id)}.`, { param: 'modelIds' });
    if (await applyModel(em.fork(), actor, row)) applied++;
  }
  return applied;
}

async function applyModel(em: EntityManager, actor: Actor, row: CatalogueModelRow): Promise<boolean> {
  const stored = await readStored(em);
  const known = stored.models.get(row.id);
  if (known && changesOf(row, stored).length === 0) return false;
  const price = {
    rates: toUsdRates(row.price.rates),
    tiers: row.price.tiers.map(({ rates, ...tier }) => ({ ...tier, rates: toUsdRates(rates) })),
  };
  const free = row.price.rates.inputUncached === '0' || row.price.rates.output === '0';
  const samePrice = priceChanges(row, stored.prices.get(row.id)).length === 0;
  if (!known) {
    const { created, price: _, inputModalities, outputModalities, aliases, supportedParameters, ...rest } = row;
    const lists = {
      inputModalities: [...inputModalities],
      outputModalities: [...outputModalities],
      aliases: [...aliases],
      supportedParameters: [...supportedParameters],
    };
    await saveModel(em, actor, { ...rest, ...lists, releasedAt: new Date(created * 1000), price: { ...price, free } });
  } else {
    await saveModel(em, actor, {
      id: row.id,
      contextTokens: row.contextTokens,
      maxOutputTokens: row.maxOutputTokens,
      deprecated: row.deprecated,
    });
    if (!samePrice) await setModelPrice(em, actor, row.id, { ...price, free });
  }
  for (const { id, modelId, vendorId, upstreamModel, cost } of endpointsOf(row, stored))
    await saveEndpoint(em, actor, { id, modelId, vendorId, upstreamModel, cost: toUsdRates(cost) });
  return true;
}

function changesOf(row: CatalogueModelRow, stored: Stored): string[] {
  const model = stored.models.get(row.id);
  if (!model) return [];
  const facts = (['contextTokens', 'maxOutputTokens', 'deprecated'] as const)
    .filter((member) => model[member] !== row[member])
    .map((member) => `${member}: ${model[member]} -> ${row[member]}`);
  const costs = endpointsOf(row, stored).flatMap((endpoint) => {
    const known = stored.endpoints.get(endpoint.id);
    if (!known) return [`endpoint ${endpoint.vendorId}: added`];
    return rateChanges(`cost at ${endpoint.vendorId}`, toUsdRates(known.cost), toUsdRates(endpoint.cost));
  });
  return [...facts, ...priceChanges(row, stored.prices.get(row.id)), ...costs];
}

function priceChanges(row: CatalogueModelRow, price: StoredPrice | undefined): string[] {
  const fresh = toUsdRates(row.price.rates);
  if (!price) return ['price: none -> set'];
  const tiers = tiersText(price.tiers) === tiersText(row.price.tiers) ? [] : ['price tiers: changed'];
  return [...rateChanges('price', toUsdRates(price), fresh), ...tiers];
}

/** PostgreSQL keeps the members of JSON in an order of its own. */
function tiersText(tiers: readonly PriceTier[]): string {
  return JSON.stringify(tiers.map(({ aboveInputTokens, rates }) => [aboveInputTokens, toUsdRates(rates)]));
}

function rateChanges(name: string, before: UsdRates, after: UsdRates): string[] {
  return (Object.keys(after) as (keyof UsdRates)[])
    .filter((member) => before[member] !== after[member])
    .map((member) => `${name}.${member}: ${before[member]} -> ${after[member]}`);
}

/** At vendors that this installation has. */
function endpointsOf(row: CatalogueModelRow, { vendors }: Stored) {
  return (ENDPOINTS.get(row.id) ?? []).filter((endpoint) => vendors.has(endpoint.vendorId));
}

const ENDPOINTS = Map.groupBy(catalogueEndpointRows(), (endpoint) => endpoint.modelId);

/** Plain rows: thousands of them, and nothing is changed through them. */
async function readStored(em: EntityManager): Promise<Stored> {
  const models = await em.execute<StoredModel[]>(
    'SELECT id, context_tokens AS "contextTokens", max_output_tokens AS "maxOutputTokens", deprecated FROM model',
  );
  const prices = await em.execute<StoredPrice[]>(
    `SELECT DISTINCT ON (model_id) model_id AS "modelId", input_uncached AS "inputUncached", cache_read AS "cacheRead",
       cache_write_5m AS "cacheWrite5m", cache_write_1h AS "cacheWrite1h", output, requests, tiers
     FROM model_price WHERE effective_from <= now() ORDER BY model_id, effective_from DESC`,
  );
  const endpoints = await em.execute<{ id: string; cost: RatesRow }[]>('SELECT id, cost FROM endpoint');
  const vendors = await em.execute<{ id: string }[]>('SELECT id FROM vendor');
  return {
    models: new Map(models.map((model) => [model.id, model])),
    prices: new Map(prices.map((price) => [price.modelId, price])),
    endpoints: new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])),
    vendors: new Set(vendors.map((vendor) => vendor.id)),
  };
}
