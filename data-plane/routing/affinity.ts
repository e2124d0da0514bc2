/**
 * A conversation returns to the vendor that holds its prompt in cache, while that is worth it. The state is passed in, so that planning
 * stays pure; `AffinityTable` is that state: bounded, without a clock, lost with the process and correct without it.
 */
import type { ChatMessage, ChatRequest } from '../../shared/chat.js';
import type { Candidate, HealthView } from '../types.js';

export interface WarmConversation {
  readonly endpointId: string;
  readonly modelId: string;
  /** Input tokens of the last turn: what the vendor may have in its cache. */
  readonly tokens: number;
  /** When the vendor last served it, Unix milliseconds. */
  readonly atMs: number;
}

export interface AffinityView {
  find(key: string): WarmConversation | undefined;
}

export const NO_AFFINITY: AffinityView = { find: () => undefined };

/** Vendors keep an unused prefix for 5 minutes (Anthropic; OpenAI 5 to 10). */
const CACHE_LIFETIME_MS = 5 * 60_000;
/** No vendor caches a shorter prefix. */
const SHORTEST_CACHED_PROMPT_TOKENS = 1_024;
/** Tokenizers differ by up to a factor of two from the reference. */
const SHORTEST_NAMED_PROMPT_TOKENS = SHORTEST_CACHED_PROMPT_TOKENS / 2;
/** The last turn is new: this much of what came before is expected to hit. */
const EXPECTED_HIT_SHARE = 0.9;
/** A vendor below this gives its conversations away. */
const HEALTHY_SUCCESS_RATE = 0.9;
const HEALTHY_SHARE = 0.5;

/**
 * Names a conversation within an account: the client's own id, or what its first messages say. Undefined for a prompt that is too short
 * for any vendor's cache: there is nothing to return to.
 */
export function affinityKeyOf(body: ChatRequest, accountId: string, estimatedTokens: number): string | undefined {
  const session = body.session_id ?? body.prompt_cache_key;
  if (session !== undefined && session !== '') return `${accountId} s ${session}`;
  if (estimatedTokens < SHORTEST_NAMED_PROMPT_TOKENS) return undefined;
  let hash = FNV_OFFSET;
  // A system prompt alone is shared by many conversations; with the first question it is one of them.
  for (let at = 0; at < 2; at++) {
    const message = body.messages[at];
    if (message) hash = hashText(textOf(message), hashText(message.role, hash));
  }
  return `${accountId} h ${(hash >>> 0).toString(36)} ${textOf(body.messages[0]).length}`;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Of each message; its length is hashed too. */
const HASHED_CHARACTERS = 256;

function hashText(text: string, seed: number): number {
  let hash = Math.imul(seed ^ text.length, FNV_PRIME);
  const end = Math.min(text.length, HASHED_CHARACTERS);
  for (let at = 0; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  return hash;
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  const first = content?.[0];
  return first?.type === 'text' ? first.text : '';
}

/** The conversation's last place, if returning there is allowed: recent, and the vendor is well now. */
export function warmPlace(view: AffinityView, key: string | undefined, nowMs: number, health: HealthView): WarmConversation | undefined {
  const warm = key === undefined ? undefined : view.find(key);
  if (!warm || nowMs - warm.atMs > CACHE_LIFETIME_MS) return undefined;
  const { endpointId } = warm;
  const healthy =
    !health.isOpen(endpointId) && health.successRate(endpointId) >= HEALTHY_SUCCESS_RATE && health.share(endpointId) >= HEALTHY_SHARE;
  return healthy ? warm : undefined;
}

/** Tokens of input that this model expects to find cached. */
export function warmTokens(warm: WarmConversation | undefined, modelId: string): number {
  return warm?.modelId === modelId && warm.tokens >= SHORTEST_CACHED_PROMPT_TOKENS ? warm.tokens * EXPECTED_HIT_SHARE : 0;
}

/** Two generations of a map: when the younger is full, the older is dropped. Holds at most twice `capacity` conversations. */
export class AffinityTable implements AffinityView {
  #young = new Map<string, WarmConversation>();
  #old = new Map<string, WarmConversation>();

  constructor(private readonly capacity = 20_000) {}

  find(key: string): WarmConversation | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** To be called when a candidate has served. Only places with a prompt cache are worth a return. */
  remember(key: string, candidate: Candidate, inputTokens: number, atMs: number): void {
    if (!candidate.model.capabilities.promptCache) return;
    if (this.#young.size >= this.capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, { endpointId: candidate.endpoint.id, modelId: candidate.model.id, tokens: inputTokens, atMs });
  }
}
