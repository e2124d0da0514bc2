/** 17: how much a model shall think, in each vendor's own words. */
import { asRecord, asText } from '../json.js';
import type { AttemptTarget } from '../protocol-adapter.js';
import type { BodyDraft } from './encode.js';

/** Weakest first: distances between efforts are counted on this scale. */
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
/** Tokens of thinking where a vendor takes a budget instead of a word (Qwen); the sizes that OpenRouter documents as shares of 16k. */
const BUDGET_TOKENS: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 3200,
  medium: 8000,
  high: 12_800,
  xhigh: 15_200,
  max: 32_000,
};

/** OpenRouter's `reasoning` object and OpenAI's `reasoning_effort` say the same; the latter wins. */
export function encodeReasoning(draft: BodyDraft, target: AttemptTarget): void {
  const { quirks } = target;
  const style = quirks.reasoning ?? 'reasoning_effort';
  const wished = asRecord(draft.get('reasoning'));
  const effort = asText(draft.get('reasoning_effort')) ?? asText(wished?.['effort']) ?? switchOf(wished?.['enabled']);
  const budget = typeof wished?.['max_tokens'] === 'number' ? wished['max_tokens'] : undefined;
  if (style === 'reasoning_object') {
    // OpenRouter takes both shapes as they are, but not both at once.
    if (wished !== undefined) draft.set('reasoning_effort', undefined);
    return;
  }
  draft.set('reasoning', undefined);
  if (!target.stream && quirks.thinkingNeedsStream !== undefined && new RegExp(quirks.thinkingNeedsStream).test(target.upstreamModel)) {
    if (effort !== undefined && effort !== 'none') draft.name('reasoning_effort');
    draft.set('reasoning_effort', undefined);
    draft.set('enable_thinking', false);
    return;
  }
  if (effort === undefined && budget === undefined) return;
  if (style === 'reasoning_effort') {
    if (effort === undefined) draft.name('reasoning.max_tokens');
    else if (quirks.efforts?.length === 0) {
      draft.set('reasoning_effort', undefined);
      draft.name('reasoning_effort');
    } else draft.set('reasoning_effort', nearestEffort(effort, quirks.efforts));
    return;
  }
  draft.set('reasoning_effort', undefined);
  const thinks = effort !== 'none';
  if (style === 'thinking_type') {
    draft.set('thinking', { type: thinks ? 'enabled' : 'disabled' });
    // DeepSeek V4 knows efforts beside the switch; GLM and Moonshot the switch alone.
    if (thinks && effort !== undefined && quirks.efforts !== undefined)
      draft.set('reasoning_effort', nearestEffort(effort, quirks.efforts));
  } else if (style === 'enable_thinking') {
    draft.set('enable_thinking', thinks);
    const tokens = budget ?? (effort === undefined ? undefined : BUDGET_TOKENS[effort]);
    if (thinks && tokens !== undefined) draft.set('thinking_budget', tokens);
  } else draft.name(effort === undefined ? 'reasoning' : 'reasoning_effort');
}

/** Forced tools and thinking exclude each other at some vendors: the customer named the tool, so thinking gives way. */
export function stopThinking(draft: BodyDraft): void {
  if (draft.get('reasoning_effort') !== undefined) draft.name('reasoning_effort');
  draft.set('reasoning_effort', undefined);
  draft.set('thinking', { type: 'disabled' });
}

function switchOf(enabled: unknown): string | undefined {
  if (typeof enabled !== 'boolean') return undefined;
  return enabled ? 'medium' : 'none';
}

/** The vendor's effort that is nearest to the one asked for; the weaker one when two are as near. */
export function nearestEffort(asked: string, known: readonly string[] | undefined): string {
  if (known === undefined || known.length === 0 || known.includes(asked)) return asked;
  const wanted = EFFORTS.indexOf(asked);
  if (wanted === -1) return asked;
  let nearest = known[0] ?? asked;
  for (const effort of known) {
    if (Math.abs(EFFORTS.indexOf(effort) - wanted) < Math.abs(EFFORTS.indexOf(nearest) - wanted)) nearest = effort;
  }
  return nearest;
}
