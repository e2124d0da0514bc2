/** Planning with its one piece of state: which vendor holds which conversation in cache. The composition root makes one per node. */
import type { CompletionRequest, HealthView, Principal, RoutePlan, ServedBy, Snapshot } from '../types.js';
import { AffinityTable } from './affinity.js';
import { explainRoute, type RouteExplanation } from './explain-route.js';
import { planRoute } from './plan-route.js';

type Arguments = [request: CompletionRequest, principal: Principal, snapshot: Snapshot, health: HealthView, random: () => number];

export interface Planner {
  readonly planRoute: (...given: Arguments) => RoutePlan;
  readonly explainRoute: (...given: Arguments) => RouteExplanation;
  /** To be told what served, at the commit point. `atMs` is Unix milliseconds. */
  readonly remember: (served: ServedBy, atMs: number) => void;
}

export function createPlanner(): Planner {
  const affinity = new AffinityTable();
  return {
    planRoute: (...given) => planRoute(...given, affinity),
    explainRoute: (...given) => explainRoute(...given, affinity),
    remember: ({ plan, candidate }, atMs) => {
      if (plan.affinityKey !== undefined) affinity.remember(plan.affinityKey, candidate, plan.estimate.input, atMs);
    },
  };
}
