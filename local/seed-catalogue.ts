/**
 * What a local installation can route to, from the reviewed catalogue: vendors, models with prices, endpoints, groups, settings.
 * Rows that are there already stay as the operator left them; what the catalogue gained is added, and a price that only the catalogue
 * ever set follows it. Runs in the caller's transaction; returns what nodes must hear of (nothing changed: nothing).
 */
import type { ClientBase } from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import { type CatalogueModelRow, catalogueEndpointRows, catalogueModelRows } from '../control-plane/modules/catalog/catalogue-rows.js';
import { GROUPS } from '../control-plane/modules/catalog/data/groups.js';
import { VENDORS } from '../control-plane/modules/catalog/data/vendors.js';
import { DEFAULT_SETTINGS } from '../control-plane/modules/catalog/default-settings.js';
import type { EndpointRow, VendorRow } from '../shared/snapshot.js';

export type SeedVendor = Omit<VendorRow, 'credentials'>;

export async function seedCatalogue(client: ClientBase): Promise<ConfigTouch[]> {
  const models = catalogueModelRows();
  return [
    ...(await addVendors(client, VENDORS)),
    ...(await addModels(client, models)),
    ...(await addPrices(client, models)),
    ...(await addEndpoints(client, catalogueEndpointRows())),
    ...(await addGroups(client)),
    ...(await addSettings(client)),
  ];
}

export async function addVendors(client: ClientBase, vendors: readonly SeedVendor[]): Promise<ConfigTouch[]> {
  return addRows(
    client,
    'vendor',
    `INSERT INTO vendor (id, name, protocol, base_url, enabled, regions, connect_ms, first_token_ms, idle_ms, quirks, byok_base_url, trains_on_data)
     SELECT row->>'id', row->>'name', row->>'protocol', row->>'baseUrl', (row->>'enabled')::boolean, ${textArray('regions')},
       (row->'timeouts'->>'connectMs')::int, (row->'timeouts'->>'firstTokenMs')::int, (row->'timeouts'->>'idleMs')::int,
       row->'quirks', (row->>'byokBaseUrl')::boolean, (row->>'trainsOnData')::boolean
     FROM jsonb_array_elements($1::jsonb) AS row ON CONFLICT (id) DO NOTHING RETURNING id`,
    vendors,
  );
}

export async function addModels(client: ClientBase, models: readonly CatalogueModelRow[]): Promise<ConfigTouch[]> {
  return addRows(
    client,
    'model',
    `INSERT INTO model (id, name, description, owned_by, released_at, aliases, context_tokens, max_output_tokens, input_modalities,
       output_modalities, tokenizer, bytes_per_token_hundredths, capabilities, supported_parameters, tier, deprecated, enabled)
     SELECT row->>'id', row->>'name', row->>'description', row->>'ownedBy', to_timestamp((row->>'created')::bigint), ${textArray('aliases')},
       (row->>'contextTokens')::int, (row->>'maxOutputTokens')::int, ${textArray('inputModalities')}, ${textArray('outputModalities')},
       row->>'tokenizer', (row->>'bytesPerTokenHundredths')::int, row->'capabilities', ${textArray('supportedParameters')}, row->>'tier',
       (row->>'deprecated')::boolean, (row->>'enabled')::boolean
     FROM jsonb_array_elements($1::jsonb) AS row ON CONFLICT (id) DO NOTHING RETURNING id`,
    models,
  );
}

/** A new row where the catalogue's price differs from the newest one and no person set that. */
export async function addPrices(client: ClientBase, models: readonly CatalogueModelRow[]): Promise<ConfigTouch[]> {
  return addRows(
    client,
    'model_price',
    `WITH wanted AS (
       SELECT row->>'id' AS model_id, row->'price'->'rates' AS rates, row->'price'->'tiers' AS tiers
       FROM jsonb_array_elements($1::jsonb) AS row
     ), newest AS (
       SELECT DISTINCT ON (model_id) * FROM model_price ORDER BY model_id, effective_from DESC
     )
     INSERT INTO model_price (model_id, effective_from, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, tiers, free)
     SELECT wanted.model_id, now(), ${rate('inputUncached')}, ${rate('cacheRead')}, ${rate('cacheWrite5m')}, ${rate('cacheWrite1h')},
       ${rate('output')}, ${rate('requests')}, wanted.tiers, ${rate('inputUncached')} = 0 AND ${rate('output')} = 0 AND ${rate('requests')} = 0
     FROM wanted LEFT JOIN newest USING (model_id)
     WHERE newest.model_id IS NULL OR (newest.created_by IS NULL AND
       (newest.input_uncached, newest.cache_read, newest.cache_write_5m, newest.cache_write_1h, newest.output, newest.requests, newest.tiers)
       IS DISTINCT FROM (${rate('inputUncached')}, ${rate('cacheRead')}, ${rate('cacheWrite5m')}, ${rate('cacheWrite1h')},
         ${rate('output')}, ${rate('requests')}, wanted.tiers))
     RETURNING model_id AS id`,
    models,
  );
}

export async function addEndpoints(client: ClientBase, endpoints: readonly EndpointRow[]): Promise<ConfigTouch[]> {
  return addRows(
    client,
    'endpoint',
    `INSERT INTO endpoint (id, model_id, vendor_id, upstream_model, enabled, regions, cost, context_tokens, max_output_tokens, capabilities, quirks)
     SELECT row->>'id', row->>'modelId', row->>'vendorId', row->>'upstreamModel', (row->>'enabled')::boolean, ${textArray('regions')},
       row->'cost', (row->>'contextTokens')::int, (row->>'maxOutputTokens')::int, row->'capabilities', row->'quirks'
     FROM jsonb_array_elements($1::jsonb) AS row ON CONFLICT DO NOTHING RETURNING id`,
    endpoints,
  );
}

async function addGroups(client: ClientBase): Promise<ConfigTouch[]> {
  return addRows(
    client,
    'routing_group',
    `INSERT INTO routing_group (id, name, description, kind, enabled, tiers, threshold_standard, threshold_frontier, hedge)
     SELECT row->>'id', row->>'name', row->>'description', row->>'kind', (row->>'enabled')::boolean, row->'tiers',
       (row->'thresholds'->>'standard')::float8, (row->'thresholds'->>'frontier')::float8, (row->>'hedge')::boolean
     FROM jsonb_array_elements($1::jsonb) AS row ON CONFLICT (id) DO NOTHING RETURNING id`,
    GROUPS,
  );
}

async function addSettings(client: ClientBase): Promise<ConfigTouch[]> {
  const sql = `INSERT INTO setting (document) SELECT row FROM jsonb_array_elements($1::jsonb) AS row ON CONFLICT DO NOTHING RETURNING 'settings' AS id`;
  return addRows(client, 'setting', sql, [DEFAULT_SETTINGS]);
}

/** `sql` takes the rows as one JSON array and returns the ids that are new. */
export async function addRows(client: ClientBase, subjectType: string, sql: string, rows: readonly object[]): Promise<ConfigTouch[]> {
  const { rows: added } = await client.query<{ id: string }>(sql, [JSON.stringify(rows)]);
  return added.map(({ id }) => ({ kind: 'catalog', subjectType, subjectId: id }));
}

/** JSON null, and an absent member, are SQL's null. */
export function textArray(member: string): string {
  return `CASE WHEN jsonb_typeof(row->'${member}') = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(row->'${member}')) END`;
}

function rate(bucket: string): string {
  return `(wanted.rates->>'${bucket}')::bigint`;
}
