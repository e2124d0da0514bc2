/** Bytes of a body as JSON, once. */
import { isAscii, isUtf8 } from 'node:buffer';
import { GatewayError } from '../../shared/errors.js';

/** Throws GatewayError `invalid_request` for bytes that are not UTF-8 or not JSON. */
export function readJson(raw: Buffer): unknown {
  // One-byte strings parse faster, and most bodies are ASCII.
  const text = isAscii(raw) ? raw.toString('latin1') : isUtf8(raw) ? raw.toString('utf8') : undefined;
  if (text === undefined) throw new GatewayError('invalid_request', 'The body is not valid UTF-8. Send JSON encoded as UTF-8.');
  if (text === '') throw new GatewayError('invalid_request', 'The body is empty. Send a JSON object.');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const position = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined;
    const where = position === undefined ? '' : ` (at byte ${position})`;
    throw new GatewayError('invalid_request', `The body is not valid JSON${where}.`, { cause });
  }
}
