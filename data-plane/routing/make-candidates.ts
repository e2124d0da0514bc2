/** From ordered models to candidates: endpoints in order, a credential and a price for each, the customer's own keys first. */
import type { ByokRow } from '../../shared/access-document.js';
import { formatUsd, type NanoUsd } from '../../shared/money.js';
import type { Candidate, Credential, Endpoint, Snapshot } from '../types.js';
import { type WarmConversation, warmTokens } from './affinity.js';
import { droppedMembers } from './capabilities.js';
import { byokRows, drawHouse, isOwnOnly, openOwn } from './choose-credential.js';
import { costCeiling, expectedCost, type Sizes, sizesAt } from './estimate-cost.js';
import type { ExclusionCode } from './exclusions.js';
import type { Inquiry } from './list-options.js';
import type { Sort } from './resolve-model.js';
import { type EndpointFacts, type EndpointOption, SANDBOX_VENDOR } from './routing-index.js';
import { type ModelOption, orderEndpoints } from './strategies.js';

/** More attempts than this outlast any client's patience. */
export const MAX_CANDIDATES = 10;

export interface Draft {
  readonly candidate: Candidate;
  readonly sizes: Sizes;
  readonly facts: EndpointFacts;
  /** Input tokens expected from a cache. */
  readonly warm: number;
}

export interface PlanLimits {
  readonly models: number;
  readonly endpointsOfOne: number;
}

/** Takes models in order, until the plan has enough. */
export class CandidateList {
  /** Best first. */
  readonly drafts: Draft[] = [];
  readonly #rows: readonly ByokRow[];
  #cheapestRefused: NanoUsd | undefined;
  #models = 0;

  constructor(
    private readonly inquiry: Inquiry,
    private readonly limits: PlanLimits,
    private readonly maxCost: NanoUsd | undefined,
    private readonly random: () => number,
  ) {
    this.#rows = byokRows(inquiry.principal);
  }

  get isFull(): boolean {
    return this.#models >= this.limits.models || this.drafts.length >= MAX_CANDIDATES;
  }

  /** The lowest ceiling that `max_cost` refused. */
  get cheapestRefused(): NanoUsd | undefined {
    return this.#cheapestRefused;
  }

  add(option: ModelOption, sort: Sort | undefined): void {
    const { inquiry, drafts } = this;
    const before = drafts.length;
    const places = placeWarmFirst(orderEndpoints(option.endpoints, sort, inquiry.health, this.random), inquiry.warm);
    if (this.#rows.length === 0) this.#addHouse(option, places, before, false);
    else this.#addWithOwn(option, places, before);
    if (drafts.length > before) this.#models += 1;
  }

  #addWithOwn(option: ModelOption, places: readonly EndpointOption[], before: number): void {
    const { principal, snapshot, exclusions } = this.inquiry;
    const only = places.some(({ endpoint }) => isOwnOnly(this.#rows, endpoint));
    for (const place of places) {
      const credential = openOwn(this.#rows, place.endpoint, principal, snapshot);
      if (credential) this.#try(option, place, credential, before);
      else if (only) exclusions.add(option.model.id, place.endpoint.vendorId, 'byok_only');
    }
    // Somebody who brings a key wants a real answer or an error, never the sandbox's.
    if (!only) this.#addHouse(option, places, before, this.drafts.length > before);
  }

  #addHouse(option: ModelOption, places: readonly EndpointOption[], before: number, noSandbox: boolean): void {
    const { snapshot, exclusions, health } = this.inquiry;
    for (const place of places) {
      const { endpoint } = place;
      if (this.drafts.length - before >= this.limits.endpointsOfOne) return;
      if (noSandbox && endpoint.vendorId === SANDBOX_VENDOR) continue;
      const credential = drawHouse(endpoint, snapshot, health, this.random);
      if (credential) this.#try(option, place, credential, before);
      else if (!this.#hasOwn(endpoint, before)) exclusions.add(option.model.id, endpoint.vendorId, whyNoHouse(endpoint, snapshot));
    }
  }

  #hasOwn(endpoint: Endpoint, before: number): boolean {
    return this.drafts.slice(before).some(({ candidate }) => candidate.endpoint === endpoint);
  }

  #try(option: ModelOption, place: EndpointOption, credential: Credential, before: number): void {
    if (this.drafts.length - before >= this.limits.endpointsOfOne) return;
    const draft = draftOf(option, place, credential, this.inquiry, this.drafts.at(-1));
    const { ceiling } = draft.candidate;
    if (this.maxCost === undefined || ceiling <= this.maxCost) {
      this.drafts.push(draft);
      return;
    }
    this.inquiry.exclusions.add(option.model.id, place.endpoint.vendorId, 'over_max_cost', `up to $${formatUsd(ceiling)}`);
    if (this.#cheapestRefused === undefined || ceiling < this.#cheapestRefused) this.#cheapestRefused = ceiling;
  }
}

function whyNoHouse({ vendorId }: Endpoint, { credentials }: Snapshot): ExclusionCode {
  return credentials.has(vendorId) ? 'credential_resting' : 'no_credential';
}

function draftOf(option: ModelOption, place: EndpointOption, credential: Credential, inquiry: Inquiry, last: Draft | undefined): Draft {
  const { model } = option;
  const { endpoint, facts } = place;
  const { multiplier } = inquiry.principal;
  const byok = credential.owner === 'byok';
  const warm = inquiry.warm?.endpointId === endpoint.id ? warmTokens(inquiry.warm, model.id) : 0;
  // Customers pay by the model, so its endpoints cost the same where their limits are.
  const alike = last?.candidate.model === model && last.candidate.byok === byok && isAlike(last.facts, facts) ? last : undefined;
  const sizes = alike ? alike.sizes : sizesAt(option.facts, facts, inquiry.estimate, inquiry.demand);
  const candidate: Candidate = {
    model,
    endpoint,
    credential,
    byok,
    expectedCost: alike?.warm === warm ? alike.candidate.expectedCost : expectedCost(option, sizes, warm, byok, multiplier),
    ceiling: alike ? alike.candidate.ceiling : costCeiling(model, sizes, inquiry.demand.writesCache, byok, multiplier),
    dropped: droppedMembers(inquiry.needs, endpoint, facts.abilities),
  };
  const siblings = byok ? undefined : inquiry.snapshot.credentials.get(endpoint.vendorId);
  return { candidate: siblings && siblings.length > 1 ? { ...candidate, siblings } : candidate, sizes, facts, warm };
}

/** What of an endpoint decides how large an answer may be. */
function isAlike(one: EndpointFacts, other: EndpointFacts): boolean {
  return one.maxOutputTokens === other.maxOutputTokens && one.abilities.reasoning === other.abilities.reasoning;
}

/** The customer's own order stands above the cache. */
function placeWarmFirst(options: readonly EndpointOption[], warm: WarmConversation | undefined): readonly EndpointOption[] {
  if (warm === undefined) return options;
  const at = options.findIndex(({ endpoint }) => endpoint.id === warm.endpointId);
  const place = options[at];
  const leader = options[0];
  if (!place || !leader || at === 0 || place.rank > leader.rank) return options;
  return [place, ...options.slice(0, at), ...options.slice(at + 1)];
}
