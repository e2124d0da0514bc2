/** What the client wants of reasoning, from OpenAI's `reasoning_effort` or OpenRouter's `reasoning` object. */
import type { ChatRequest, ReasoningEffort } from '../../../shared/chat.js';
import type { RequestParameters } from './request-parameters.js';

export interface ReasoningWish {
  /** Undefined: the client said nothing, the vendor's default applies. */
  readonly effort: ReasoningEffort | undefined;
  readonly budgetTokens: number | undefined;
  /** Think, but do not show it. */
  readonly hidden: boolean;
}

const ORDER: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

export function reasoningWish(body: ChatRequest): ReasoningWish {
  const { reasoning } = body;
  const off = reasoning?.enabled === false || reasoning?.max_tokens === 0;
  const asked = reasoning?.effort ?? body.reasoning_effort ?? undefined;
  const budgetTokens = off || asked === 'none' ? undefined : (reasoning?.max_tokens ?? undefined);
  const unnamed = reasoning?.enabled === true && budgetTokens === undefined ? 'medium' : undefined;
  return { effort: off ? 'none' : (asked ?? unnamed), budgetTokens, hidden: reasoning?.exclude === true };
}

/**
 * The wish as far as the vendor's row lets it be said, and by which member the client spoke, to name it should the model refuse.
 * A refused member stays unread, and so is named by itself.
 */
export function takeReasoning(parameters: RequestParameters, body: ChatRequest): ReasoningWish & { readonly member: keyof ChatRequest } {
  if (parameters.refuses('reasoning_effort') || parameters.refuses('reasoning')) {
    return { effort: undefined, budgetTokens: undefined, hidden: true, member: 'reasoning' };
  }
  const effort = parameters.take('reasoning_effort');
  parameters.take('reasoning');
  return { ...reasoningWish(body), member: effort === undefined ? 'reasoning' : 'reasoning_effort' };
}

export function asksForReasoning(wish: ReasoningWish): boolean {
  return wish.budgetTokens !== undefined || (wish.effort !== undefined && wish.effort !== 'none');
}

/** The member of `known` (weakest first) that is nearest; of two equally near ones the weaker. */
export function nearestEffort(effort: string, known: readonly string[]): string | undefined {
  const wanted = ORDER.indexOf(effort);
  let best: string | undefined;
  for (const candidate of known) {
    if (best === undefined || Math.abs(ORDER.indexOf(candidate) - wanted) < Math.abs(ORDER.indexOf(best) - wanted)) best = candidate;
  }
  return best;
}

/** An effort for vendors that know no budgets. Bounds are those between the budgets that `budgetForEffort` gives. */
export function effortForBudget(budgetTokens: number): ReasoningEffort {
  if (budgetTokens <= 2_048) return 'low';
  if (budgetTokens <= 12_288) return 'medium';
  return budgetTokens <= 32_768 ? 'high' : 'xhigh';
}

const BUDGETS: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 65_536,
};

/** Tokens of thinking for vendors that know no efforts. Medium and high are what Google's own OpenAI layer documents. */
export function budgetForEffort(effort: ReasoningEffort): number {
  return BUDGETS[effort];
}
