/**
 * Where a request goes: a pure function of (request, principal, snapshot, health, random, affinity). The same arguments and seed give the
 * same plan, so every decision can be explained and replayed. Steps: resolve what was asked for; exclude, each with a reason; order;
 * turn the best into candidates with a credential and a price. Makes no call, reads no clock (the request carries its time).
 *
 * Throws GatewayError: `model_not_found`, `model_not_allowed`, `context_length_exceeded`, `max_cost_exceeded`, `no_available_provider`,
 * and `invalid_request` for a `max_cost` or list that cannot be read. Callers: the pipeline, and `explain-route.ts`.
 */
import type { ChatRequest, QualityTier } from '../../shared/chat.js';
import { GatewayError } from '../../shared/errors.js';
import { formatUsd, type NanoUsd, parseUsd } from '../../shared/money.js';
import type { Candidate, CompletionRequest, HealthView, Model, Principal, RoutePlan, Snapshot } from '../types.js';
import { type AffinityView, affinityKeyOf, NO_AFFINITY, type WarmConversation, warmPlace } from './affinity.js';
import { needsOf } from './capabilities.js';
import { cheapestFirst } from './cheapest-first.js';
import { scoreComplexity } from './complexity.js';
import { readOutputDemand, type Sizes } from './estimate-cost.js';
import { estimateTokens } from './estimate-tokens.js';
import { Exclusions } from './exclusions.js';
import { type Inquiry, neededFor, optionFor } from './list-options.js';
import { CandidateList, type Draft, MAX_CANDIDATES, type PlanLimits } from './make-candidates.js';
import { nothingMatched } from './nothing-matched.js';
import { type Preferences, readPreferences } from './provider-preferences.js';
import { resolveModel, type Sort, type Wanted } from './resolve-model.js';
import type { ModelEntry } from './routing-index.js';
import { type ModelOption, orderByTier, tierFor } from './strategies.js';

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
  return explorePlan(request, principal, snapshot, health, random, affinity, false).plan;
}

export interface ExploredPlan {
  readonly plan: RoutePlan;
  readonly exclusions: Exclusions;
  /** Models that could have served. */
  readonly eligible: number;
}

/** The plan and what was weighed for it. `thorough`: every model of `auto` is judged, not only those that were near to being chosen. */
export function explorePlan(
  request: CompletionRequest,
  principal: Principal,
  snapshot: Snapshot,
  health: HealthView,
  random: () => number,
  affinity: AffinityView,
  thorough: boolean,
): ExploredPlan {
  const { body } = request;
  const exclusions = new Exclusions();
  const { requested, wanted } = resolveModel(body, principal, snapshot, exclusions);
  const estimate = estimateTokens(body);
  const affinityKey = affinityKeyOf(body, principal.accountId, estimate.expected);
  const inquiry: Inquiry = {
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
  const lines = wanted.map((one) => lineUp(one, inquiry, body, thorough));
  const maxCost = readMaxCost(body.max_cost);
  const list = new CandidateList(inquiry, limitsFor(lines), maxCost, random);
  fill(list, lines);
  const drafts = keptOf(list.drafts, inquiry.preferences);
  const [first] = drafts;
  if (first === undefined) throw refusal(inquiry, requested, list.cheapestRefused, maxCost);
  const grouped = lines.find((line) => line.wanted.group);
  const plan: RoutePlan = {
    modelAsked: requested[0] ?? '',
    candidates: drafts.map(({ candidate }) => candidate),
    excluded: exclusions.records(KEPT_EXCLUSIONS),
    estimate: upperBounds(drafts, first.sizes),
    ceiling: highestCeiling(drafts),
    reason: reasonFor(lines, requested, first.candidate, inquiry.warm),
    tier: grouped?.tier ?? null,
    complexity: grouped?.score ?? null,
    hedge: grouped?.wanted.group?.hedge === true,
    sessionId: body.session_id ?? null,
    revision: snapshot.revision,
  };
  return {
    exclusions,
    eligible: lines.reduce((total, line) => total + line.eligible, 0),
    plan: affinityKey === undefined ? plan : { ...plan, affinityKey },
  };
}

/** A plan is for failover, not for shopping: the hold must cover its dearest candidate. */
const MAX_CHOSEN_MODELS = 3;
/** Where several models stand in line, one with many vendors must not push the others out. */
const MAX_ENDPOINTS_OF_ONE = 3;

/** One thing asked for, with its models in order. */
interface Line {
  readonly wanted: Wanted;
  /** Models that are able; for `auto` those that were judged and are able when thorough, else all that it chooses from. */
  readonly eligible: number;
  readonly ordered: Iterable<ModelOption>;
  readonly sort: Sort | undefined;
  readonly tier: QualityTier | null;
  readonly score: number | null;
}

function lineUp(wanted: Wanted, inquiry: Inquiry, body: ChatRequest, thorough: boolean): Line {
  const needed = neededFor(wanted, inquiry);
  const judge = (entry: ModelEntry) => optionFor(entry, needed, inquiry);
  const sort = wanted.sort ?? body.provider?.sort;
  const { table, entries, group } = wanted;
  if (table) {
    const known = thorough ? new Map(entries.map((entry) => [entry, judge(entry)])) : undefined;
    const eligible = known ? [...known.values()].filter((option) => option !== undefined).length : entries.length;
    // Test keys are served by the sandbox alone, whatever the table says of live endpoints.
    const mask = known || inquiry.principal.test ? undefined : needed;
    const ordered = cheapestFirst(table, inquiry, mask, known ? (entry) => known.get(entry) : judge, sort);
    return { wanted, eligible, ordered, sort, tier: null, score: null };
  }
  const options = entries.map(judge).filter((option) => option !== undefined);
  if (!group) return { wanted, eligible: options.length, ordered: options, sort, tier: null, score: null };
  const score = scoreComplexity(body, group.kind);
  const tier = body.tier ?? tierFor(score, group.thresholds);
  return { wanted, eligible: options.length, ordered: orderByTier(options, group, tier), sort, tier, score };
}

function limitsFor(lines: readonly Line[]): PlanLimits {
  const [only] = lines;
  if (lines.length > 1 || !only) return { models: MAX_CANDIDATES, endpointsOfOne: MAX_ENDPOINTS_OF_ONE };
  return { models: MAX_CHOSEN_MODELS, endpointsOfOne: only.wanted.kind === 'model' ? MAX_CANDIDATES : MAX_ENDPOINTS_OF_ONE };
}

/** Line after line; a model that two lines share stands in the first. */
function fill(list: CandidateList, lines: readonly Line[]): void {
  const seen = lines.length > 1 ? new Set<Model>() : undefined;
  for (const { ordered, sort } of lines) {
    for (const option of ordered) {
      if (seen?.has(option.model)) continue;
      seen?.add(option.model);
      list.add(option, sort);
      if (list.isFull) return;
    }
  }
}

/** With an order, the vendors of the order are the only ones left; without one, the first is all. */
function keptOf(drafts: readonly Draft[], { allowFallbacks, order }: Preferences): readonly Draft[] {
  const kept = allowFallbacks || order.length > 0 ? MAX_CANDIDATES : 1;
  return drafts.length > kept ? drafts.slice(0, kept) : drafts;
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

/** What is expected of the first, and bounds that hold for all. */
function upperBounds(drafts: readonly Draft[], { input, outputExpected }: Sizes): RoutePlan['estimate'] {
  let [inputUpper, outputUpper] = [0, 0];
  for (const { sizes } of drafts) {
    inputUpper = Math.max(inputUpper, sizes.inputUpper);
    outputUpper = Math.max(outputUpper, sizes.outputUpper);
  }
  return { input, inputUpper, outputExpected, outputUpper };
}

function highestCeiling(drafts: readonly Draft[]): NanoUsd {
  let most = 0n;
  for (const { candidate } of drafts) if (candidate.ceiling > most) most = candidate.ceiling;
  return most;
}

function refusal(
  inquiry: Inquiry,
  requested: readonly string[],
  cheapestCeiling: NanoUsd | undefined,
  maxCost: NanoUsd | undefined,
): GatewayError {
  return nothingMatched({
    requested,
    exclusions: inquiry.exclusions,
    inputTokens: inquiry.estimate.expected,
    outputTokens: inquiry.demand.limit,
    cheapestCeiling,
    maxCost,
  });
}

/** For `x-modelapi-route`: printable ASCII. */
function reasonFor(lines: readonly Line[], requested: readonly string[], first: Candidate, warm: WarmConversation | undefined): string {
  const [line] = lines;
  const why = `${warm?.endpointId === first.endpoint.id ? ', prompt cache' : ''}${first.byok ? ', own key' : ''}`;
  if (lines.length > 1 || !line) return `first able of ${requested.length} listed${why}`;
  const { wanted } = line;
  switch (wanted.kind) {
    case 'auto':
      return `auto: ${line.sort ?? 'cheapest'} of ${wanted.entries.length}, $${formatUsd(first.expectedCost)}${why}`;
    case 'group':
      return `${wanted.group?.id}: ${line.tier} (complexity ${line.score?.toFixed(2)})${why}`;
    case 'model':
      return `model: ${line.sort ?? 'price and health'}${why}`;
  }
}
