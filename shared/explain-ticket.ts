/**
 * How the control plane asks a node to plan a request for an operator, without a customer's key: the body is signed under the token that
 * the planes share, for a minute. The token itself does not travel, since nodes are found by what they say of themselves.
 * Text: `<expires, Unix seconds>.<base64url HMAC-SHA256 of that and the body>`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const EXPLAIN_PATH = '/internal/routing/explain';
export const EXPLAIN_TICKET_HEADER = 'x-modelapi-explain-ticket';
const VALID_SECONDS = 60;
const PATTERN = /^(\d{1,12})\.([\w-]{43})$/;

/** The body of the call. */
export interface ExplainCall {
  /** A completion's, as it was pasted. */
  readonly request: string;
  /** Hex, `hashApiKey`: plan as for this key; null is a caller without limits. */
  readonly keyHash: string | null;
}

export function signExplainTicket(body: string, secret: string, nowMs: number): string {
  const expires = Math.floor(nowMs / 1000) + VALID_SECONDS;
  return `${expires}.${sign(expires, body, secret).toString('base64url')}`;
}

/** False for a ticket that is malformed, forged, over, or of another body. */
export function isExplainTicket(text: string, body: string, secret: string, nowMs: number): boolean {
  const [, expires, signature] = PATTERN.exec(text) ?? [];
  if (expires === undefined || signature === undefined || Number(expires) * 1000 <= nowMs) return false;
  return timingSafeEqual(Buffer.from(signature, 'base64url'), sign(Number(expires), body, secret));
}

function sign(expires: number, body: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`explain-ticket\n${expires}\n`).update(body).digest();
}
