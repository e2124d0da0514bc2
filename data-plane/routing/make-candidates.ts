/** From ordered models to candidates: endpoints in order, a credential and a price for each, the customer's own keys first. */
import { formatUsd, type NanoUsd } from '../../shared/money.js';
import type { Candidate, Credential, Endpoint, Snapshot } from '../types.js';
import { type WarmConversation, warmTokens } from './affinity.js';
import { droppedMembers } from './capabilities.js';
import { byokRows, drawHouse, isOwnOnly, openOwn } from './choose-credential.js';
import { costCeiling, expectedCost, type Sizes, sizesAt } from './estimate-cost.js';
import type { ExclusionCode } from './exclusions.js';
import type { Inquiry } from './list-options.js';
import type { Sort } from './resolve-model.js';
import { type EndpointOption, SANDBOX_VENDOR } from './routing-index.js';
import { type ModelOption, orderEndpoints } from './strategies.js';

/** More attempts than this outlast any client's patience. */
export const MAX_CANDIDATES = 10;

export interface Draft {
  readonly candidate: Candidate;
  readonly sizes: Sizes;
  /** Input tokens expected from a cache. */
  readonly warm: number;
}

/** A model in line, with the order that its endpoints are to have. */
export interface RankedOption {
  readonly option: ModelOption;
  readonly sort: Sort | undefined;
}

export interface PlanLimits {
  readonly models: number;
  readonly endpointsOfOne: number;
}

export interface MadeCandidates {
  /** Best first. */
  readonly drafts: readonly Draft[];
  /** The lowest ceiling that `max_cost` refused. */
  readonly cheapestRefused: NanoUsd | undefined;
}

/** `models` may be lazy: no more of it is taken than the plan needs. */
export function makeCandidates(
  inquiry: Inquiry,
  models: Iterable<RankedOption>,
  limits: PlanLimits,
  maxCost: NanoUsd | undefined,
  random: () => number,
): MadeCandidates {
  const { preferences, principal, snapshot, exclusions } = inquiry;
  const rows = byokRows(principal);
  const drafts: Draft[] = [];
  let cheapestRefused: NanoUsd | undefined;
  let used = 0;
  for (const { option, sort } of models) {
    const own: Draft[] = [];
    const house: Draft[] = [];
    const only = option.endpoints.some(({ endpoint }) => isOwnOnly(rows, endpoint));
    for (const place of placeWarmFirst(orderEndpoints(option.endpoints, sort, inquiry.health, random), inquiry.warm)) {
      const { endpoint } = place;
      const credentials = {
        own: openOwn(rows, endpoint, principal, snapshot),
        house: only ? undefined : drawHouse(endpoint, snapshot, inquiry.health, random),
      };
      if (!credentials.own && !credentials.house) {
        exclusions.add(option.model.id, endpoint.vendorId, only ? 'byok_only' : whyNoHouse(endpoint, snapshot));
        continue;
      }
      for (const [list, credential] of [[own, credentials.own] as const, [house, credentials.house] as const]) {
        if (!credential) continue;
        const draft = draftOf(option, place, credential, inquiry, list.at(-1));
        const { ceiling } = draft.candidate;
        if (maxCost === undefined || ceiling <= maxCost) list.push(draft);
        else {
          exclusions.add(option.model.id, endpoint.vendorId, 'over_max_cost', `up to $${formatUsd(ceiling)}`);
          if (cheapestRefused === undefined || ceiling < cheapestRefused) cheapestRefused = ceiling;
        }
      }
    }
    // Somebody who brings a key wants a real answer or an error, never the sandbox's.
    const others = own.length > 0 ? house.filter(({ candidate }) => candidate.endpoint.vendorId !== SANDBOX_VENDOR) : house;
    if (own.length + others.length > 0) used += 1;
    drafts.push(...[...own, ...others].slice(0, limits.endpointsOfOne));
    if (used >= limits.models || drafts.length >= MAX_CANDIDATES) break;
  }
  // With an order, the vendors of the order are the only ones left; without one, the first is all.
  const kept = preferences.allowFallbacks || preferences.order.length > 0 ? MAX_CANDIDATES : 1;
  return { drafts: drafts.slice(0, kept), cheapestRefused };
}

function whyNoHouse({ vendorId }: Endpoint, { credentials }: Snapshot): ExclusionCode {
  return credentials.has(vendorId) ? 'credential_resting' : 'no_credential';
}

function draftOf(option: ModelOption, place: EndpointOption, credential: Credential, inquiry: Inquiry, last: Draft | undefined): Draft {
  const { model } = option;
  const { endpoint, facts } = place;
  const byok = credential.owner === 'byok';
  const siblings = byok ? undefined : inquiry.snapshot.credentials.get(endpoint.vendorId);
  const sizes = sizesAt(option.facts, facts, inquiry.estimate, inquiry.demand);
  const warm = inquiry.warm?.endpointId === endpoint.id ? warmTokens(inquiry.warm, model.id) : 0;
  // Customers pay by the model, so its endpoints cost the same where their limits are.
  const same = last?.candidate.model === model && last.candidate.byok === byok && last.warm === warm && isEqual(last.sizes, sizes);
  const prices = same ? last.candidate : pricesOf(option, sizes, warm, byok, inquiry);
  return {
    sizes,
    warm,
    candidate: {
      model,
      endpoint,
      credential,
      byok,
      expectedCost: prices.expectedCost,
      ceiling: prices.ceiling,
      dropped: droppedMembers(inquiry.needs, endpoint, facts.abilities),
      ...(siblings !== undefined && siblings.length > 1 && { siblings }),
    },
  };
}

function pricesOf(
  { model }: ModelOption,
  sizes: Sizes,
  warm: number,
  byok: boolean,
  { principal, demand }: Inquiry,
): Pick<Candidate, 'expectedCost' | 'ceiling'> {
  return {
    expectedCost: expectedCost(model, sizes, warm, byok, principal.multiplier),
    ceiling: costCeiling(model, sizes, demand.writesCache, byok, principal.multiplier),
  };
}

function isEqual(one: Sizes, other: Sizes): boolean {
  return one.outputExpected === other.outputExpected && one.outputUpper === other.outputUpper && one.input === other.input;
}

/** The customer's own order stands above the cache. */
function placeWarmFirst(options: EndpointOption[], warm: WarmConversation | undefined): EndpointOption[] {
  const at = warm === undefined ? -1 : options.findIndex(({ endpoint }) => endpoint.id === warm.endpointId);
  const place = options[at];
  const leader = options[0];
  if (!place || !leader || at === 0 || place.rank > leader.rank) return options;
  return [place, ...options.slice(0, at), ...options.slice(at + 1)];
}
