/**
 * One item to one data-plane node, as an ordinary completion that carries a signed ticket (half price, whose key) and the item's id as
 * Idempotency-Key: sent again after a lost answer, it returns the stored one. Says whether the answer is final, or when to try again.
 */
import type { Agent } from 'undici';
import { signBatchTicket } from '../../shared/batch-ticket.js';

/** Reasoning models think for minutes; a node's own deadline is ten. */
const ANSWER_MS = 900_000;
/** A ticket is made per try; its node may queue it behind others for the same key. */
const TICKET_SECONDS = 900;
const MAX_RETRY_AFTER_MS = 60_000;
const DEFAULT_RETRY_MS = 1_000;
/** Not the item's fault: another try may succeed. 402: funds may come back when other items settle. */
const PASSING = new Set([402, 408, 409, 421, 424, 429, 500, 502, 503, 504]);

export interface ItemToSend {
  readonly itemId: string;
  readonly keyHash: Buffer;
  readonly body: object;
}

export type ItemOutcome =
  | { readonly final: true; readonly statusCode: number; readonly requestId: string | null; readonly answer: object }
  | {
      readonly final: false;
      readonly statusCode: number;
      readonly retryAfterMs: number;
      readonly requestId: string | null;
      readonly answer: object;
    };

export async function sendBatchItem(agent: Agent, nodeUrl: string, nodeToken: string, item: ItemToSend): Promise<ItemOutcome> {
  const ticket = { batchItemId: item.itemId, keyHash: item.keyHash, expiresAt: Math.floor(Date.now() / 1000) + TICKET_SECONDS };
  try {
    const response = await agent.request({
      origin: nodeUrl,
      path: '/v1/chat/completions',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': item.itemId,
        'x-modelapi-batch-ticket': signBatchTicket(ticket, nodeToken),
      },
      body: JSON.stringify(item.body),
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
    const answer = readAnswer(await response.body.text());
    const requestId = headerOf(response.headers, 'x-modelapi-generation');
    const { statusCode } = response;
    if (!PASSING.has(statusCode)) return { final: true, statusCode, requestId, answer };
    return { final: false, statusCode, requestId, answer, retryAfterMs: retryAfter(headerOf(response.headers, 'retry-after-ms')) };
  } catch {
    const answer = {
      error: { message: 'The node that ran this item was lost.', type: 'server_error', param: null, code: 'service_unavailable' },
    };
    return { final: false, statusCode: 503, requestId: null, answer, retryAfterMs: DEFAULT_RETRY_MS };
  }
}

function readAnswer(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // Falls through: what is no JSON is no answer.
  }
  return { error: { message: 'The answer was not readable.', type: 'server_error', param: null, code: 'internal_error' } };
}

function headerOf(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

function retryAfter(milliseconds: string | null): number {
  const wanted = Number(milliseconds ?? DEFAULT_RETRY_MS);
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 100), MAX_RETRY_AFTER_MS) : DEFAULT_RETRY_MS;
}
