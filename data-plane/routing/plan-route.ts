/**
 * Where a request goes: a pure function of (request, principal, snapshot, health, random, affinity). The same arguments and seed give the
 * same plan, so every decision can be explained and replayed. Steps: resolve what was asked for; exclude, each with a reason; order;
 * turn the best into candidates with a credential and a price. Makes no call, reads no clock (the request carries its time).
 *
 * Throws GatewayError: `model_not_found`, `model_not_allowed`, `context_length_exceeded`, `max_cost_exceeded`, `no_available_provider`,
 * and `invalid_request` for a `max_cost` or list that cannot be read. Callers: the pipeline, and `explain-route.ts`.
 */
import type { QualityTier } from '../../shared/chat.js';
import { GatewayError } from '../../shared/errors.js';
import { formatUsd, type NanoUsd, parseUsd } from '../../shared/money.js';
import type { Candidate, CompletionRequest, HealthView, Principal, RoutePlan, Snapshot } from '../types.js';
import { type AffinityView, affinityKeyOf, NO_AFFINITY, warmPlace } from './affinity.js';
import { needsOf } from './capabilities.js';
import { scoreComplexity } from './complexity.js';
import { readOutputDemand } from './estimate-cost.js';
import { estimateTokens } from './estimate-tokens.js';
import { Exclusions } from './exclusions.js';
import { type Inquiry, listOptions } from './list-options.js';
import { type Draft, makeCandidates } from './make-candidates.js';
import { nothingMatched } from './nothing-matched.js';
import { readPreferences } from './provider-preferences.js';
import { resolveModel } from './resolve-model.js';
import { type ModelOption, orderByCost, orderByTier, tierFor } from './strategies.js';

/** Kept with the generation's record. */
const KEPT_EXCLUSIONS = 32;

export function planRoute(
  request: CompletionRequest,
  principal: Principal,
  snapshot: Snapshot,
  health: HealthView,
  random: () => number,
  affinity: AffinityView = NO_AFFINITY,
): RoutePlan {
  return explorePlan(request, principal, snapshot, health, random, affinity).plan;
}

export interface ExploredPlan {
  readonly plan: RoutePlan;
  readonly exclusions: Exclusions;
  /** Models that could have served. */
  readonly eligible: number;
}

/** The plan and everything that was weighed for it. */
export function explorePlan(
  request: CompletionRequest,
  principal: Principal,
  snapshot: Snapshot,
  health: HealthView,
  random: () => number,
  affinity: AffinityView,
): ExploredPlan {
  const { body } = request;
  const exclusions = new Exclusions();
  const resolution = resolveModel(body, principal, snapshot, exclusions);
  const estimate = estimateTokens(body);
  const affinityKey = affinityKeyOf(body, principal.accountId);
  const inquiry: Inquiry = {
    resolution,
    principal,
    snapshot,
    health,
    exclusions,
    estimate,
    needs: needsOf(body),
    demand: readOutputDemand(body, estimate),
    preferences: readPreferences(body.provider, principal),
    warm: warmPlace(affinity, affinityKey, request.receivedAtMs, health),
  };
  const options = listOptions(inquiry);
  const choice = orderModels(inquiry, options, request);
  const maxCost = readMaxCost(body.max_cost);
  const made = makeCandidates(inquiry, choice.ordered, resolution.sort ?? body.provider?.sort, maxCost, random);
  const [first] = made.drafts;
  if (first === undefined) throw refusal(inquiry, made.cheapestRefused, maxCost);
  return {
    exclusions,
    eligible: options.length,
    plan: {
      modelAsked: resolution.asked,
      candidates: made.drafts.map(({ candidate }) => candidate),
      excluded: exclusions.records(KEPT_EXCLUSIONS),
      estimate: {
        input: first.sizes.input,
        inputUpper: largest(made.drafts, ({ sizes }) => sizes.inputUpper),
        outputExpected: first.sizes.outputExpected,
        outputUpper: largest(made.drafts, ({ sizes }) => sizes.outputUpper),
      },
      ceiling: made.drafts.reduce((most, { candidate }) => (candidate.ceiling > most ? candidate.ceiling : most), 0n),
      reason: reasonFor(inquiry, choice, first.candidate, options.length),
      tier: choice.tier,
      complexity: choice.score,
      hedge: resolution.group?.hedge === true,
      sessionId: body.session_id ?? null,
      affinityKey,
      revision: snapshot.revision,
    },
  };
}

interface Choice {
  readonly ordered: readonly ModelOption[];
  readonly tier: QualityTier | null;
  readonly score: number | null;
}

function orderModels(inquiry: Inquiry, options: ModelOption[], request: CompletionRequest): Choice {
  const { resolution, health } = inquiry;
  const { group } = resolution;
  if (resolution.kind === 'group' && group) {
    const score = scoreComplexity(request.body, group.kind);
    const tier = request.body.tier ?? tierFor(score, group.thresholds);
    return { ordered: orderByTier(options, group, tier), tier, score };
  }
  const sort = resolution.sort ?? request.body.provider?.sort;
  const ordered = resolution.kind === 'auto' ? orderByCost(options, sort, health) : options;
  return { ordered, tier: null, score: null };
}

/** Throws `invalid_request` when it is no amount of USD. */
function readMaxCost(maxCost: number | string | undefined): NanoUsd | undefined {
  if (maxCost === undefined || maxCost === null) return undefined;
  const amount = parseUsd(typeof maxCost === 'number' ? maxCost.toFixed(9) : maxCost);
  if (amount === undefined) {
    throw new GatewayError('invalid_request', '`max_cost` must be an amount of USD such as 0.05, with at most 9 decimals.', {
      param: 'max_cost',
    });
  }
  return amount;
}

function largest(drafts: readonly Draft[], size: (draft: Draft) => number): number {
  return drafts.reduce((most, draft) => Math.max(most, size(draft)), 0);
}

function refusal(inquiry: Inquiry, cheapestCeiling: NanoUsd | undefined, maxCost: NanoUsd | undefined): GatewayError {
  return nothingMatched({
    requested: inquiry.resolution.requested,
    exclusions: inquiry.exclusions,
    inputTokens: inquiry.estimate.expected,
    outputTokens: inquiry.demand.limit,
    cheapestCeiling,
    maxCost,
  });
}

/** For `x-modelapi-route`: printable ASCII. */
function reasonFor(inquiry: Inquiry, choice: Choice, first: Candidate, eligible: number): string {
  const { resolution, warm } = inquiry;
  const returning = warm?.endpointId === first.endpoint.id ? ', prompt cache' : '';
  const own = first.byok ? ', own key' : '';
  switch (resolution.kind) {
    case 'auto':
      return `auto: ${resolution.sort ?? 'cheapest'} of ${eligible}, $${formatUsd(first.expectedCost)}${returning}${own}`;
    case 'group':
      return `${resolution.asked}: ${choice.tier} (complexity ${choice.score?.toFixed(2)})${returning}${own}`;
    case 'ordered':
      return `${resolution.requested.length > 1 ? `first of ${resolution.requested.length}` : 'model'}: ${resolution.sort ?? 'price and health'}${returning}${own}`;
  }
}
