/**
 * Facts of models and endpoints in the form that planning reads fastest: capability masks, limits, prices as doubles (for ordering
 * only; amounts are computed in bigint). Derived once per object: a snapshot is immutable, so the facts go when it goes.
 */
import type { Rates } from '../../shared/money.js';
import type { Capabilities, VendorRow } from '../../shared/snapshot.js';
import type { Endpoint, Model, Snapshot } from '../types.js';
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

const modelFacts = new WeakMap<Model, ModelFacts>();
const endpointFacts = new WeakMap<Endpoint, EndpointFacts>();
const sandboxEndpoints = new WeakMap<Model, Endpoint>();
const choices = new WeakMap<Snapshot, readonly Model[]>();

export function factsOfModel(model: Model): ModelFacts {
  const known = modelFacts.get(model);
  if (known) return known;
  const facts = {
    rates: approximate(model.price.rates),
    tiers: model.price.tiers.map((tier) => ({ above: tier.aboveInputTokens, rates: approximate(tier.rates) })),
    tokenFactor: Math.min(2, Math.max(0.7, REFERENCE_BYTES_PER_TOKEN / Math.max(1, model.bytesPerTokenHundredths))),
    unpriced: model.price.rates.inputUncached === 0n && model.price.rates.output === 0n && model.price.rates.requests === 0n,
  };
  modelFacts.set(model, facts);
  return facts;
}

export function factsOfEndpoint(model: Model, endpoint: Endpoint): EndpointFacts {
  const known = endpointFacts.get(endpoint);
  if (known) return known;
  const abilities = abilitiesOf(model, endpoint);
  const cost = approximate(endpoint.cost);
  const facts = {
    abilities,
    mask: maskOf(abilities),
    contextTokens: endpoint.contextTokens ?? model.contextTokens,
    maxOutputTokens: endpoint.maxOutputTokens ?? model.maxOutputTokens,
    typicalCost: 3 * cost.input + cost.output + cost.request / 1_000,
  };
  endpointFacts.set(endpoint, facts);
  return facts;
}

function approximate(rates: Rates): ApproximateRates {
  return {
    input: Number(rates.inputUncached),
    cacheRead: Number(rates.cacheRead),
    output: Number(rates.output),
    request: Number(rates.requests),
  };
}

/** What `auto` may choose from: the operator's floor and the catalogue's marks are applied once per revision. */
export function autoChoices(snapshot: Snapshot): readonly Model[] {
  const known = choices.get(snapshot);
  if (known) return known;
  const models = snapshot.models.filter((model) => autoRefusal(model, snapshot) === undefined);
  choices.set(snapshot, models);
  return models;
}

const TIER_RANK = { value: 0, standard: 1, frontier: 2 } as const;

export function autoRefusal(model: Model, snapshot: Snapshot): 'disabled' | 'deprecated' | 'unpriced' | 'below_quality_floor' | undefined {
  if (!model.enabled) return 'disabled';
  if (model.deprecated) return 'deprecated';
  if (factsOfModel(model).unpriced) return 'unpriced';
  return TIER_RANK[model.tier] < TIER_RANK[snapshot.settings.autoFloor] ? 'below_quality_floor' : undefined;
}

/** The endpoints that may serve this kind of key. Test keys get the sandbox for any model; live keys get it only where nobody else is. */
export function endpointsFor(model: Model, test: boolean, snapshot: Snapshot): readonly Endpoint[] {
  const endpoints = snapshot.endpointsByModel.get(model.id) ?? [];
  if (!test) {
    const real = endpoints.filter((endpoint) => endpoint.vendorId !== SANDBOX_VENDOR);
    return real.length > 0 ? real : endpoints;
  }
  const own = endpoints.filter((endpoint) => endpoint.vendorId === SANDBOX_VENDOR);
  const vendor = snapshot.vendors.get(SANDBOX_VENDOR);
  return own.length > 0 || !vendor?.enabled ? own : [sandboxEndpoint(model, vendor)];
}

const FREE: Rates = { inputUncached: 0n, cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 0n, requests: 0n };

function sandboxEndpoint(model: Model, vendor: VendorRow): Endpoint {
  const known = sandboxEndpoints.get(model);
  if (known?.vendor === vendor) return known;
  const endpoint: Endpoint = {
    id: `${SANDBOX_VENDOR}/${model.id}`,
    modelId: model.id,
    vendorId: SANDBOX_VENDOR,
    upstreamModel: model.id,
    enabled: true,
    regions: null,
    cost: FREE,
    vendor,
  };
  sandboxEndpoints.set(model, endpoint);
  return endpoint;
}
