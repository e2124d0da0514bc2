/** Selection x sources -> catalogue rows. Pure: the same facts give the same rows, sorted, so that a refresh shows only what changed. */
import type { VendorQuirks } from '../../../../shared/snapshot.js';
import type { CatalogueEndpoint, CatalogueModel, CatalogueRates, CatalogueTier } from '../data/catalogue-model.js';
import {
  ALIASES,
  ALSO_AT,
  DEPRECATED,
  FIRST_PARTY,
  type FirstParty,
  HOSTED,
  type Hosted,
  INHERITED,
  KEEP,
  PRICES,
  REQUEST_FEES,
  tierOf,
} from './selection.js';
import type { SourceModel, SourceRates } from './sources.js';

export function buildCatalogue(sources: readonly SourceModel[]): CatalogueModel[] {
  const rows = [
    ...FIRST_PARTY.flatMap((party) => firstPartyRows(party, sources)),
    ...HOSTED.flatMap((hosted) => hostedRow(hosted, sources)),
  ];
  const byId = new Map<string, CatalogueModel>();
  for (const row of rows) if (!byId.has(row.id)) byId.set(row.id, row);
  const taken = new Set(byId.keys());
  return [...byId.values()]
    .sort((left, right) => (left.ownedBy === right.ownedBy ? compare(left.id, right.id) : compare(left.ownedBy, right.ownedBy)))
    .map((row) => ({ ...row, aliases: row.aliases.filter((alias) => !taken.has(alias) && taken.add(alias)) }));
}

function firstPartyRows(party: FirstParty, sources: readonly SourceModel[]): CatalogueModel[] {
  const own = sources.filter((model) => isFrom(model, party));
  const ids = new Set(own.map((model) => model.id));
  return [...ids].flatMap((id) => {
    const kept = KEEP.some(([vendor, model]) => vendor === party.vendor && model === id);
    if (!kept && party.exclude?.test(id)) return [];
    const facts = own.filter((model) => model.id === id);
    const priced = facts.find((model) => model.rates && model.rates.input > 0 && model.rates.output > 0);
    if (!priced?.rates || (!kept && facts.some((model) => model.deprecated))) return [];
    const endpoints = [endpoint(party.vendor, id, quirksOf(party.vendor, id, facts)), ...endpointsElsewhere(id, priced.rates, sources)];
    return [row({ id, ownedBy: party.ownedBy, tokenizer: party.tokenizer, facts, priced, endpoints, sources })];
  });
}

function hostedRow(hosted: Hosted, sources: readonly SourceModel[]): CatalogueModel[] {
  const found = hosted.endpoints.flatMap(([vendor, id]) => {
    const facts = sources.filter((model) => model.provider === vendor && model.id === id);
    const priced = facts.find((model) => model.rates && model.rates.input > 0 && model.rates.output > 0);
    return priced?.rates ? [{ vendor, id, facts, priced, rates: priced.rates }] : [];
  });
  const first = found[0];
  if (!first) return [];
  const endpoints = found.map(({ vendor, id, facts, rates }) =>
    endpoint(vendor, id, quirksOf(vendor, id, facts), differing(rates, first.rates)),
  );
  const also = endpointsElsewhere(hosted.id, first.rates, sources);
  const tokenizer = hosted.tokenizer ?? (hosted.ownedBy === 'openai' ? 'GPT' : 'Other');
  return [
    row({
      id: hosted.id,
      ownedBy: hosted.ownedBy,
      tokenizer,
      facts: first.facts,
      priced: first.priced,
      endpoints: [...endpoints, ...also],
      sources,
    }),
  ];
}

interface RowFacts {
  readonly id: string;
  readonly ownedBy: string;
  readonly tokenizer: string;
  readonly facts: readonly SourceModel[];
  readonly priced: SourceModel;
  readonly endpoints: readonly CatalogueEndpoint[];
  readonly sources: readonly SourceModel[];
}

function row({ id, ownedBy, tokenizer, facts, priced, endpoints, sources }: RowFacts): CatalogueModel {
  const first = <K extends keyof SourceModel>(key: K): SourceModel[K] | undefined => facts.find((model) => model[key] !== undefined)?.[key];
  const routerId = `${ownedBy}/${id}`;
  // OpenRouter writes Claude's versions with a dot.
  const dotted = ownedBy === 'anthropic' ? routerId.replace(/-(\d)-(\d)$/, '-$1.$2') : routerId;
  const router = sources.find(
    (model) => model.provider === 'openrouter' && (model.id === routerId || model.id === dotted || model.id === id),
  );
  const inherited = INHERITED.filter(({ models }) => models.test(id));
  const input = inputModalities([...facts, ...(router ? [router] : []), ...inherited]);
  const reviewed = PRICES[id];
  const rates = reviewed ?? priced.rates ?? { input: 0, output: 0 };
  const fee = REQUEST_FEES[id];
  const aliases = [...(ALIASES[id] ?? []), ...(id.includes('/') ? [] : [routerId, ...(dotted === routerId ? [] : [dotted])])];
  return {
    id,
    name: (first('name') ?? id).replace(/^[^:]{2,20}: /, ''),
    description: describe(router?.description, first('name') ?? id, ownedBy),
    ownedBy,
    released: first('released') ?? router?.released ?? '2026-10-01',
    aliases: [...new Set(aliases)].filter((alias) => alias !== id),
    tier: tierOf(id, rates.output),
    deprecated: DEPRECATED.test(id),
    // pi-ai gives the window below the long-context tier where there is one; the larger figure is the limit.
    contextTokens: Math.max(0, ...[...facts, ...inherited].map((known) => known.context ?? 0)) || (router?.context ?? 128_000),
    maxOutputTokens: Math.min(
      priced.maxOutput ?? first('maxOutput') ?? router?.maxOutput ?? 8_192,
      priced.context ?? Number.MAX_SAFE_INTEGER,
    ),
    input,
    output: ['text'],
    tokenizer,
    can: capabilitiesOf(ownedBy, facts, router, input).filter(
      (name) => name !== 'temperature' || !inherited.some(({ temperature }) => temperature === false),
    ),
    price: { ...publishedRates(rates, ownedBy), ...(fee ? { perThousandRequests: fee } : {}) },
    tiers: (priced.tiers ?? []).map((tier): CatalogueTier => ({ aboveInputTokens: tier.above, ...publishedRates(tier, ownedBy) })),
    endpoints,
    source: reviewed?.source ?? priced.source,
  };
}

const PUBLIC_INPUTS = ['text', 'image', 'audio', 'video', 'file'];

function inputModalities(facts: readonly Pick<SourceModel, 'input'>[]): string[] {
  const named = new Set(facts.flatMap((model) => model.input ?? []).map((name) => (name === 'pdf' ? 'file' : name)));
  return PUBLIC_INPUTS.filter((name) => name === 'text' || named.has(name));
}

/** What the owner's vendors do for all their chat models, where no source says it of one. */
const JSON_SCHEMA_OWNERS = new Set(['openai', 'anthropic', 'google', 'x-ai', 'mistralai', 'moonshotai', 'perplexity', 'cohere', 'minimax']);
const LOGPROB_OWNERS = new Set(['openai', 'deepseek', 'x-ai', 'google']);
const CHOICE_OWNERS = new Set(['openai', 'google', 'mistralai', 'x-ai', 'moonshotai']);

function capabilitiesOf(
  ownedBy: string,
  facts: readonly SourceModel[],
  router: SourceModel | undefined,
  input: readonly string[],
): string[] {
  const all = router ? [...facts, router] : facts;
  const known = (key: 'tools' | 'structuredOutput') => all.map((model) => model[key]).filter((value) => value !== undefined);
  const tools = known('tools').length === 0 || known('tools').some(Boolean);
  const reasoning = all.some((model) => model.reasoning);
  const jsonSchema = known('structuredOutput').some(Boolean) || JSON_SCHEMA_OWNERS.has(ownedBy);
  const noTemperature = facts.some((model) => model.temperature === false) || (ownedBy === 'openai' && reasoning);
  const holds: Record<string, boolean> = {
    tools,
    parallelTools: tools,
    imageInput: input.includes('image'),
    audioInput: input.includes('audio'),
    fileInput: input.includes('file'),
    jsonObject: jsonSchema || !all.some((model) => model.parameters && !model.parameters.includes('response_format')),
    jsonSchema,
    reasoning,
    logprobs: LOGPROB_OWNERS.has(ownedBy) && !(ownedBy === 'openai' && reasoning),
    multipleChoices: CHOICE_OWNERS.has(ownedBy),
    temperature: !noTemperature,
    promptCache: facts.some((model) => model.rates?.cacheRead !== undefined),
  };
  return Object.keys(holds).filter((name) => holds[name]);
}

function endpointsElsewhere(id: string, price: SourceRates, sources: readonly SourceModel[]): CatalogueEndpoint[] {
  return ALSO_AT.filter(([model]) => model === id).flatMap(([, vendor, upstream]) => {
    const provider = { vertex: 'google-vertex' }[vendor] ?? vendor;
    const facts = sources.filter((model) => model.provider === provider && model.id === upstream);
    const priced = facts.find((model) => model.rates);
    if (!priced && vendor !== 'azure') return [];
    return [endpoint(vendor, upstream, quirksOf(vendor, upstream, facts), priced?.rates ? differing(priced.rates, price) : undefined)];
  });
}

function endpoint(vendor: string, model: string, quirks: VendorQuirks | undefined, cost?: CatalogueRates): CatalogueEndpoint {
  return { vendor, model, ...(cost ? { cost } : {}), ...(quirks ? { quirks } : {}) };
}

/** What one model needs beyond its vendor's quirks. */
function quirksOf(vendor: string, id: string, facts: readonly SourceModel[]): VendorQuirks | undefined {
  const reasoning = facts.some((model) => model.reasoning);
  const efforts = (facts.find((model) => model.efforts && model.source.startsWith('models.dev')) ?? facts.find((model) => model.efforts))
    ?.efforts;
  const named = efforts ? { efforts } : {};
  if (vendor === 'anthropic' || vendor === 'minimax') {
    const adaptive = facts.some((model) => model.adaptiveThinking) || facts.some((model) => model.temperature === false);
    if (!reasoning) return undefined;
    return adaptive ? { reasoning: 'anthropic_adaptive', ...named } : { reasoning: 'anthropic_budget' };
  }
  if (vendor === 'google' || vendor === 'vertex') {
    if (!reasoning) return undefined;
    return /gemini-[12]/.test(id) ? { reasoning: 'gemini_budget' } : { reasoning: 'gemini_level', ...named };
  }
  if (!reasoning && (vendor === 'openai' || vendor === 'azure')) return { reasoning: 'none' };
  return efforts ? named : undefined;
}

function publishedRates(rates: SourceRates, ownedBy: string): CatalogueRates {
  return {
    input: decimal(rates.input),
    output: decimal(rates.output),
    ...(rates.cacheRead === undefined ? {} : { cacheRead: decimal(rates.cacheRead) }),
    ...(rates.cacheWrite === undefined ? {} : { cacheWrite5m: decimal(rates.cacheWrite) }),
    // Anthropic's price list: a one-hour cache write is twice the input price.
    ...(ownedBy === 'anthropic' ? { cacheWrite1h: decimal(rates.input * 2) } : {}),
  };
}

function differing(cost: SourceRates | undefined, price: SourceRates): CatalogueRates | undefined {
  if (!cost) return undefined;
  const same = cost.input === price.input && cost.output === price.output && cost.cacheRead === price.cacheRead;
  return same ? undefined : publishedRates(cost, '');
}

function describe(text: string | undefined, name: string, ownedBy: string): string {
  const plain = (text ?? `${name} by ${ownedBy}.`)
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  if (plain.length <= 240) return plain;
  const cut = plain.slice(0, 240);
  const sentence = cut.lastIndexOf('. ');
  return sentence > 80 ? cut.slice(0, sentence + 1) : `${cut.slice(0, cut.lastIndexOf(' '))} ...`;
}

/** At most 6 places, no exponent, no trailing zeros: 0.1, 1.25, 6. */
function decimal(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '');
}

function isFrom(model: SourceModel, party: FirstParty): boolean {
  return model.source.startsWith('pi-ai') ? model.provider === party.piAi : model.provider === party.modelsDev;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
