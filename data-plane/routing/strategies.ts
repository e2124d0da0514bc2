/** Orders: endpoints within a model, and models against each other. Pure; randomness is an argument. Lookups of health allocate nothing. */
import type { QualityTier } from '../../shared/chat.js';
import type { GroupRow } from '../../shared/snapshot.js';
import type { HealthView, Model } from '../types.js';
import type { Sort } from './resolve-model.js';
import type { EndpointOption, ModelEntry, ModelFacts } from './routing-index.js';

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
): EndpointOption[] {
  if (options.length === 1) return [...options];
  const keyed = options.map((option) => ({ option, key: endpointKey(option, sort, health, random) }));
  keyed.sort((one, other) => one.option.rank - other.option.rank || one.key - other.key || compare(one.option, other.option));
  return keyed.map(({ option }) => option);
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

function compare(one: EndpointOption, other: EndpointOption): number {
  return one.endpoint.id < other.endpoint.id ? -1 : 1;
}

/**
 * `auto`: cheapest for this request first; a vendor in trouble makes its model dearer; ties by health, latency, name. Lazy: a model is
 * judged only when its cost, which no health can lower, is the least that is left; so of hundreds a few are looked at.
 */
export function* orderByCost(
  entries: readonly ModelEntry[],
  costOf: (entry: ModelEntry) => number,
  judge: (entry: ModelEntry) => ModelOption | undefined,
  sort: Sort | undefined,
  health: HealthView,
): Generator<ModelOption> {
  const byCost = sort === undefined || sort === 'price';
  const keys = Float64Array.from(entries, (entry) => (byCost ? costOf(entry) : UNJUDGED));
  const judged: (ModelOption | undefined)[] = [];
  for (;;) {
    const least = leastOf(keys, judged, health);
    const entry = entries[least];
    if (!entry) return;
    const option = judged[least];
    if (option) {
      keys[least] = TAKEN;
      yield option;
    } else {
      const found = judge(entry);
      judged[least] = found;
      keys[least] = found ? modelKey(found, bestEndpoint(found, health), sort, health) : TAKEN;
    }
  }
}

/** Where the least key stands, -1 when all are taken. Of equal keys the unjudged comes first: it may yet turn out worse. */
function leastOf(keys: Float64Array, judged: readonly (ModelOption | undefined)[], health: HealthView): number {
  let least = -1;
  let lowest = TAKEN;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] ?? TAKEN;
    if (key > lowest || key === TAKEN) continue;
    if (key === lowest && !(judged[least] && (!judged[at] || breaksTie(judged[at], judged[least], health)))) continue;
    least = at;
    lowest = key;
  }
  return least;
}

/** Below every key: to be judged before any is chosen. */
const UNJUDGED = Number.NEGATIVE_INFINITY;
const TAKEN = Number.POSITIVE_INFINITY;

function breaksTie(one: ModelOption | undefined, other: ModelOption | undefined, health: HealthView): boolean {
  if (!one || !other) return false;
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

function modelKey(option: ModelOption, best: string, sort: Sort | undefined, health: HealthView): number {
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
