/**
 * Gemini's generateContent, at AI Studio (`x-goog-api-key`) and at Vertex (base URL up to `publishers/google`, auth `bearer`). Guarantees:
 * whatever OpenAI's request can say is said, or named in `dropped`, or refused as `invalid_request` before anything is sent; whatever
 * comes back is OpenAI's shape or an UpstreamFailure. Pure: a stream's decoder holds the only state. Called by `upstream/attempt.ts`,
 * once per attempt; http(s) media must have been made inline before (remote-media.ts).
 *
 * Switch read from `quirks.more`: `openApiSchema` (true: tool and answer schemas in OpenAPI's subset instead of JSON Schema).
 */
import { decodeError } from '../decode-error.js';
import type { ProtocolAdapter } from '../protocol-adapter.js';
import { decodeResponse } from './decode-response.js';
import { GeminiStreamDecoder } from './decode-stream.js';
import { encodeRequest } from './encode-request.js';

export const gemini: ProtocolAdapter = {
  encodeRequest,
  decodeResponse,
  decodeError: (response, target) => decodeError(response, target.vendorId),
  openStream: (target) => new GeminiStreamDecoder(target),
};
