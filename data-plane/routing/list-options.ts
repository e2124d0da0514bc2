/** Which endpoints of which models could serve a request, and why the others could not. */
import type { Endpoint, HealthView, Model, Principal, Snapshot } from '../types.js';
import { type WarmConversation, warmTokens } from './affinity.js';
import { droppedMembers, missingNames, type Needs } from './capabilities.js';
import { approximateCost, approximateRates, type OutputDemand, sizesAt } from './estimate-cost.js';
import type { TokenEstimate } from './estimate-tokens.js';
import type { Exclusions } from './exclusions.js';
import { isOverMaxPrice, type Preferences, rankOf, refuseVendor } from './provider-preferences.js';
import type { Resolution } from './resolve-model.js';
import { type EndpointFacts, endpointsFor, factsOfEndpoint, factsOfModel } from './routing-index.js';
import type { EndpointOption, ModelOption } from './strategies.js';

/** Everything about one request that planning asks for more than once. */
export interface Inquiry {
  readonly resolution: Resolution;
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

/** In the order in which the models were asked for. */
export function listOptions(inquiry: Inquiry): ModelOption[] {
  const options: ModelOption[] = [];
  for (const model of inquiry.resolution.models) {
    const option = optionFor(model, inquiry);
    if (option) options.push(option);
  }
  return options;
}

function optionFor(model: Model, inquiry: Inquiry): ModelOption | undefined {
  const { exclusions, preferences, snapshot } = inquiry;
  const inputTokens = inquiry.estimate.expected * factsOfModel(model).tokenFactor;
  if (isOverMaxPrice(approximateRates(model, inputTokens), preferences)) {
    exclusions.add(model.id, null, 'over_max_price');
    return undefined;
  }
  const offered = endpointsFor(model, inquiry.principal.test, snapshot);
  if (offered.length === 0) {
    for (const endpoint of snapshot.endpointsElsewhere.get(model.id) ?? []) exclusions.add(model.id, endpoint.vendorId, 'region');
    if (!snapshot.endpointsElsewhere.has(model.id)) exclusions.add(model.id, null, inquiry.principal.test ? 'sandbox_only' : 'no_endpoint');
    return undefined;
  }
  const endpoints: EndpointOption[] = [];
  for (const endpoint of offered) {
    const facts = factsOfEndpoint(model, endpoint);
    if (passes(model, endpoint, facts, inputTokens, inquiry))
      endpoints.push({ endpoint, facts, rank: rankOf(endpoint.vendor, preferences) });
  }
  const first = endpoints[0];
  if (!first) return undefined;
  const sizes = sizesAt(model, first.facts, inquiry.estimate, inquiry.demand);
  return { model, endpoints, cost: approximateCost(model, sizes, warmTokens(inquiry.warm, model.id)) };
}

function passes(model: Model, endpoint: Endpoint, facts: EndpointFacts, inputTokens: number, inquiry: Inquiry): boolean {
  const { exclusions, needs, resolution, preferences } = inquiry;
  const unwanted = refuseVendor(endpoint.vendor, preferences);
  if (unwanted) {
    exclusions.add(model.id, endpoint.vendorId, unwanted);
    return false;
  }
  // Where the choice is ours, a wish is a need: there is another model that can.
  const strict = resolution.kind !== 'ordered' || preferences.requireParameters;
  const needed = strict ? needs.required | needs.wished : needs.required;
  if ((needed & ~facts.mask) !== 0) {
    exclusions.add(model.id, endpoint.vendorId, 'missing_capability', missingNames(needed, facts.mask));
    return false;
  }
  const wantedOutput = Math.min(inquiry.demand.limit ?? 1, facts.maxOutputTokens);
  if (inputTokens + wantedOutput > facts.contextTokens) {
    exclusions.add(
      model.id,
      endpoint.vendorId,
      'context_too_small',
      `${facts.contextTokens} for about ${Math.ceil(inputTokens + wantedOutput)}`,
    );
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
