/** What customers can ask for, in three queries however many models there are: the console shows and searches the list whole. */
import type { Pool } from 'pg';
import type { RatesRow } from '../../../shared/snapshot.js';
import type { CatalogGroup, CatalogModel } from './public-catalog.shapes.js';
import { toUsdRates } from './rates.js';

interface ModelColumns {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly owned_by: string;
  readonly aliases: string[];
  readonly released_at: Date;
  readonly context_tokens: number;
  readonly max_output_tokens: number;
  readonly input_modalities: string[];
  readonly output_modalities: string[];
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly tier: string;
  readonly deprecated: boolean;
  readonly regions: string[];
  readonly free: boolean;
  readonly input_uncached: string;
  readonly cache_read: string;
  readonly cache_write_5m: string;
  readonly cache_write_1h: string;
  readonly output: string;
  readonly requests: string;
  readonly price_tiers: { readonly aboveInputTokens: number; readonly rates: RatesRow }[];
}

/** By id. A model without a price in force, or without an endpoint that is on, cannot be asked for and is left out. */
export async function readPublicModels(pool: Pool): Promise<CatalogModel[]> {
  const { rows } = await pool.query<ModelColumns>(
    `SELECT model.*, served.regions, price.free, price.input_uncached, price.cache_read, price.cache_write_5m, price.cache_write_1h,
       price.output, price.requests, price.tiers AS price_tiers
     FROM model
     JOIN LATERAL (
       SELECT * FROM model_price WHERE model_id = model.id AND effective_from <= now() ORDER BY effective_from DESC LIMIT 1
     ) price ON true
     JOIN (
       SELECT endpoint.model_id, array_agg(DISTINCT region.id ORDER BY region.id) AS regions
       FROM endpoint JOIN vendor ON vendor.id = endpoint.vendor_id AND vendor.enabled
         JOIN region ON (endpoint.regions IS NULL OR region.id = ANY (endpoint.regions))
           AND (vendor.regions IS NULL OR region.id = ANY (vendor.regions))
       WHERE endpoint.enabled GROUP BY endpoint.model_id
     ) served ON served.model_id = model.id
     WHERE model.enabled ORDER BY model.id`,
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    ownedBy: row.owned_by,
    aliases: row.aliases,
    releasedAt: row.released_at,
    contextTokens: row.context_tokens,
    maxOutputTokens: row.max_output_tokens,
    inputModalities: row.input_modalities,
    outputModalities: row.output_modalities,
    capabilities: Object.keys(row.capabilities).filter((name) => row.capabilities[name] === true),
    tier: row.tier,
    deprecated: row.deprecated,
    regions: row.regions,
    free: row.free,
    rates: toUsdRates({
      inputUncached: row.input_uncached,
      cacheRead: row.cache_read,
      cacheWrite5m: row.cache_write_5m,
      cacheWrite1h: row.cache_write_1h,
      output: row.output,
      requests: row.requests,
    }),
    tiers: row.price_tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: toUsdRates(tier.rates) })),
  }));
}

/** By id; those that are on. */
export async function readPublicGroups(pool: Pool): Promise<CatalogGroup[]> {
  const { rows } = await pool.query<{
    id: string;
    name: string;
    description: string;
    tiers: Readonly<Record<'frontier' | 'standard' | 'value', string[] | undefined>>;
  }>('SELECT id, name, description, tiers FROM routing_group WHERE enabled ORDER BY id');
  return rows.map(({ tiers, ...group }) => ({
    ...group,
    frontier: tiers.frontier ?? [],
    standard: tiers.standard ?? [],
    value: tiers.value ?? [],
  }));
}
