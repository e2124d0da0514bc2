/**
 * Reads the catalogue document out of PostgreSQL. The caller's transaction is REPEATABLE READ, so every query sees one moment; rows come
 * in the order of their ids, so the same catalogue is the same bytes.
 */
import type { ClientBase } from 'pg';
import type { RatesRow } from '../../shared/snapshot.js';
import {
  CATALOG_FORMAT,
  type CatalogDocument,
  type CredentialRow,
  type EndpointRow,
  type GroupRow,
  type ModelRow,
  type PriceRow,
  type RegionRow,
  type VendorRow,
} from '../../shared/snapshot.js';
import { DEFAULT_SETTINGS } from '../modules/catalog/default-settings.js';

export interface CompiledCatalog {
  readonly document: CatalogDocument;
  /** Enabled models that no price is in force for. Like disabled ones without a price they are not in the document. */
  readonly unpriced: readonly string[];
}

export async function compileCatalog(client: ClientBase): Promise<CompiledCatalog> {
  const vendors = await compileVendors(client);
  const { models, unpriced } = await compileModels(client);
  const known = new Set(models.map((model) => model.id));
  const endpoints = (await compileEndpoints(client)).filter((endpoint) => known.has(endpoint.modelId));
  const groups = await compileGroups(client);
  const regions = await compileRegions(client);
  const { rows } = await client.query<{ document: object }>('SELECT document FROM setting');
  const settings = { ...DEFAULT_SETTINGS, ...rows[0]?.document };
  const document = { format: CATALOG_FORMAT, vendors, models, endpoints, groups, regions, settings } as const;
  return { document, unpriced };
}

async function compileVendors(client: ClientBase): Promise<VendorRow[]> {
  const credentials = await client.query<CredentialRow & { vendor_id: string }>(
    'SELECT id, vendor_id, weight, wakes, sealed FROM vendor_credential WHERE deleted_at IS NULL AND enabled ORDER BY id',
  );
  const byVendor = Map.groupBy(credentials.rows, (row) => row.vendor_id);
  const { rows } = await client.query(
    `SELECT id, name, protocol, base_url, enabled, regions, connect_ms, first_token_ms, idle_ms, quirks, byok_base_url, trains_on_data
     FROM vendor ORDER BY id`,
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    protocol: row.protocol,
    baseUrl: row.base_url,
    enabled: row.enabled,
    regions: row.regions,
    timeouts: { connectMs: row.connect_ms, firstTokenMs: row.first_token_ms, idleMs: row.idle_ms },
    quirks: row.quirks,
    byokBaseUrl: row.byok_base_url,
    trainsOnData: row.trains_on_data,
    credentials: (byVendor.get(row.id) ?? []).map(({ id, weight, wakes = 0, sealed }) => ({
      id,
      weight,
      ...(wakes > 0 && { wakes }),
      sealed,
    })),
  }));
}

/** The newest price that is in force by PostgreSQL's clock goes with each model. */
async function compileModels(client: ClientBase): Promise<{ models: ModelRow[]; unpriced: string[] }> {
  const { rows } = await client.query(
    `SELECT model.*, extract(epoch FROM released_at)::bigint::text AS created_seconds, to_jsonb(price) AS price
     FROM model LEFT JOIN LATERAL (
       SELECT revision::text, input_uncached::text, cache_read::text, cache_write_5m::text, cache_write_1h::text, output::text,
              requests::text, tiers
       FROM model_price WHERE model_id = model.id AND effective_from <= now() ORDER BY effective_from DESC LIMIT 1
     ) price ON true
     ORDER BY model.id`,
  );
  const unpriced = rows.filter((row) => row.price === null && row.enabled).map((row) => String(row.id));
  const models = rows
    .filter((row) => row.price !== null)
    .map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      ownedBy: row.owned_by,
      created: Number(row.created_seconds),
      aliases: row.aliases,
      contextTokens: row.context_tokens,
      maxOutputTokens: row.max_output_tokens,
      inputModalities: row.input_modalities,
      outputModalities: row.output_modalities,
      tokenizer: row.tokenizer,
      bytesPerTokenHundredths: row.bytes_per_token_hundredths,
      capabilities: row.capabilities,
      supportedParameters: row.supported_parameters,
      tier: row.tier,
      deprecated: row.deprecated,
      enabled: row.enabled,
      price: priceRow(row.price),
    }));
  return { models, unpriced };
}

interface PriceColumns {
  readonly revision: string;
  readonly input_uncached: string;
  readonly cache_read: string;
  readonly cache_write_5m: string;
  readonly cache_write_1h: string;
  readonly output: string;
  readonly requests: string;
  readonly tiers: { readonly aboveInputTokens: number; readonly rates: RatesRow }[];
}

function priceRow(price: PriceColumns): PriceRow {
  const rates = {
    inputUncached: price.input_uncached,
    cacheRead: price.cache_read,
    cacheWrite5m: price.cache_write_5m,
    cacheWrite1h: price.cache_write_1h,
    output: price.output,
    requests: price.requests,
  };
  const tiers = [...price.tiers].sort((left, right) => left.aboveInputTokens - right.aboveInputTokens);
  return { revision: Number(price.revision), rates, tiers };
}

async function compileEndpoints(client: ClientBase): Promise<EndpointRow[]> {
  const { rows } = await client.query('SELECT * FROM endpoint ORDER BY id');
  return rows.map((row) => ({
    id: row.id,
    modelId: row.model_id,
    vendorId: row.vendor_id,
    upstreamModel: row.upstream_model,
    enabled: row.enabled,
    regions: row.regions,
    cost: row.cost,
    ...(row.context_tokens !== null && { contextTokens: row.context_tokens }),
    ...(row.max_output_tokens !== null && { maxOutputTokens: row.max_output_tokens }),
    ...(row.capabilities !== null && { capabilities: row.capabilities }),
    ...(row.quirks !== null && { quirks: row.quirks }),
  }));
}

async function compileGroups(client: ClientBase): Promise<GroupRow[]> {
  const { rows } = await client.query('SELECT * FROM routing_group ORDER BY id');
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    kind: row.kind,
    enabled: row.enabled,
    tiers: { frontier: [], standard: [], value: [], ...row.tiers },
    thresholds: { standard: row.threshold_standard, frontier: row.threshold_frontier },
    hedge: row.hedge,
  }));
}

async function compileRegions(client: ClientBase): Promise<RegionRow[]> {
  const { rows } = await client.query('SELECT * FROM region ORDER BY id');
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    city: row.city,
    url: row.url,
    countries: row.countries,
    latitude: row.latitude,
    longitude: row.longitude,
    sealingKey: row.sealing_key,
  }));
}
