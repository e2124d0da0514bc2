/** Orders: endpoints within a model, and models against each other. Pure; randomness is an argument. Lookups of health allocate nothing. */
import type { QualityTier } from '../../shared/chat.js';
import type { GroupRow } from '../../shared/snapshot.js';
import type { HealthView, Model } from '../types.js';
import type { Sort } from './resolve-model.js';
import type { EndpointOption, ModelFacts } from './routing-index.js';

export interface ModelOption {
  readonly model: Model;
  readonly facts: ModelFacts;
  readonly endpoints: readonly EndpointOption[];
  /** Pico-USD for this request, what customers pay. */
  readonly cost: number;
}

/** How far a vendor in trouble sinks: a success rate of 0.5 weighs a sixteenth. */
const HEALTH_POWER = 4;
/** Nothing is ever so bad that it cannot be tried last. */
const LEAST_RELIABILITY = 0.02;

/** 0.02 to 1: success, and the share that a 429 leaves. */
export function reliability(endpointId: string, health: HealthView): number {
  return Math.max(LEAST_RELIABILITY, health.successRate(endpointId) * health.share(endpointId));
}

/**
 * Endpoints of one model, best first. Without `sort`: a weighted draw, so that load spreads over vendors of the same price and a cheap
 * or healthy one gets most of it. `customer's order` stands above everything.
 */
export function orderEndpoints(
  options: readonly EndpointOption[],
  sort: Sort | undefined,
  health: HealthView,
  random: () => number,
): readonly EndpointOption[] {
  if (options.length === 1) return options;
  const ordered = [...options];
  const keys = options.length <= KEYS.length ? KEYS : new Float64Array(options.length);
  // By insertion: there are a handful, and nothing but the answer is allocated.
  for (const [count, option] of options.entries()) {
    const key = endpointKey(option, sort, health, random);
    let at = count;
    for (; at > 0; at--) {
      const before = ordered[at - 1];
      if (!before || !precedes(option, key, before, keys[at - 1] ?? 0)) break;
      ordered[at] = before;
      keys[at] = keys[at - 1] ?? 0;
    }
    ordered[at] = option;
    keys[at] = key;
  }
  return ordered;
}

/** Of the endpoints that are being ordered; overwritten by the next call. */
const KEYS = new Float64Array(32);

function precedes(one: EndpointOption, key: number, other: EndpointOption, otherKey: number): boolean {
  if (one.rank !== other.rank) return one.rank < other.rank;
  return key === otherKey ? one.endpoint.id < other.endpoint.id : key < otherKey;
}

/** Smaller is better. */
function endpointKey({ endpoint, facts }: EndpointOption, sort: Sort | undefined, health: HealthView, random: () => number): number {
  const reliable = reliability(endpoint.id, health);
  switch (sort) {
    case 'price':
      return (facts.typicalCost + 1) / reliable;
    case 'latency':
      return (health.firstTokenMs(endpoint.id) ?? UNMEASURED_FIRST_TOKEN_MS) / reliable;
    case 'throughput':
      return -(health.tokensPerSecond(endpoint.id) ?? UNMEASURED_TOKENS_PER_SECOND) * reliable;
    case undefined: {
      // Exponential keys: sorting by them is a draw without replacement by weight (Efraimidis and Spirakis, 2006).
      const weight = reliable ** HEALTH_POWER / (facts.typicalCost + 1) ** 2;
      return -Math.log(1 - random()) / weight;
    }
  }
}

/** A vendor that nobody measured stands in the middle: it gets its chance, and no more. */
const UNMEASURED_FIRST_TOKEN_MS = 1_000;
const UNMEASURED_TOKENS_PER_SECOND = 40;

/** Of two models at the same cost: the faster, then by name. */
export function breaksTie(one: ModelOption, other: ModelOption, health: HealthView): boolean {
  const ahead = latencyOf(one, health) - latencyOf(other, health);
  return ahead === 0 ? one.model.id < other.model.id : ahead < 0;
}

function latencyOf(option: ModelOption, health: HealthView): number {
  return health.firstTokenMs(bestEndpoint(option, health)) ?? UNMEASURED_FIRST_TOKEN_MS;
}

function bestEndpoint(option: ModelOption, health: HealthView): string {
  const [first] = option.endpoints;
  if (!first) return '';
  let best = first.endpoint.id;
  if (option.endpoints.length === 1) return best;
  let most = 0;
  for (const { endpoint } of option.endpoints) {
    const reliable = reliability(endpoint.id, health);
    if (reliable > most) {
      most = reliable;
      best = endpoint.id;
    }
  }
  return best;
}

/** Smaller is better; never less than the option's cost when the order is by cost. */
export function modelKey(option: ModelOption, sort: Sort | undefined, health: HealthView): number {
  const best = bestEndpoint(option, health);
  const reliable = reliability(best, health);
  if (sort === 'latency') return (health.firstTokenMs(best) ?? UNMEASURED_FIRST_TOKEN_MS) / reliable;
  if (sort === 'throughput') return -(health.tokensPerSecond(best) ?? UNMEASURED_TOKENS_PER_SECOND) * reliable;
  return option.cost / reliable;
}

/** Which tiers follow when the wanted one is down: up first, so that quality is kept, then down. */
const TIER_ORDER: Readonly<Record<QualityTier, readonly QualityTier[]>> = {
  frontier: ['frontier', 'standard', 'value'],
  standard: ['standard', 'frontier', 'value'],
  value: ['value', 'standard', 'frontier'],
};

/** A smart group: the tier's models in the operator's order, then the other tiers'. */
export function orderByTier(options: readonly ModelOption[], group: GroupRow, tier: QualityTier): ModelOption[] {
  const byName = new Map<string, ModelOption>();
  for (const option of options) {
    byName.set(option.model.id, option);
    for (const alias of option.model.aliases) byName.set(alias, option);
  }
  const ordered = new Set<ModelOption>();
  for (const next of TIER_ORDER[tier]) {
    for (const id of group.tiers[next]) {
      const option = byName.get(id);
      if (option) ordered.add(option);
    }
  }
  return [...ordered];
}

export function tierFor(score: number, thresholds: GroupRow['thresholds']): QualityTier {
  if (score >= thresholds.frontier) return 'frontier';
  return score >= thresholds.standard ? 'standard' : 'value';
}
