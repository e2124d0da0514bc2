/**
 * How a batch worker speaks for a customer: it knows the key's hash, never the key. A ticket names the item and the key, lasts minutes
 * and is signed under the token that the planes share. A node that accepts one charges half price and applies the key's policy,
 * except its IP ranges (the customer was at a permitted address when the batch was submitted).
 * Text: `<item id>.<hex key hash>.<expires, Unix seconds>.<base64url HMAC-SHA256 of all before>`; an item id contains no dot.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface BatchTicket {
  readonly batchItemId: string;
  /** 32 bytes, `hashApiKey`. */
  readonly keyHash: Buffer;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const PATTERN = /^([^.]{1,100})\.([0-9a-f]{64})\.(\d{1,12})\.([\w-]{43})$/;

export function signBatchTicket(ticket: BatchTicket, secret: string): string {
  const text = `${ticket.batchItemId}.${ticket.keyHash.toString('hex')}.${ticket.expiresAt}`;
  return `${text}.${sign(text, secret).toString('base64url')}`;
}

/** Undefined for a ticket that is malformed, forged or over. */
export function readBatchTicket(text: string, secret: string, nowMs: number): BatchTicket | undefined {
  const match = PATTERN.exec(text);
  const [, batchItemId, keyHash, expires, signature] = match ?? [];
  if (batchItemId === undefined || keyHash === undefined || expires === undefined || signature === undefined) return undefined;
  const given = Buffer.from(signature, 'base64url');
  const expected = sign(text.slice(0, text.lastIndexOf('.')), secret);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const expiresAt = Number(expires);
  return expiresAt * 1_000 > nowMs ? { batchItemId, keyHash: Buffer.from(keyHash, 'hex'), expiresAt } : undefined;
}

function sign(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update('batch-ticket\n').update(text).digest();
}
