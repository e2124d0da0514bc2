/**
 * Messages for one OpenAI-speaking vendor. Returns the same array when nothing had to change, so that the caller can send the client's
 * own bytes. The numbers are those of conformance 7.
 */
import type { ChatMessage, ContentPart, FunctionTool, ReasoningDetail, ToolCall } from '../../../../shared/chat.js';
import type { VendorQuirks } from '../../../../shared/snapshot.js';

type Writable<T> = { -readonly [member in keyof T]: T[member] };

/** What a strict vendor (no unknown members) accepts in a message. */
const MESSAGE_MEMBERS = new Set(['role', 'content', 'name', 'tool_calls', 'tool_call_id', 'prefix']);
/** Ours and other vendors': no vendor gets them unless its quirks say so. */
const FOREIGN_MEMBERS = ['reasoning_content', 'reasoning', 'reasoning_details', 'cache_control'] as const;

/** `ownedBy`: who made the model; reasoning signed by another maker is stripped (36). */
export function encodeMessages(messages: readonly ChatMessage[], quirks: VendorQuirks, ownedBy: string): readonly ChatMessage[] {
  let result: ChatMessage[] | undefined;
  let images: ContentPart[] = [];
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as ChatMessage;
    const encoded = encodeMessage(message, quirks, ownedBy, images);
    if (encoded !== message) result ??= messages.slice(0, index);
    result?.push(encoded);
    const next = messages[index + 1];
    if (message.role !== 'tool' || next?.role === 'tool') continue;
    if (images.length > 0) {
      result ??= messages.slice(0, index + 1);
      result.push(...betweenToolAndUser(quirks, 'user'), { role: 'user', content: images });
      images = [];
    } else if (next !== undefined) {
      const between = betweenToolAndUser(quirks, next.role);
      if (between.length > 0) {
        result ??= messages.slice(0, index + 1);
        result.push(...between);
      }
    }
  }
  return result ?? messages;
}

/** Mistral refuses a user's turn right after a tool's (code 3230): the assistant acknowledges in between. */
function betweenToolAndUser(quirks: VendorQuirks, nextRole: string): ChatMessage[] {
  return quirks.noUserAfterTool === true && nextRole === 'user' ? [{ role: 'assistant', content: 'OK.' }] : [];
}

function encodeMessage(message: ChatMessage, quirks: VendorQuirks, ownedBy: string, images: ContentPart[]): ChatMessage {
  const draft = new MessageDraft(message);
  encodeRole(message, quirks, draft);
  if (quirks.strictMessages ?? quirks.passUnknown !== true) {
    for (const member of Object.keys(message)) if (!MESSAGE_MEMBERS.has(member)) draft.remove(member as keyof ChatMessage);
  } else {
    for (const member of FOREIGN_MEMBERS) if (message[member] !== undefined) draft.remove(member);
    if (quirks.cacheControl === true && message.cache_control !== undefined) draft.set('cache_control', message.cache_control);
  }
  if (message.role === 'assistant') encodeAssistant(message, quirks, ownedBy, draft);
  if (message.role === 'tool') encodeToolResult(message, quirks, draft, images);
  else encodeContent(message, quirks, draft);
  return draft.message;
}

/** 4: `developer` is `system` for everyone but OpenAI; o1-mini knows neither. */
function encodeRole(message: ChatMessage, quirks: VendorQuirks, draft: MessageDraft): void {
  if (message.role !== 'system' && message.role !== 'developer') return;
  if (quirks.noSystemRole === true) draft.set('role', 'user');
  else if (quirks.developerRole === false && message.role === 'developer') draft.set('role', 'system');
}

function encodeAssistant(message: ChatMessage, quirks: VendorQuirks, ownedBy: string, draft: MessageDraft): void {
  // 7: null is valid beside tool calls; Mistral wants "" instead, and never nothing.
  if (quirks.emptyContent === 'string' && (message.content === null || message.content === undefined)) draft.set('content', '');
  if (message.tool_calls != null) {
    const calls = message.tool_calls.map((call) => encodeToolCall(call, quirks));
    if (calls.some((call, index) => call !== message.tool_calls?.[index])) draft.set('tool_calls', calls);
  }
  encodeReasoning(message, quirks, ownedBy, draft);
}

/** 34 to 36: reasoning goes back only to a vendor that takes it, under its name for it. */
function encodeReasoning(message: ChatMessage, quirks: VendorQuirks, ownedBy: string, draft: MessageDraft): void {
  const text = message.reasoning_content ?? message.reasoning;
  switch (quirks.reasoningHistory) {
    case 'reasoning_content':
      if (typeof text === 'string') draft.set('reasoning_content', text);
      else if (quirks.reasoningContentRequired === true && message.tool_calls?.length) draft.set('reasoning_content', '');
      return;
    case 'reasoning':
      if (typeof text === 'string') draft.set('reasoning', text);
      return;
    case 'reasoning_details': {
      const own = message.reasoning_details?.filter((detail) => isOwn(detail, ownedBy)) ?? [];
      if (own.length > 0) draft.set('reasoning_details', own);
      else if (typeof text === 'string') draft.set('reasoning', text);
      return;
    }
    default:
  }
}

/** `anthropic-claude-v1` belongs to `anthropic`, `xai-responses-v1` to `xai` or `x-ai`. An unsigned text belongs to anybody. */
function isOwn(detail: ReasoningDetail, ownedBy: string): boolean {
  if (detail.format === undefined || detail.format === null || detail.format === 'unknown') return true;
  return detail.format.split('-')[0] === ownedBy.replace('-', '');
}

function encodeToolCall(call: ToolCall, quirks: VendorQuirks): ToolCall {
  const id = quirks.toolCallIds === 'mistral' ? mistralToolCallId(call.id) : call.id;
  if (id === call.id && call.extra_content === undefined) return call;
  return { id, type: call.type, function: call.function };
}

/** 10: the result of a tool is text; its images move to a user's turn after the last result of the group. */
function encodeToolResult(message: ChatMessage, quirks: VendorQuirks, draft: MessageDraft, images: ContentPart[]): void {
  if (quirks.toolCallIds === 'mistral' && message.tool_call_id !== undefined) {
    const id = mistralToolCallId(message.tool_call_id);
    if (id !== message.tool_call_id) draft.set('tool_call_id', id);
  }
  if (!Array.isArray(message.content) || quirks.toolImages === true) return;
  const parts = message.content as readonly ContentPart[];
  // Where marks of prompt caching count, a text may carry one.
  if (quirks.cacheControl === true && parts.every((part) => part.type === 'text')) return;
  const others = parts.filter((part) => part.type !== 'text').map(withoutCacheControl);
  images.push(...others);
  const text = joinText(parts);
  draft.set('content', text === '' && others.length > 0 ? 'The result is in the next message.' : text);
}

function encodeContent(message: ChatMessage, quirks: VendorQuirks, draft: MessageDraft): void {
  if (!Array.isArray(message.content)) return;
  const parts = message.content as readonly ContentPart[];
  if (quirks.flatText === true && parts.every((part) => part.type === 'text')) draft.set('content', joinText(parts));
  else if (quirks.cacheControl !== true && parts.some(hasCacheControl)) draft.set('content', parts.map(withoutCacheControl));
}

function joinText(parts: readonly ContentPart[]): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function hasCacheControl(part: object): boolean {
  return 'cache_control' in part;
}

function withoutCacheControl<T extends object>(part: T): T {
  if (!hasCacheControl(part)) return part;
  const { cache_control: _, ...rest } = part as T & { cache_control?: unknown };
  return rest as T;
}

/** The same array when no tool carries a `cache_control` mark. */
export function withoutToolMarks(tools: readonly FunctionTool[]): readonly FunctionTool[] {
  return tools.some(hasCacheControl) ? tools.map(withoutCacheControl) : tools;
}

const MISTRAL_ID = /^[a-zA-Z0-9]{9}$/;
const ALPHANUMERIC = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** 9: Mistral's ids are nine letters or digits. Any other id becomes one by two FNV-1a hashes: the same on the call and on its result. */
export function mistralToolCallId(id: string): string {
  if (MISTRAL_ID.test(id)) return id;
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < id.length; index++) {
    const code = id.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193) >>> 0;
    high = Math.imul(high ^ (code + index), 0x01000193) >>> 0;
  }
  let rest = (BigInt(high) << 32n) | BigInt(low);
  let encoded = '';
  for (let position = 0; position < 9; position++) {
    encoded += ALPHANUMERIC[Number(rest % 62n)];
    rest /= 62n;
  }
  return encoded;
}

/** Copies a message on its first change. */
class MessageDraft {
  #message: Writable<ChatMessage>;
  #copied = false;

  constructor(message: ChatMessage) {
    this.#message = message;
  }

  get message(): ChatMessage {
    return this.#message;
  }

  set<Member extends keyof ChatMessage>(member: Member, value: ChatMessage[Member]): void {
    this.#copy()[member] = value;
  }

  remove(member: keyof ChatMessage): void {
    delete this.#copy()[member];
  }

  #copy(): Writable<ChatMessage> {
    if (!this.#copied) this.#message = { ...this.#message };
    this.#copied = true;
    return this.#message;
  }
}
