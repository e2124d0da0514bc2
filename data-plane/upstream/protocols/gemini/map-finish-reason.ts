/** Gemini's finish reasons in OpenAI's words. */
import type { FinishReason } from '../../../../shared/chat.js';
import { UpstreamFailure } from '../protocol-adapter.js';

const REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  CONTINUATION: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  MODEL_ARMOR: 'content_filter',
  JAILBREAK: 'content_filter',
};

/** The model's own output was of no use and was thrown away; as `stop` it would look like an empty answer. Another sample may do. */
const USELESS: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
  'MALFORMED_RESPONSE',
]);

/** `calls`: whether a function was called; Gemini says STOP then. Throws UpstreamFailure `server_error` for useless output. */
export function mapFinishReason(native: string, calls: boolean): FinishReason {
  if (USELESS.has(native)) {
    throw new UpstreamFailure('server_error', `the model's output was useless: ${native}`, {
      retryable: true,
      failover: true,
      vendorCode: native,
      publicMessage: 'The model made an invalid tool call.',
    });
  }
  const reason = REASONS[native] ?? (native.startsWith('IMAGE_') ? 'content_filter' : 'stop');
  return reason === 'stop' && calls ? 'tool_calls' : reason;
}
