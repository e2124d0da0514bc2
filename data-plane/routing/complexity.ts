/**
 * How hard a request is, 0 to 1, from the request itself: decides the tier of a smart group. A logistic sum of a few dozen features;
 * the weights are data (`complexity-weights.ts`), fitted by `test/routing/tune-complexity.ts`. Pure; under 100 microseconds for 4 KB,
 * bounded for any length, no network call.
 */
import type { ChatRequest } from '../../shared/chat.js';
import type { GroupKind } from '../../shared/snapshot.js';
import { type ComplexityFeature, FEATURES, readFeatures } from './complexity-features.js';
import { COMPLEXITY_WEIGHTS, KIND_BIAS } from './complexity-weights.js';

export function scoreComplexity(body: ChatRequest, kind: GroupKind): number {
  const features = readFeatures(body);
  let sum = KIND_BIAS[kind];
  for (const name of FEATURES) sum += features[name] * COMPLEXITY_WEIGHTS[name];
  return 1 / (1 + Math.exp(-sum));
}

/** The score and what each feature added to it (in log-odds), for an explanation. Features that added nothing are left out. */
export function describeComplexity(body: ChatRequest, kind: GroupKind): { score: number; factors: Record<string, number> } {
  const features = readFeatures(body);
  const factors: Partial<Record<ComplexityFeature | 'kind', number>> = { kind: round(KIND_BIAS[kind]) };
  for (const name of FEATURES) {
    const part = round(features[name] * COMPLEXITY_WEIGHTS[name]);
    if (part !== 0) factors[name] = part;
  }
  return { score: round(scoreComplexity(body, kind)), factors };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
