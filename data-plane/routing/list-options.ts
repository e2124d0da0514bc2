/** Which endpoints of which models could serve a request, and why the others could not. */
import type { HealthView, Model, Principal, Snapshot } from '../types.js';
import { type WarmConversation, warmTokens } from './affinity.js';
import { droppedMembers, type Needs } from './capabilities.js';
import { approximateCost, approximateRates, type OutputDemand } from './estimate-cost.js';
import type { TokenEstimate } from './estimate-tokens.js';
import type { Exclusions } from './exclusions.js';
import { isOverMaxPrice, type Preferences, rankOf, refuseVendor } from './provider-preferences.js';
import type { Wanted } from './resolve-model.js';
import { type EndpointOption, indexOf, type ModelEntry } from './routing-index.js';
import type { ModelOption } from './strategies.js';

/** Everything about one request that planning asks for more than once. */
export interface Inquiry {
  readonly principal: Principal;
  readonly snapshot: Snapshot;
  readonly health: HealthView;
  readonly exclusions: Exclusions;
  readonly estimate: TokenEstimate;
  readonly needs: Needs;
  readonly demand: OutputDemand;
  readonly preferences: Preferences;
  /** Where the conversation's prompt is cached, if going back there is allowed. */
  readonly warm: WarmConversation | undefined;
}

/** Capabilities (a mask) without which an endpoint is excluded. Where the choice is ours, a wish is a need: there is another model that can. */
export function neededFor(wanted: Wanted, { preferences, needs }: Inquiry): number {
  return wanted.kind !== 'model' || preferences.requireParameters ? needs.required | needs.wished : needs.required;
}

/** Pico-USD of this request at a model, as a double: what customers pay, whoever serves. */
export function costAt({ model, facts, reference }: ModelEntry, { estimate, demand, warm }: Inquiry): number {
  return approximateCost(facts, reference, Math.ceil(estimate.expected * facts.tokenFactor), demand, warmTokens(warm, model.id));
}

/** Judges one model: an option, or undefined with the reason among the exclusions. */
export function optionFor(entry: ModelEntry, needed: number, inquiry: Inquiry): ModelOption | undefined {
  const { model, facts } = entry;
  const inputTokens = Math.ceil(inquiry.estimate.expected * facts.tokenFactor);
  if (isOverMaxPrice(approximateRates(facts, inputTokens), inquiry.preferences)) {
    inquiry.exclusions.add(model.id, null, 'over_max_price');
    return undefined;
  }
  const offered = inquiry.principal.test ? indexOf(inquiry.snapshot).testEndpoints(model) : entry.live;
  if (offered.length === 0) {
    excludeUnoffered(model, inquiry);
    return undefined;
  }
  const endpoints = passing(model, offered, needed, inputTokens, inquiry);
  if (endpoints.length === 0) return undefined;
  const ordered = inquiry.preferences.order.length > 0 ? ranked(endpoints, inquiry.preferences) : endpoints;
  return { model, facts, endpoints: ordered, cost: costAt(entry, inquiry) };
}

/** The same list when all pass, as nearly always. */
function passing(
  model: Model,
  offered: readonly EndpointOption[],
  needed: number,
  inputTokens: number,
  inquiry: Inquiry,
): readonly EndpointOption[] {
  let kept: EndpointOption[] | undefined;
  for (const [at, option] of offered.entries()) {
    if (passes(model, option, needed, inputTokens, inquiry)) kept?.push(option);
    else kept ??= offered.slice(0, at);
  }
  return kept ?? offered;
}

function excludeUnoffered(model: Model, { exclusions, principal, snapshot }: Inquiry): void {
  const elsewhere = snapshot.endpointsElsewhere.get(model.id) ?? [];
  if (elsewhere.length === 0) exclusions.add(model.id, null, principal.test ? 'sandbox_only' : 'no_endpoint');
  for (const endpoint of elsewhere) exclusions.add(model.id, endpoint.vendorId, 'region');
}

function ranked(options: readonly EndpointOption[], preferences: Preferences): EndpointOption[] {
  return options.map((option) => ({ ...option, rank: rankOf(option.endpoint.vendor, preferences) }));
}

function passes(model: Model, { endpoint, facts }: EndpointOption, needed: number, inputTokens: number, inquiry: Inquiry): boolean {
  const { exclusions, needs, preferences } = inquiry;
  const unwanted = refuseVendor(endpoint.vendor, preferences);
  if (unwanted) {
    exclusions.add(model.id, endpoint.vendorId, unwanted);
    return false;
  }
  if ((needed & ~facts.mask) !== 0) {
    exclusions.add(model.id, endpoint.vendorId, 'missing_capability', needed & ~facts.mask);
    return false;
  }
  const tokens = inputTokens + Math.min(inquiry.demand.limit ?? 1, facts.maxOutputTokens);
  if (tokens > facts.contextTokens) {
    exclusions.add(model.id, endpoint.vendorId, 'context_too_small', () => `${facts.contextTokens} for about ${tokens}`);
    return false;
  }
  if (preferences.requireParameters) {
    const dropped = droppedMembers(needs, endpoint, facts.abilities);
    if (dropped.length > 0) {
      exclusions.add(model.id, endpoint.vendorId, 'unsupported_parameters', dropped.join(','));
      return false;
    }
  }
  if (inquiry.health.isOpen(endpoint.id)) {
    exclusions.add(model.id, endpoint.vendorId, 'circuit_open');
    return false;
  }
  return true;
}
