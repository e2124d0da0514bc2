/**
 * `POST /v1/routing/explain`: what planning would do with a request, and why, without a call. The body is a completion's. Throws what
 * planning throws: a refusal carries its exclusions itself.
 */
import { formatUsd } from '../../shared/money.js';
import type { ExclusionRecord } from '../../shared/usage-event.js';
import type { Candidate, CompletionRequest, HealthView, Principal, Snapshot } from '../types.js';
import { type AffinityView, NO_AFFINITY } from './affinity.js';
import { describeComplexity } from './complexity.js';
import { explorePlan } from './plan-route.js';
import { AUTO } from './resolve-model.js';
import { autoRefusal, indexOf } from './routing-index.js';

/** JSON-ready; money is decimal strings of USD. */
export interface RouteExplanation {
  readonly object: 'routing.explanation';
  readonly model: string;
  readonly reason: string;
  readonly tier: string | null;
  readonly complexity: {
    readonly score: number;
    readonly thresholds: { readonly standard: number; readonly frontier: number };
    readonly factors: Readonly<Record<string, number>>;
  } | null;
  readonly estimate: {
    readonly input_tokens: number;
    readonly input_tokens_upper: number;
    readonly output_tokens: number;
    readonly output_tokens_upper: number;
  };
  readonly ceiling_usd: string;
  readonly eligible_models: number;
  readonly candidates: readonly ExplainedCandidate[];
  readonly excluded: readonly { readonly model: string; readonly vendor: string | null; readonly reason: string }[];
  readonly revision: number;
}

export interface ExplainedCandidate {
  readonly model: string;
  readonly vendor: string;
  readonly endpoint: string;
  readonly byok: boolean;
  readonly estimated_cost_usd: string;
  readonly ceiling_usd: string;
  readonly dropped: readonly string[];
  readonly health: {
    readonly success_rate: number;
    readonly share: number;
    readonly first_token_ms: number | null;
    readonly tokens_per_second: number | null;
  };
}

export function explainRoute(
  request: CompletionRequest,
  principal: Principal,
  snapshot: Snapshot,
  health: HealthView,
  random: () => number,
  affinity: AffinityView = NO_AFFINITY,
): RouteExplanation {
  const { plan, exclusions, eligible } = explorePlan(request, principal, snapshot, health, random, affinity, true);
  const group = snapshot.groups.get(plan.modelAsked);
  return {
    object: 'routing.explanation',
    model: plan.modelAsked,
    reason: plan.reason,
    tier: plan.tier,
    complexity:
      group && plan.complexity !== null ? { ...describeComplexity(request.body, group.kind), thresholds: group.thresholds } : null,
    estimate: {
      input_tokens: plan.estimate.input,
      input_tokens_upper: plan.estimate.inputUpper,
      output_tokens: plan.estimate.outputExpected,
      output_tokens_upper: plan.estimate.outputUpper,
    },
    ceiling_usd: formatUsd(plan.ceiling),
    eligible_models: eligible,
    candidates: plan.candidates.map((candidate) => explainCandidate(candidate, health)),
    excluded: [...exclusions.records(exclusions.count), ...outsideRegion(plan.candidates, snapshot), ...neverInAuto(request, snapshot)].map(
      ({ model, vendorId, reason }) => ({
        model,
        vendor: vendorId,
        reason,
      }),
    ),
    revision: plan.revision,
  };
}

function explainCandidate(candidate: Candidate, health: HealthView): ExplainedCandidate {
  const { id } = candidate.endpoint;
  return {
    model: candidate.model.id,
    vendor: candidate.endpoint.vendorId,
    endpoint: id,
    byok: candidate.byok,
    estimated_cost_usd: formatUsd(candidate.expectedCost),
    ceiling_usd: formatUsd(candidate.ceiling),
    dropped: candidate.dropped,
    health: {
      success_rate: health.successRate(id),
      share: health.share(id),
      first_token_ms: health.firstTokenMs(id) ?? null,
      tokens_per_second: health.tokensPerSecond(id) ?? null,
    },
  };
}

/** Vendors of the planned models that may not serve in this region. */
function outsideRegion(candidates: readonly Candidate[], snapshot: Snapshot): ExclusionRecord[] {
  const models = new Set(candidates.map((candidate) => candidate.model.id));
  return [...models].flatMap((model) =>
    (snapshot.endpointsElsewhere.get(model) ?? []).map((endpoint) => ({ model, vendorId: endpoint.vendorId, reason: 'region' })),
  );
}

/** What the catalogue's marks keep out of `auto` is the same for every request, so planning does not list it. */
function neverInAuto(request: CompletionRequest, snapshot: Snapshot): ExclusionRecord[] {
  if (request.body.model.split(':', 1)[0] !== AUTO) return [];
  const index = indexOf(snapshot);
  return snapshot.models.flatMap((model) => {
    const reason = autoRefusal(index.entry(model), snapshot);
    return reason === undefined || reason === 'disabled' ? [] : [{ model: model.id, vendorId: null, reason }];
  });
}
