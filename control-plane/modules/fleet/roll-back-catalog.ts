/**
 * Puts vendors, models, prices, endpoints, groups and settings back to what a published revision had, as a change like any other. What
 * came since is disabled, not deleted: rows are referred to by settlements. Prices go forward: the old rates become a new row, so every
 * charge in between stays explained. Credentials, regions, keys and accounts are not the catalogue's and stay as they are.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import type { CatalogDocument, ModelRow } from '../../../shared/snapshot.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Actor } from '../permissions.js';
import { readPublishedCatalog } from './list-revisions.js';

/** Returns the new revision. */
export async function rollBackCatalog(em: EntityManager, actor: Actor, revision: number): Promise<number> {
  const change = { action: 'catalog.rollback', subjectType: 'revision', subjectId: String(revision) };
  await changeAsOperator(em, actor, change, async (transaction) => {
    const document = await readPublishedCatalog(transaction, revision);
    await restoreVendors(transaction, document);
    await restoreModels(transaction, document.models);
    await restorePrices(transaction, actor, document.models);
    await restoreEndpoints(transaction, document);
    await restoreGroups(transaction, document);
    await transaction.execute(
      'INSERT INTO setting (document) VALUES (?::jsonb) ON CONFLICT (single) DO UPDATE SET document = excluded.document',
      [JSON.stringify(document.settings)],
    );
  });
  const [row] = await em.execute<{ revision: string }[]>('SELECT revision FROM config_revision');
  return Number(row?.revision);
}

/** `jsonb_to_recordset` reads snake_case: the columns by the names that the document uses. */
const TEXTS = (column: string) => `CASE WHEN jsonb_typeof(${column}) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(${column})) END`;

async function restoreVendors(em: EntityManager, { vendors }: CatalogDocument): Promise<void> {
  await em.execute(
    'UPDATE vendor SET enabled = false, updated_at = now() WHERE NOT id = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))',
    [idsOf(vendors)],
  );
  await em.execute(
    `UPDATE vendor SET name = was.name, protocol = was.protocol, base_url = was."baseUrl", enabled = was.enabled,
       regions = ${TEXTS('was.regions')}, connect_ms = (was.timeouts ->> 'connectMs')::integer,
       first_token_ms = (was.timeouts ->> 'firstTokenMs')::integer, idle_ms = (was.timeouts ->> 'idleMs')::integer,
       quirks = was.quirks, byok_base_url = was."byokBaseUrl", trains_on_data = was."trainsOnData", updated_at = now()
     FROM jsonb_to_recordset(?::jsonb) AS was (id text, name text, protocol text, "baseUrl" text, enabled boolean, regions jsonb,
       timeouts jsonb, quirks jsonb, "byokBaseUrl" boolean, "trainsOnData" boolean)
     WHERE vendor.id = was.id`,
    [JSON.stringify(vendors.map(({ credentials, ...vendor }) => vendor))],
  );
}

async function restoreModels(em: EntityManager, models: readonly ModelRow[]): Promise<void> {
  await em.execute(
    'UPDATE model SET enabled = false, updated_at = now() WHERE NOT id = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))',
    [idsOf(models)],
  );
  await em.execute(
    `UPDATE model SET name = was.name, description = was.description, owned_by = was."ownedBy", released_at = to_timestamp(was.created),
       aliases = ${TEXTS('was.aliases')}, context_tokens = was."contextTokens", max_output_tokens = was."maxOutputTokens",
       input_modalities = ${TEXTS('was."inputModalities"')}, output_modalities = ${TEXTS('was."outputModalities"')},
       tokenizer = was.tokenizer, bytes_per_token_hundredths = was."bytesPerTokenHundredths", capabilities = was.capabilities,
       supported_parameters = ${TEXTS('was."supportedParameters"')}, tier = was.tier, deprecated = was.deprecated, enabled = was.enabled,
       updated_at = now()
     FROM jsonb_to_recordset(?::jsonb) AS was (id text, name text, description text, "ownedBy" text, created double precision,
       aliases jsonb, "contextTokens" integer, "maxOutputTokens" integer, "inputModalities" jsonb, "outputModalities" jsonb,
       tokenizer text, "bytesPerTokenHundredths" integer, capabilities jsonb, "supportedParameters" jsonb, tier text,
       deprecated boolean, enabled boolean)
     WHERE model.id = was.id`,
    [JSON.stringify(models)],
  );
}

/** Only where another price is in force now. Scheduled ones stay scheduled: they were decided, not published. */
async function restorePrices(em: EntityManager, actor: Actor, models: readonly ModelRow[]): Promise<void> {
  await em.execute(
    `INSERT INTO model_price (model_id, effective_from, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests,
       tiers, free, created_by)
     SELECT was.model_id, now(), was.input_uncached, was.cache_read, was.cache_write_5m, was.cache_write_1h, was.output, was.requests,
       was.tiers, was.free, ?
     FROM jsonb_to_recordset(?::jsonb) AS wanted ("modelId" text, revision bigint)
     JOIN model_price was ON was.revision = wanted.revision
     WHERE was.revision <> (SELECT current.revision FROM model_price current WHERE current.model_id = was.model_id
       AND current.effective_from <= now() ORDER BY current.effective_from DESC LIMIT 1)`,
    [actor.userId, JSON.stringify(models.map((model) => ({ modelId: model.id, revision: model.price.revision })))],
  );
}

async function restoreEndpoints(em: EntityManager, { endpoints }: CatalogDocument): Promise<void> {
  await em.execute(
    'UPDATE endpoint SET enabled = false, updated_at = now() WHERE NOT id = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))',
    [idsOf(endpoints)],
  );
  await em.execute(
    `INSERT INTO endpoint (id, model_id, vendor_id, upstream_model, enabled, regions, cost, context_tokens, max_output_tokens, capabilities, quirks)
     SELECT was.id, was."modelId", was."vendorId", was."upstreamModel", was.enabled, ${TEXTS('was.regions')}, was.cost,
       was."contextTokens", was."maxOutputTokens", was.capabilities, was.quirks
     FROM jsonb_to_recordset(?::jsonb) AS was (id text, "modelId" text, "vendorId" text, "upstreamModel" text, enabled boolean,
       regions jsonb, cost jsonb, "contextTokens" integer, "maxOutputTokens" integer, capabilities jsonb, quirks jsonb)
     ON CONFLICT (id) DO UPDATE SET model_id = excluded.model_id, vendor_id = excluded.vendor_id,
       upstream_model = excluded.upstream_model, enabled = excluded.enabled, regions = excluded.regions, cost = excluded.cost,
       context_tokens = excluded.context_tokens, max_output_tokens = excluded.max_output_tokens, capabilities = excluded.capabilities,
       quirks = excluded.quirks, updated_at = now()`,
    [JSON.stringify(endpoints)],
  );
}

async function restoreGroups(em: EntityManager, { groups }: CatalogDocument): Promise<void> {
  await em.execute(
    'UPDATE routing_group SET enabled = false, updated_at = now() WHERE NOT id = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))',
    [idsOf(groups)],
  );
  await em.execute(
    `INSERT INTO routing_group (id, name, description, kind, enabled, tiers, threshold_standard, threshold_frontier, hedge)
     SELECT was.id, was.name, was.description, was.kind, was.enabled, was.tiers, (was.thresholds ->> 'standard')::double precision,
       (was.thresholds ->> 'frontier')::double precision, was.hedge
     FROM jsonb_to_recordset(?::jsonb) AS was (id text, name text, description text, kind text, enabled boolean, tiers jsonb,
       thresholds jsonb, hedge boolean)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, kind = excluded.kind,
       enabled = excluded.enabled, tiers = excluded.tiers, threshold_standard = excluded.threshold_standard,
       threshold_frontier = excluded.threshold_frontier, hedge = excluded.hedge, updated_at = now()`,
    [JSON.stringify(groups)],
  );
}

function idsOf(rows: readonly { readonly id: string }[]): string {
  return JSON.stringify(rows.map((row) => row.id));
}
