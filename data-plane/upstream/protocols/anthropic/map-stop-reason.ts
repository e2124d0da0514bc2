import type { FinishReason } from '../../../../shared/chat.js';

const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // A server tool paused a long turn. The gateway offers none of those, so what there is, is the answer; the native reason says so.
  pause_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
};

/** `calls`: whether the client was given a tool call. A call that became the answer's text (structured output) does not count. */
export function mapStopReason(native: string, calls: boolean): FinishReason {
  const reason = REASONS[native] ?? 'stop';
  if (reason === 'tool_calls' || reason === 'stop') return calls ? 'tool_calls' : 'stop';
  return reason;
}
