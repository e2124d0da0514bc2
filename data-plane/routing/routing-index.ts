/**
 * A snapshot in the form that planning reads fastest: capability masks, limits, prices as doubles (for ordering only; amounts are
 * computed in bigint), and what `auto` may choose from. Derived at the first request of a revision; gone when the snapshot is.
 */
import type { Rates } from '../../shared/money.js';
import type { Capabilities, VendorRow } from '../../shared/snapshot.js';
import type { Endpoint, Model, Snapshot } from '../types.js';
import { AutoTable } from './auto-table.js';
import { abilitiesOf, maskOf } from './capabilities.js';

/** Test keys are served here, and nowhere else. */
export const SANDBOX_VENDOR = 'sandbox';

/** Pico-USD per token, as doubles. */
export interface ApproximateRates {
  readonly input: number;
  readonly cacheRead: number;
  readonly output: number;
  readonly request: number;
}

export interface ModelFacts {
  readonly rates: ApproximateRates;
  readonly tiers: readonly { readonly above: number; readonly rates: ApproximateRates }[];
  /** Tokens here for one token of the reference tokenizer (o200k). */
  readonly tokenFactor: number;
  readonly unpriced: boolean;
}

export interface EndpointOption {
  readonly endpoint: Endpoint;
  readonly facts: EndpointFacts;
  /** Place in the customer's `provider.order`; 0 for all when there is none. */
  readonly rank: number;
}

export interface ModelEntry {
  readonly model: Model;
  readonly facts: ModelFacts;
  /** The model's own facts, whoever serves: what its cost is compared by. */
  readonly reference: Pick<EndpointFacts, 'abilities' | 'maxOutputTokens'>;
  /** What live keys get: the sandbox only where the house has no credential of a real vendor. */
  readonly live: readonly EndpointOption[];
}

export interface EndpointFacts {
  readonly abilities: Capabilities;
  readonly mask: number;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** The operator's cost of a typical token (three of input for one of output). */
  readonly typicalCost: number;
}

/** UTF-8 bytes per token of English prose in o200k, hundredths: what `bytesPerTokenHundredths` is compared with. */
const REFERENCE_BYTES_PER_TOKEN = 440;

const indexes = new WeakMap<Snapshot, RoutingIndex>();

export function indexOf(snapshot: Snapshot): RoutingIndex {
  const known = indexes.get(snapshot);
  if (known) return known;
  const index = new RoutingIndex(snapshot);
  indexes.set(snapshot, index);
  return index;
}

export class RoutingIndex {
  /** The operator's floor and the catalogue's marks are applied once per revision. */
  readonly auto: AutoTable;
  /** The same for keys that may not use every model, by their list. */
  readonly #narrowed = new WeakMap<readonly string[], AutoTable>();
  readonly #entries = new Map<Model, ModelEntry>();
  readonly #test = new Map<Model, readonly EndpointOption[]>();

  constructor(private readonly snapshot: Snapshot) {
    for (const model of snapshot.models) this.#entries.set(model, entryOf(model, snapshot));
    this.auto = new AutoTable([...this.#entries.values()].filter((entry) => autoRefusal(entry, snapshot) === undefined));
  }

  /** `model` is one of the snapshot's. */
  entry(model: Model): ModelEntry {
    return this.#entries.get(model) ?? entryOf(model, this.snapshot);
  }

  /** What is left of `auto` for a key; `allowed` is the list in its policy. */
  autoWithin(allowed: readonly string[], isAllowed: (model: Model) => boolean): AutoTable {
    const known = this.#narrowed.get(allowed);
    if (known) return known;
    const narrowed = new AutoTable(this.auto.entries.filter(({ model }) => isAllowed(model)));
    this.#narrowed.set(allowed, narrowed);
    return narrowed;
  }

  /** Test keys get the sandbox, for any model, and nothing else. */
  testEndpoints(model: Model): readonly EndpointOption[] {
    const known = this.#test.get(model);
    if (known) return known;
    const own = (this.snapshot.endpointsByModel.get(model.id) ?? []).filter((endpoint) => endpoint.vendorId === SANDBOX_VENDOR);
    const vendor = this.snapshot.vendors.get(SANDBOX_VENDOR);
    const endpoints = own.length > 0 || !vendor?.enabled ? own : [sandboxEndpoint(model, vendor)];
    const options = endpoints.map((endpoint) => optionOf(model, endpoint));
    this.#test.set(model, options);
    return options;
  }
}

function entryOf(model: Model, snapshot: Snapshot): ModelEntry {
  const endpoints = snapshot.endpointsByModel.get(model.id) ?? [];
  const real = endpoints.filter((endpoint) => endpoint.vendorId !== SANDBOX_VENDOR);
  // A vendor without a credential of the house serves those who bring their own; for the others there is the sandbox, where it is.
  const served = real.some((endpoint) => snapshot.credentials.has(endpoint.vendorId));
  return {
    model,
    facts: factsOfModel(model),
    reference: { abilities: model.capabilities, maxOutputTokens: model.maxOutputTokens },
    live: (served ? real : endpoints).map((endpoint) => optionOf(model, endpoint)),
  };
}

function factsOfModel(model: Model): ModelFacts {
  const { rates, tiers } = model.price;
  return {
    rates: approximate(rates),
    tiers: tiers.map((tier) => ({ above: tier.aboveInputTokens, rates: approximate(tier.rates) })),
    tokenFactor: Math.min(2, Math.max(0.7, REFERENCE_BYTES_PER_TOKEN / Math.max(1, model.bytesPerTokenHundredths))),
    unpriced: rates.inputUncached === 0n && rates.output === 0n && rates.requests === 0n,
  };
}

function optionOf(model: Model, endpoint: Endpoint): EndpointOption {
  const abilities = abilitiesOf(model, endpoint);
  const cost = approximate(endpoint.cost);
  const facts = {
    abilities,
    mask: maskOf(abilities),
    contextTokens: endpoint.contextTokens ?? model.contextTokens,
    maxOutputTokens: endpoint.maxOutputTokens ?? model.maxOutputTokens,
    typicalCost: 3 * cost.input + cost.output + cost.request / 1_000,
  };
  return { endpoint, facts, rank: 0 };
}

function approximate(rates: Rates): ApproximateRates {
  return {
    input: Number(rates.inputUncached),
    cacheRead: Number(rates.cacheRead),
    output: Number(rates.output),
    request: Number(rates.requests),
  };
}

const TIER_RANK = { value: 0, standard: 1, frontier: 2 } as const;

/** Why `auto` never takes this model, whatever the request. */
export function autoRefusal(
  entry: ModelEntry,
  snapshot: Snapshot,
): 'disabled' | 'deprecated' | 'unpriced' | 'below_quality_floor' | undefined {
  const { model } = entry;
  if (!model.enabled) return 'disabled';
  if (model.deprecated) return 'deprecated';
  if (entry.facts.unpriced) return 'unpriced';
  return TIER_RANK[model.tier] < TIER_RANK[snapshot.settings.autoFloor] ? 'below_quality_floor' : undefined;
}

const FREE: Rates = { inputUncached: 0n, cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 0n, requests: 0n };

function sandboxEndpoint(model: Model, vendor: VendorRow): Endpoint {
  return {
    id: `${SANDBOX_VENDOR}/${model.id}`,
    modelId: model.id,
    vendorId: SANDBOX_VENDOR,
    upstreamModel: model.id,
    enabled: true,
    regions: null,
    cost: FREE,
    vendor,
  };
}

/** The endpoints that may serve this kind of key: what `/v1/models` shows of a model. */
export function endpointsFor(model: Model, test: boolean, snapshot: Snapshot): readonly Endpoint[] {
  const index = indexOf(snapshot);
  const options = test ? index.testEndpoints(model) : index.entry(model).live;
  return options.map((option) => option.endpoint);
}
