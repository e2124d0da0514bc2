/**
 * `/v1/models` as data: OpenAI's members with OpenRouter's beside them. An entry is made once per snapshot; who may see it is asked per
 * call. Virtual models (`auto`, `ama/smart-*`) have no price of their own: the model that serves has one.
 */
import { formatUsdPerToken, type Rates } from '../../shared/money.js';
import type { GroupRow } from '../../shared/snapshot.js';
import type { Endpoint, Model, Snapshot } from '../types.js';

export interface ModelEntry {
  readonly id: string;
  readonly names: readonly string[];
  /** Models behind it, any of which makes it usable: itself, or a group's members. Null is any model (`auto`). */
  readonly served: readonly string[] | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export const AUTO = 'auto';
/** OpenAI's list wants a time of creation; virtual models have that of this gateway's first release. */
const GATEWAY_CREATED = 1_735_689_600;
const BATCH_DISCOUNT = 0.5;

const entriesBySnapshot = new WeakMap<Snapshot, readonly ModelEntry[]>();

export function modelEntries(snapshot: Snapshot): readonly ModelEntry[] {
  const known = entriesBySnapshot.get(snapshot);
  if (known) return known;
  const entries = [
    virtualEntry(AUTO, 'Auto', 'The cheapest model that can fulfil the request.', null),
    ...[...snapshot.groups.values()].filter((group) => group.enabled).map(groupEntry),
    ...snapshot.models.filter((model) => model.enabled).map((model) => modelEntry(model, snapshot)),
  ];
  entriesBySnapshot.set(snapshot, entries);
  return entries;
}

function modelEntry(model: Model, snapshot: Snapshot): ModelEntry {
  const endpoints = [...(snapshot.endpointsByModel.get(model.id) ?? []), ...(snapshot.endpointsElsewhere.get(model.id) ?? [])];
  return {
    id: model.id,
    names: [model.id, ...model.aliases],
    served: [model.id],
    body: {
      id: model.id,
      object: 'model',
      created: model.created,
      owned_by: model.ownedBy,
      name: model.name,
      description: model.description,
      context_length: model.contextTokens,
      architecture: architecture(model.inputModalities, model.outputModalities, model.tokenizer),
      pricing: pricing(model.price.rates, model),
      supported_parameters: model.supportedParameters,
      top_provider: {
        context_length: model.contextTokens,
        max_completion_tokens: model.maxOutputTokens,
        is_moderated: false,
      },
      regions: regionsOf(endpoints, snapshot),
      aliases: model.aliases,
      batch_discount: BATCH_DISCOUNT,
      ...routerMembers(model.id),
      tier: model.tier,
      deprecated: model.deprecated,
    },
  };
}

function groupEntry(group: GroupRow): ModelEntry {
  const { value, standard, frontier } = group.tiers;
  return virtualEntry(group.id, group.name, group.description, [...value, ...standard, ...frontier]);
}

function virtualEntry(id: string, name: string, description: string, served: readonly string[] | null): ModelEntry {
  return {
    id,
    names: [id],
    served,
    body: {
      id,
      object: 'model',
      created: GATEWAY_CREATED,
      owned_by: 'modelapi',
      name,
      description,
      context_length: null,
      architecture: architecture(['text'], ['text'], 'Router'),
      // OpenRouter's way to say that it depends on the model that serves.
      pricing: { prompt: '-1', completion: '-1' },
      supported_parameters: [],
      top_provider: { context_length: null, max_completion_tokens: null, is_moderated: false },
      regions: [],
      aliases: [],
      batch_discount: BATCH_DISCOUNT,
      ...routerMembers(id),
      ...(served ? { models: [...new Set(served)] } : {}),
    },
  };
}

function architecture(input: readonly string[], output: readonly string[], tokenizer: string): Record<string, unknown> {
  return { modality: `${input.join('+')}->${output.join('+')}`, input_modalities: input, output_modalities: output, tokenizer };
}

/** Members that OpenRouter's SDK requires of a model and that say nothing here. */
function routerMembers(id: string): Record<string, unknown> {
  return {
    canonical_slug: id,
    links: { details: `/v1/models/${id}` },
    default_parameters: null,
    per_request_limits: null,
    supported_voices: null,
  };
}

/** Decimal strings, USD per token. */
function pricing(rates: Rates, model: Model): Record<string, unknown> {
  return {
    ...ratesText(rates),
    ...(model.price.tiers.length === 0
      ? {}
      : { tiers: model.price.tiers.map((tier) => ({ above_input_tokens: tier.aboveInputTokens, ...ratesText(tier.rates) })) }),
  };
}

function ratesText(rates: Rates): Record<string, string> {
  return {
    prompt: formatUsdPerToken(rates.inputUncached),
    completion: formatUsdPerToken(rates.output),
    input_cache_read: formatUsdPerToken(rates.cacheRead),
    input_cache_write: formatUsdPerToken(rates.cacheWrite5m),
    input_cache_write_1h: formatUsdPerToken(rates.cacheWrite1h),
    request: formatUsdPerToken(rates.requests),
  };
}

function regionsOf(endpoints: readonly Endpoint[], snapshot: Snapshot): string[] {
  const all = [...snapshot.regions.keys()];
  const allowed = (rows: readonly string[] | null, region: string) => rows === null || rows.includes(region);
  return all.filter((region) =>
    endpoints.some((endpoint) => allowed(endpoint.regions, region) && allowed(endpoint.vendor.regions, region)),
  );
}
