/** One item of a batch, checked as a completion would be and planned, so that its ceiling is known before anything is held. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChatRequest } from '../../shared/chat.js';
import { GatewayError } from '../../shared/errors.js';
import { BATCH_50 } from '../../shared/money.js';
import type { Principal, Snapshot } from '../types.js';
import type { HttpContext } from './context.js';
import { checkChatRequest } from './read-chat-request.js';

export const MAX_CUSTOM_ID_LENGTH = 512;
/** Interactive requests wait no longer than this for a batch to be checked. */
const TURN_MS = 2;

export interface PlannedItem {
  readonly body: ChatRequest;
  /** Nano-USD at the batch rate. */
  readonly ceiling: bigint;
}

/** `path`: where the item stands, as errors name it: `requests[3]`, or empty for a line of its own. Throws GatewayError. */
export type PlanItem = (item: unknown, path: string) => PlannedItem;

export function createItemPlanner(context: HttpContext, given: Principal, snapshot: Snapshot, requestId: string): PlanItem {
  const principal: Principal = { ...given, multiplier: BATCH_50 };
  return (item, path) => {
    const body = checkItem(item, path);
    const raw = Buffer.from(JSON.stringify(body));
    const completion = { id: requestId, raw, body, stream: false, includeUsage: false, receivedAtMs: Date.now(), deadlineMs: 0 };
    try {
      const { ceiling } = context.stages.planRoute(completion, principal, snapshot, context.stages.health(), context.stages.random);
      return { body, ceiling };
    } catch (error) {
      if (!(error instanceof GatewayError) || error.status >= 500) throw error;
      const message = path === '' ? error.message : `${path}: ${error.message}`;
      throw new GatewayError(error.code, message, { param: member(path, error.param ?? 'model'), extra: error.extra });
    }
  };
}

function checkItem(item: unknown, path: string): ChatRequest {
  const body = path === '' ? checkChatRequest(item) : checkChatRequest(item, path);
  if (body.stream !== true) return { ...body, stream: false };
  const param = member(path, 'stream');
  throw new GatewayError('invalid_request', `Invalid '${param}': items of a batch are not streamed.`, { param });
}

/** Throws for an id that PostgreSQL could not keep as it came. */
export function checkCustomId(customId: string, param: string): void {
  if (customId.isWellFormed() && !customId.includes('\u0000')) return;
  throw new GatewayError('invalid_request', `Invalid '${param}': must be text without zero characters and halves of characters.`, {
    param,
  });
}

/** Maps in short turns of the event loop. */
export async function inTurns<Given, Made>(given: readonly Given[], make: (one: Given, index: number) => Made): Promise<Made[]> {
  const made: Made[] = [];
  let turnEndsMs = performance.now() + TURN_MS;
  for (const [index, one] of given.entries()) {
    made.push(make(one, index));
    if (performance.now() < turnEndsMs) continue;
    await nextTurn();
    turnEndsMs = performance.now() + TURN_MS;
  }
  return made;
}

function member(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
