/**
 * Anthropic's Messages API (also as Vertex and Bedrock carry it, by quirks). Guarantees: whatever OpenAI's request can say is said, or
 * named in `dropped`, or refused as `invalid_request` before anything is sent; whatever comes back is OpenAI's shape or an
 * UpstreamFailure. Pure: a stream's decoder holds the only state. Called by `upstream/attempt.ts`, once per attempt.
 *
 * Switches read from `quirks.more`: `thinkingAlwaysOn`, `midConversationSystem`, `prefill`, `strictTools` (booleans, overriding what the
 * model's version says), `bodyVersion` (`vertex-2023-10-16`: version in the body, no model), `method` and `streamMethod` (for `{method}`
 * in `quirks.path`).
 */
import { decodeError } from '../decode-error.js';
import type { ProtocolAdapter } from '../protocol-adapter.js';
import { decodeResponse } from './decode-response.js';
import { AnthropicStreamDecoder } from './decode-stream.js';
import { encodeRequest } from './encode-request.js';

export const anthropic: ProtocolAdapter = {
  encodeRequest,
  decodeResponse,
  decodeError: (response, target) => decodeError(response, target.vendorId),
  openStream: (target) => new AnthropicStreamDecoder(target),
};
