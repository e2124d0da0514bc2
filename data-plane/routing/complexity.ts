/** How hard a request is, 0 to 1, from the request itself: decides the tier of a smart group. */
import type { ChatRequest } from '../../shared/chat.js';
import type { GroupKind } from '../../shared/snapshot.js';
import { KIND_OFFSET } from './complexity-weights.js';

export function scoreComplexity(body: ChatRequest, kind: GroupKind): number {
  let length = 0;
  for (const message of body.messages) length += typeof message.content === 'string' ? message.content.length : 500;
  return Math.min(1, KIND_OFFSET[kind] + Math.log2(1 + length / 200) / 8);
}
