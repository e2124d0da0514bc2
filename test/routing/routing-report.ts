/** How well tiers were chosen: accuracy, what went where, and what it would have cost against sending everything to the frontier. */
import { estimateTokens } from '../../data-plane/routing/estimate-tokens.js';
import type { QualityTier } from '../../shared/chat.js';
import type { LabelledPrompt } from './labelled-prompts.js';

const TIERS: readonly QualityTier[] = ['value', 'standard', 'frontier'];
/** USD per million tokens, input and output: a usual model of each tier in the catalogue. */
const PRICES: Readonly<Record<QualityTier, readonly [number, number]>> = { value: [0.14, 0.28], standard: [0.6, 2.4], frontier: [5, 25] };
/** Answers grow with the work, whoever does it. */
const OUTPUT_TOKENS: Readonly<Record<QualityTier, number>> = { value: 120, standard: 700, frontier: 2_500 };

export function describeRouting(labels: readonly LabelledPrompt[], route: (label: LabelledPrompt) => QualityTier): string {
  const routed = labels.map((label) => ({ label, tier: route(label) }));
  const right = routed.filter(({ label, tier }) => label.tier === tier).length;
  const far = routed.filter(({ label, tier }) => Math.abs(TIERS.indexOf(label.tier) - TIERS.indexOf(tier)) === 2);
  const frontier = routed.filter(({ label }) => label.tier === 'frontier');
  const lines = [
    `  ${labels.length} prompts, accuracy ${percent(right, labels.length)}, two tiers off ${percent(far.length, labels.length)}, ` +
      `frontier work that got frontier ${percent(frontier.filter(({ tier }) => tier === 'frontier').length, frontier.length)}`,
    `  cost saved against always-frontier ${percent(saved(routed), 1)} (perfect labels would save ${percent(saved(labels.map((label) => ({ label, tier: label.tier }))), 1)})`,
  ];
  for (const by of ['kind', 'language'] as const) {
    const groups = Map.groupBy(routed, ({ label }) => label[by]);
    const parts = [...groups].map(
      ([name, some]) => `${name} ${percent(some.filter(({ label, tier }) => label.tier === tier).length, some.length)} of ${some.length}`,
    );
    lines.push(`  by ${by}: ${parts.join(', ')}`);
  }
  for (const asked of TIERS) {
    const some = routed.filter(({ label }) => label.tier === asked);
    lines.push(`  ${asked.padEnd(8)} -> ${TIERS.map((tier) => `${tier} ${some.filter((one) => one.tier === tier).length}`).join(', ')}`);
  }
  return lines.join('\n');
}

function saved(routed: readonly { label: LabelledPrompt; tier: QualityTier }[]): number {
  let spent = 0;
  let always = 0;
  for (const { label, tier } of routed) {
    spent += cost(label, tier);
    always += cost(label, 'frontier');
  }
  return 1 - spent / always;
}

function cost(label: LabelledPrompt, tier: QualityTier): number {
  const input = estimateTokens({ model: '', messages: [{ role: 'user', content: label.prompt }] }).expected;
  const [perInput, perOutput] = PRICES[tier];
  return input * perInput + OUTPUT_TOKENS[label.tier] * perOutput;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
