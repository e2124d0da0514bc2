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
import { scoreComplexity } from './complexity.js';
import { readOutputDemand } from './estimate-cost.js';
import { estimateTokens } from './estimate-tokens.js';
import { Exclusions } from './exclusions.js';
import { costAt, type Inquiry, optionFinder } from './list-options.js';
import { type Draft, MAX_CANDIDATES, makeCandidates, type PlanLimits, type RankedOption } from './make-candidates.js';
import { nothingMatched } from './nothing-matched.js';
import { readPreferences } from './provider-preferences.js';
import { resolveModel, type Sort, type Wanted } from './resolve-model.js';
import type { ModelEntry } from './routing-index.js';
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
  const resolution = resolveModel(body, principal, snapshot, exclusions);
  const estimate = estimateTokens(body);
  const affinityKey = affinityKeyOf(body, principal.accountId);
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
  const lines = resolution.wanted.map((wanted) => lineUp(wanted, inquiry, body, thorough));
  const maxCost = readMaxCost(body.max_cost);
  const made = makeCandidates(inquiry, queue(lines), limitsFor(lines), maxCost, random);
  const [first] = made.drafts;
  if (first === undefined) throw refusal(inquiry, resolution.requested, made.cheapestRefused, maxCost);
  const grouped = lines.find((line) => line.wanted.group);
  return {
    exclusions,
    eligible: lines.reduce((total, line) => total + line.eligible, 0),
    plan: {
      modelAsked: resolution.requested[0] ?? '',
      candidates: made.drafts.map(({ candidate }) => candidate),
      excluded: exclusions.records(KEPT_EXCLUSIONS),
      estimate: {
        input: first.sizes.input,
        inputUpper: largest(made.drafts, ({ sizes }) => sizes.inputUpper),
        outputExpected: first.sizes.outputExpected,
        outputUpper: largest(made.drafts, ({ sizes }) => sizes.outputUpper),
      },
      ceiling: highestCeiling(made.drafts),
      reason: reasonFor(lines, resolution.requested, first.candidate, inquiry.warm),
      tier: grouped?.tier ?? null,
      complexity: grouped?.score ?? null,
      hedge: grouped?.wanted.group?.hedge === true,
      sessionId: body.session_id ?? null,
      affinityKey,
      revision: snapshot.revision,
    },
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
  const judge = optionFinder(wanted, inquiry);
  const sort = wanted.sort ?? body.provider?.sort;
  if (wanted.kind === 'auto') {
    const known = thorough ? new Map(wanted.entries.map((entry) => [entry, judge(entry)])) : undefined;
    const eligible = known ? [...known.values()].filter((option) => option !== undefined).length : wanted.entries.length;
    const find = known ? (entry: ModelEntry) => known.get(entry) : judge;
    const ordered = orderByCost(wanted.entries, (entry) => costAt(entry, inquiry), find, sort, inquiry.health);
    return { wanted, eligible, ordered, sort, tier: null, score: null };
  }
  const options = wanted.entries.map(judge).filter((option) => option !== undefined);
  const line = { wanted, eligible: options.length, ordered: options, sort, tier: null, score: null };
  if (!wanted.group) return line;
  const score = scoreComplexity(body, wanted.group.kind);
  const tier = body.tier ?? tierFor(score, wanted.group.thresholds);
  return { ...line, ordered: orderByTier(options, wanted.group, tier), tier, score };
}

function limitsFor(lines: readonly Line[]): PlanLimits {
  const [only] = lines;
  if (lines.length > 1 || !only) return { models: MAX_CANDIDATES, endpointsOfOne: MAX_ENDPOINTS_OF_ONE };
  return { models: MAX_CHOSEN_MODELS, endpointsOfOne: only.wanted.kind === 'model' ? MAX_CANDIDATES : MAX_ENDPOINTS_OF_ONE };
}

/** Line after line; a model that two lines share stands in the first. */
function* queue(lines: readonly Line[]): Generator<RankedOption> {
  const seen = new Set<Model>();
  for (const { ordered, sort } of lines) {
    for (const option of ordered) {
      if (!seen.has(option.model)) yield { option, sort };
      seen.add(option.model);
    }
  }
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
