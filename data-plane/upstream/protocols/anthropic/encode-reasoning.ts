/** Thinking and the sampling parameters, which exclude each other in ways that differ by model (claude-traits). */

import type { AttemptTarget } from '../protocol-adapter.js';
import { asksForReasoning, budgetForEffort, effortForBudget, nearestEffort, type ReasoningWish, takeReasoning } from '../reasoning-wish.js';
import type { RequestParameters } from '../request-parameters.js';
import type { ClaudeTraits } from './claude-traits.js';
import type { MessagesRequest, Turn } from './wire.js';

/** The API's least budget. */
const MIN_BUDGET_TOKENS = 1_024;
/** Of `max_tokens`, so that an answer still fits behind the thinking; a client that names a budget is taken at its word. */
const MAX_BUDGET_SHARE = 0.8;

export function encodeReasoning(
  request: MessagesRequest,
  parameters: RequestParameters,
  target: AttemptTarget,
  traits: ClaudeTraits,
  forcedTool: boolean,
): void {
  const { member, ...wish } = takeReasoning(parameters, target.body);
  if (wish.effort === undefined && wish.budgetTokens === undefined) return;
  const wanted = asksForReasoning(wish);
  const canSay = traits.thinking !== 'none' && (!forcedTool || traits.thinkingAlwaysOn);
  if (wanted && !canSay) parameters.drop(member);
  if (traits.thinking === 'adaptive') sayEffort(request, wish, traits, forcedTool);
  else if (wanted && canSay && !sayBudget(request, wish)) parameters.drop(member);
}

function sayEffort(request: MessagesRequest, wish: ReasoningWish, traits: ClaudeTraits, forcedTool: boolean): void {
  const wanted = asksForReasoning(wish);
  if (wanted && !forcedTool) request.thinking = { type: 'adaptive', display: wish.hidden ? 'omitted' : 'summarized' };
  if (!wanted && !traits.thinkingAlwaysOn) request.thinking = { type: 'disabled' };
  const asked = wish.budgetTokens === undefined ? (wish.effort ?? 'medium') : effortForBudget(wish.budgetTokens);
  // Where thinking cannot be turned off, no effort is the least.
  const effort = wanted || traits.thinkingAlwaysOn ? nearestEffort(asked, traits.efforts) : undefined;
  if (effort !== undefined) request.output_config = { ...request.output_config, effort };
}

/** False when there is no room to think, or the history forbids it. */
function sayBudget(request: MessagesRequest, wish: ReasoningWish): boolean {
  const most = wish.budgetTokens === undefined ? Math.floor(request.max_tokens * MAX_BUDGET_SHARE) : request.max_tokens - 1;
  const asked = wish.budgetTokens ?? budgetForEffort(wish.effort ?? 'medium');
  const budget = Math.min(Math.max(asked, MIN_BUDGET_TOKENS), most);
  if (budget < MIN_BUDGET_TOKENS || lacksThinking(request.messages)) return false;
  request.thinking = { type: 'enabled', budget_tokens: budget };
  return true;
}

/** Sampling parameters are refused by newer models, and by all while they think. Temperature goes to 1 here, to 2 at OpenAI. */
export function encodeSampling(request: MessagesRequest, parameters: RequestParameters, traits: ClaudeTraits): void {
  const temperature = parameters.take('temperature');
  const topP = parameters.take('top_p');
  const topK = parameters.take('top_k');
  const thinks = request.thinking !== undefined && request.thinking['type'] !== 'disabled';
  const free = traits.sampling && !thinks;
  if (temperature !== undefined) {
    if (free) request.temperature = Math.min(Math.max(temperature, 0), traits.maxTemperature);
    else if (temperature !== 1) parameters.drop('temperature');
  }
  if (topP !== undefined) {
    if (free && (temperature === undefined || traits.temperatureWithTopP)) request.top_p = topP;
    else if (topP !== 1) parameters.drop('top_p');
  }
  if (topK !== undefined) {
    if (free) request.top_k = topK;
    else parameters.drop('top_k');
  }
}

/**
 * A prefill, or the middle of a tool loop: the assistant's turn must begin with its thinking; a client that did not send it back gets an
 * answer without thinking rather than a 400 ("Expected `thinking` or `redacted_thinking`, but found `tool_use`").
 */
function lacksThinking(turns: readonly Turn[]): boolean {
  if (turns.at(-1)?.role === 'assistant') return true;
  const last = turns.findLastIndex((turn) => turn.role === 'user');
  const before = turns[last - 1];
  const answersTools = turns[last]?.content.some((block) => block.type === 'tool_result') ?? false;
  if (!answersTools || before?.role !== 'assistant') return false;
  const first = before.content[0]?.type;
  return first !== 'thinking' && first !== 'redacted_thinking';
}
