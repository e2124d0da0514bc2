/**
 * Fits the weights of `data-plane/routing/complexity-weights.ts` to the labelled set and prints how well they route.
 *   npm run build && node dist/test/routing/tune-complexity.js [--write]
 * A proportional-odds model (three ordered tiers) by gradient descent, with a ridge towards 0 and each weight kept on the side of zero
 * that its feature means: the set is small, and what it cannot mean it must not learn. Evaluated on prompts that the fit never saw.
 */
import { writeFileSync } from 'node:fs';
import { scoreComplexity } from '../../data-plane/routing/complexity.js';
import { type ComplexityFeature, FEATURES, readFeatures } from '../../data-plane/routing/complexity-features.js';
import { tierFor } from '../../data-plane/routing/strategies.js';
import type { QualityTier } from '../../shared/chat.js';
import type { GroupKind } from '../../shared/snapshot.js';
import { type LabelledPrompt, readLabelledPrompts, requestFor } from './labelled-prompts.js';
import { describeRouting } from './routing-report.js';

/** Features that make a request easier; all others make it harder. */
const EASIER: ReadonlySet<ComplexityFeature> = new Set(['routine', 'fact', 'brief', 'questions', 'schema']);
/** The set has no conversations, tools or media to learn these from: they keep the values that were given by hand, in log-odds. */
const BY_HAND: Readonly<Partial<Record<ComplexityFeature, number>>> = {
  tools: 0.2,
  toolResults: 0.4,
  turns: 0.3,
  systemLength: 0.2,
  media: 0.3,
  schema: -0.1,
  effort: 2,
  contextLength: 0.2,
};
/** What is believed of rare features before the set is seen, in units of the latent score; the ridge pulls there and not to 0. */
const BELIEVED: Readonly<Partial<Record<ComplexityFeature, number>>> = {
  listItems: 0.5,
  codeLength: 0.4,
  mathSymbols: 0.4,
  science: 0.5,
  systems: 1,
  advanced: 1.2,
  steps: 0.4,
};
const RIDGE = 0.006;
const STEPS = 6_000;
const RATE = 0.3;
/** Cuts between the tiers that a group has unless its operator says otherwise. */
export const THRESHOLDS = { standard: 0.3, frontier: 0.6 };

const KINDS = ['code', 'write', 'reason', 'analyze'] as const satisfies readonly GroupKind[];
const TIERS: readonly QualityTier[] = ['value', 'standard', 'frontier'];

interface Sample {
  readonly features: readonly number[];
  readonly kind: number;
  readonly tier: number;
}

interface Fit {
  readonly weights: number[];
  readonly bias: number[];
  lower: number;
  upper: number;
}

function sampleOf(label: LabelledPrompt): Sample {
  const features = readFeatures(requestFor(label));
  return {
    features: FEATURES.map((name) => features[name]),
    kind: KINDS.indexOf(label.kind as (typeof KINDS)[number]),
    tier: TIERS.indexOf(label.tier),
  };
}

function fit(samples: readonly Sample[]): Fit {
  const result: Fit = { weights: FEATURES.map((name) => BY_HAND[name] ?? 0), bias: KINDS.map(() => 0), lower: -1, upper: 1 };
  for (let step = 0; step < STEPS; step++) {
    const gradient = { weights: FEATURES.map(() => 0), bias: KINDS.map(() => 0), lower: 0, upper: 0 };
    for (const sample of samples) {
      const latent = latentOf(result, sample);
      const aboveLower = sigmoid(latent - result.lower);
      const aboveUpper = sigmoid(latent - result.upper);
      const { pull, lower, upper } = slope(sample.tier, aboveLower, aboveUpper);
      gradient.lower += lower;
      gradient.upper += upper;
      gradient.bias[sample.kind] = (gradient.bias[sample.kind] ?? 0) + pull;
      for (const [index, value] of sample.features.entries()) gradient.weights[index] = (gradient.weights[index] ?? 0) + pull * value;
    }
    apply(result, gradient, samples.length);
  }
  return result;
}

/** Derivative of the log-likelihood by the latent score and by both cuts. */
function slope(tier: number, aboveLower: number, aboveUpper: number): { pull: number; lower: number; upper: number } {
  if (tier === 0) return { pull: -aboveLower, lower: aboveLower, upper: 0 };
  if (tier === 2) return { pull: 1 - aboveUpper, lower: 0, upper: -(1 - aboveUpper) };
  const width = Math.max(1e-6, aboveLower - aboveUpper);
  const atLower = (aboveLower * (1 - aboveLower)) / width;
  const atUpper = (aboveUpper * (1 - aboveUpper)) / width;
  return { pull: atLower - atUpper, lower: -atLower, upper: atUpper };
}

function apply(result: Fit, gradient: { weights: number[]; bias: number[]; lower: number; upper: number }, count: number): void {
  for (const [index, name] of FEATURES.entries()) {
    if (BY_HAND[name] !== undefined) continue;
    const old = result.weights[index] ?? 0;
    const moved = old + RATE * ((gradient.weights[index] ?? 0) / count - RIDGE * (old - (BELIEVED[name] ?? 0)));
    result.weights[index] = EASIER.has(name) ? Math.min(0, moved) : Math.max(0, moved);
  }
  for (const index of KINDS.keys())
    result.bias[index] = (result.bias[index] ?? 0) + RATE * ((gradient.bias[index] ?? 0) / count - RIDGE * (result.bias[index] ?? 0));
  result.lower += (RATE * gradient.lower) / count;
  result.upper = Math.max(result.lower + 0.1, result.upper + (RATE * gradient.upper) / count);
}

function latentOf(result: Fit, sample: Sample): number {
  let latent = result.bias[sample.kind] ?? 0;
  for (const [index, value] of sample.features.entries()) latent += value * (result.weights[index] ?? 0);
  return latent;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** Moves the latent scale so that its cuts fall on the groups' thresholds. */
function toScore(result: Fit): { weights: Map<ComplexityFeature, number>; bias: Map<GroupKind, number>; scale: number } {
  const scale = (logit(THRESHOLDS.frontier) - logit(THRESHOLDS.standard)) / (result.upper - result.lower);
  const shift = logit(THRESHOLDS.standard) - scale * result.lower;
  const bias = new Map<GroupKind, number>(KINDS.map((kind, index) => [kind, scale * (result.bias[index] ?? 0) + shift]));
  bias.set('general', [...bias.values()].reduce((total, value) => total + value, 0) / KINDS.length);
  return { weights: new Map(FEATURES.map((name, index) => [name, BY_HAND[name] ?? scale * (result.weights[index] ?? 0)])), bias, scale };
}

function tierBy(result: Fit, sample: Sample): number {
  const latent = latentOf(result, sample);
  return latent >= result.upper ? 2 : latent >= result.lower ? 1 : 0;
}

/** Accuracy of a fit on prompts that it did not see, averaged over five splits of the training part. */
function crossValidate(samples: readonly Sample[]): number {
  const folds = 5;
  let right = 0;
  for (let fold = 0; fold < folds; fold++) {
    const result = fit(samples.filter((_, index) => index % folds !== fold));
    right += samples.filter((sample, index) => index % folds === fold && tierBy(result, sample) === sample.tier).length;
  }
  return right / samples.length;
}

function source(weights: ReadonlyMap<string, number>, bias: ReadonlyMap<string, number>): string {
  const lines = (entries: ReadonlyMap<string, number>): string =>
    [...entries].map(([name, value]) => `  ${name}: ${Number(value.toFixed(3))},`).join('\n');
  return `/** Log-odds of each feature, fitted by \`test/routing/tune-complexity.ts\` on \`test/routing-labels\`; run it again to renew them. */
import type { GroupKind } from '../../shared/snapshot.js';
import type { ComplexityFeature } from './complexity-features.js';

export const KIND_BIAS: Readonly<Record<GroupKind, number>> = {
${lines(bias)}
};

export const COMPLEXITY_WEIGHTS: Readonly<Record<ComplexityFeature, number>> = {
${lines(weights)}
};
`;
}

function main(): void {
  const { train, heldOut, unseen } = readLabelledPrompts();
  if (process.argv.includes('--write')) {
    const samples = train.map(sampleOf);
    const { weights, bias, scale } = toScore(fit(samples));
    process.stdout.write(
      `five-fold accuracy on the training part: ${(100 * crossValidate(samples)).toFixed(1)} %; scale ${scale.toFixed(2)}\n`,
    );
    for (const [name, value] of [...weights].sort((one, other) => other[1] - one[1]))
      process.stdout.write(`  ${name} ${value.toFixed(2)}\n`);
    writeFileSync('data-plane/routing/complexity-weights.ts', source(weights, bias));
    process.stdout.write('wrote complexity-weights.ts: build again to see its report\n');
    return;
  }
  const route = (label: LabelledPrompt): QualityTier => tierFor(scoreComplexity(requestFor(label), label.kind), THRESHOLDS);
  process.stdout.write(
    `training part\n${describeRouting(train, route)}\nheld out\n${describeRouting(heldOut, route)}\nunseen\n${describeRouting(unseen, route)}\n`,
  );
}

main();
