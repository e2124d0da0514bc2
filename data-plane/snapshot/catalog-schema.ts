/**
 * What a catalogue must look like before a node serves from it. The publisher checks more; this is the node's own guard against a
 * document that is signed and still wrong: nulls, an unknown protocol, a price that is no number, a million groups.
 */
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Errors } from 'typebox/value';
import { CATALOG_FORMAT, type CatalogDocument } from '../../shared/snapshot.js';

const MAX_ROWS = 20_000;
const Id = Type.String({ minLength: 1, maxLength: 256 });
const Pico = Type.String({ pattern: '^\\d{1,18}$' });
const Rates = Type.Object({ inputUncached: Pico, cacheRead: Pico, cacheWrite5m: Pico, cacheWrite1h: Pico, output: Pico, requests: Pico });
const Strings = Type.Array(Type.String(), { maxItems: 1000 });
const Regions = Type.Union([Strings, Type.Null()]);
const Tokens = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const Tier = Type.Union([Type.Literal('frontier'), Type.Literal('standard'), Type.Literal('value')]);
const Milliseconds = Type.Integer({ minimum: 1, maximum: 3_600_000 });
const Rows = <Row extends TSchema>(row: Row) => Type.Array(row, { maxItems: MAX_ROWS });
const capabilityNames = [
  'tools',
  'parallelTools',
  'imageInput',
  'audioInput',
  'fileInput',
  'jsonObject',
  'jsonSchema',
  'reasoning',
  'logprobs',
  'multipleChoices',
  'temperature',
  'promptCache',
] as const;
const Capabilities = Type.Object(Object.fromEntries(capabilityNames.map((name) => [name, Type.Boolean()])));

const Sealed = Type.Object({
  version: Type.Integer({ minimum: 0 }),
  box: Type.String({ maxLength: 100_000 }),
  keys: Type.Record(Type.String(), Type.String()),
});

const Vendor = Type.Object({
  id: Id,
  name: Type.String(),
  protocol: Type.Union([Type.Literal('openai'), Type.Literal('anthropic'), Type.Literal('gemini')]),
  baseUrl: Type.String({ pattern: '^https?://' }),
  enabled: Type.Boolean(),
  regions: Regions,
  timeouts: Type.Object({ connectMs: Milliseconds, firstTokenMs: Milliseconds, idleMs: Milliseconds }),
  quirks: Type.Object({}),
  byokBaseUrl: Type.Boolean(),
  trainsOnData: Type.Boolean(),
  credentials: Type.Array(
    Type.Object({ id: Id, weight: Type.Number({ minimum: 0 }), wakes: Type.Optional(Type.Integer({ minimum: 0 })), sealed: Sealed }),
    { maxItems: 1000 },
  ),
});

const Model = Type.Object({
  id: Id,
  name: Type.String(),
  description: Type.String(),
  ownedBy: Type.String(),
  created: Type.Number(),
  aliases: Type.Array(Id, { maxItems: 100 }),
  contextTokens: Tokens,
  maxOutputTokens: Tokens,
  inputModalities: Strings,
  outputModalities: Strings,
  tokenizer: Type.String(),
  bytesPerTokenHundredths: Type.Integer({ minimum: 50, maximum: 2000 }),
  capabilities: Capabilities,
  supportedParameters: Strings,
  tier: Tier,
  deprecated: Type.Boolean(),
  enabled: Type.Boolean(),
  price: Type.Object({
    revision: Type.Integer({ minimum: 0 }),
    rates: Rates,
    tiers: Type.Array(Type.Object({ aboveInputTokens: Tokens, rates: Rates }), { maxItems: 16 }),
  }),
});

const Endpoint = Type.Object({
  id: Id,
  modelId: Id,
  vendorId: Id,
  upstreamModel: Type.String({ minLength: 1 }),
  enabled: Type.Boolean(),
  regions: Regions,
  cost: Rates,
  contextTokens: Type.Optional(Tokens),
  maxOutputTokens: Type.Optional(Tokens),
  capabilities: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  quirks: Type.Optional(Type.Object({})),
});

const ModelIds = Type.Array(Id, { maxItems: 1000 });
const Group = Type.Object({
  id: Id,
  name: Type.String(),
  description: Type.String(),
  kind: Type.String(),
  enabled: Type.Boolean(),
  tiers: Type.Object({ frontier: ModelIds, standard: ModelIds, value: ModelIds }),
  thresholds: Type.Object({ standard: Type.Number(), frontier: Type.Number() }),
  hedge: Type.Boolean(),
});

const Region = Type.Object({
  id: Id,
  name: Type.String(),
  city: Type.String(),
  url: Type.String(),
  countries: Strings,
  latitude: Type.Number(),
  longitude: Type.Number(),
  sealingKey: Type.String(),
});

const Settings = Type.Object({
  primaryHost: Type.String({ minLength: 1 }),
  topUpUrl: Type.String(),
  maxRevocationStalenessMs: Type.Integer({ minimum: 1_000 }),
  defaultRequestsPerMinute: Type.Integer({ minimum: 1 }),
  defaultTokensPerMinute: Type.Integer({ minimum: 1 }),
  autoFloor: Tier,
  probeIdleEndpoints: Type.Boolean(),
  drainedNodes: Type.Optional(Strings),
});

const CatalogSchema = Type.Object({
  format: Type.Literal(CATALOG_FORMAT),
  vendors: Rows(Vendor),
  models: Rows(Model),
  endpoints: Rows(Endpoint),
  groups: Rows(Group),
  regions: Rows(Region),
  settings: Settings,
});

const catalog = Compile(CatalogSchema);

export function isCatalog(document: unknown): document is CatalogDocument {
  return catalog.Check(document);
}

/** What is wrong, and where; for a document that `isCatalog` refused. */
export function describeCatalogProblem(document: unknown): string {
  const [error] = Errors(CatalogSchema, document);
  return error ? `catalog${error.instancePath} ${error.message}` : 'catalog: malformed';
}

/** What names something that does not exist; undefined when nothing does. */
export function findDanglingReference({ vendors, models, endpoints, groups }: CatalogDocument): string | undefined {
  const vendorIds = new Set(vendors.map((vendor) => vendor.id));
  const modelIds = new Set(models.map((model) => model.id));
  if (vendorIds.size < vendors.length) return 'catalog: two vendors have one id';
  if (modelIds.size < models.length) return 'catalog: two models have one id';
  for (const endpoint of endpoints) {
    if (!modelIds.has(endpoint.modelId)) return `catalog: endpoint ${endpoint.id} serves model ${endpoint.modelId}, which does not exist`;
    if (!vendorIds.has(endpoint.vendorId))
      return `catalog: endpoint ${endpoint.id} is of vendor ${endpoint.vendorId}, which does not exist`;
  }
  for (const group of groups) {
    const missing = Object.values(group.tiers)
      .flat()
      .find((id) => !modelIds.has(id));
    if (missing !== undefined) return `catalog: group ${group.id} names model ${missing}, which does not exist`;
  }
  return undefined;
}
