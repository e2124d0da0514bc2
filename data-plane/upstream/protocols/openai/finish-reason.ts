/** Finish reasons of OpenAI-speaking vendors in OpenAI's five words. */
import type { FinishReason } from '../../../../shared/chat.js';

/** The vendor broke off: never rendered as an end (DeepSeek, GLM, Mistral and OpenRouter say it in a 200). */
const FAILED = new Set(['error', 'network_error', 'insufficient_system_resource', 'model_error', 'abort', 'aborted']);

const WORDS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
  function_call: 'function_call',
  max_tokens: 'length',
  model_length: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  tool_call: 'tool_calls',
  refusal: 'content_filter',
  sensitive: 'content_filter',
};

/** `null` while it goes on, `failed` when the vendor gave up. Words that nobody knows are a stop (conformance 7.44). */
export function readFinishReason(native: unknown, calledTools: boolean): FinishReason | 'failed' | null {
  // DashScope's native API writes the string "null".
  if (typeof native !== 'string' || native === '' || native === 'null') return null;
  if (FAILED.has(native)) return 'failed';
  const reason = WORDS[native] ?? 'stop';
  return reason === 'stop' && calledTools ? 'tool_calls' : reason;
}
