/**
 * The OpenAI protocol (chat completions) with vendors' departures from it as data: `VendorQuirks`. Pure and stateless; a stream's decoder
 * holds the only state. Quirks were measured on recorded traffic: shared/conformance.md 3, 4 and 7 are cited by number beside each.
 */
import { decodeError } from '../decode-error.js';
import type { ProtocolAdapter } from '../protocol-adapter.js';
import { decodeResponse } from './decode.js';
import { encodeRequest } from './encode.js';
import { OpenAiStream } from './stream.js';

export const openai: ProtocolAdapter = {
  encodeRequest,
  decodeResponse,
  decodeError: (response, target) => decodeError(response, target.vendorId),
  openStream: (target) => new OpenAiStream(target),
};
