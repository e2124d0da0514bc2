/**
 * A chat history as strictly alternating turns, for protocols that insist on them (Anthropic, Gemini). Guarantees: the first turn is the
 * user's; turns of one role are merged; empty messages are gone; every tool call is answered in the very next turn, in the order of the
 * calls. A result that no call asked for stays in its place as an ordinary message; a call without a result gets an empty answer list:
 * each protocol says so in its own words. Pure; the messages themselves are not touched.
 */
import type { ChatMessage, ContentPart, ToolCall } from '../../../shared/chat.js';

export interface PlacedMessage {
  readonly message: ChatMessage;
  /** `messages[3]`, for errors. */
  readonly path: string;
}

export interface ToolAnswer {
  readonly call: ToolCall;
  readonly answers: readonly PlacedMessage[];
}

export type ConversationTurn =
  | { readonly role: 'assistant'; readonly messages: readonly PlacedMessage[] }
  /** `messages` in order: the user's, system messages in mid-conversation, and orphan tool results. All may be empty. */
  | { readonly role: 'user'; readonly results: readonly ToolAnswer[]; readonly messages: readonly PlacedMessage[] };

interface Conversation {
  /** System and developer messages before all others. */
  readonly system: readonly PlacedMessage[];
  readonly turns: readonly ConversationTurn[];
}

interface OpenUserTurn {
  readonly role: 'user';
  readonly results: { readonly call: ToolCall; readonly answers: PlacedMessage[] }[];
  readonly messages: PlacedMessage[];
}
type OpenTurn = OpenUserTurn | { readonly role: 'assistant'; readonly messages: PlacedMessage[] };

export function isSystem(message: ChatMessage): boolean {
  return message.role === 'system' || message.role === 'developer';
}

export function readConversation(messages: readonly ChatMessage[]): Conversation {
  const placed = messages.map((message, index) => ({ message, path: `messages[${index}]` })).filter(({ message }) => !isEmpty(message));
  const firstOther = placed.findIndex(({ message }) => !isSystem(message));
  const leading = firstOther < 0 ? placed.length : firstOther;
  const turns: OpenTurn[] = [];
  for (const item of placed.slice(leading)) {
    if (item.message.role === 'assistant') addAssistant(turns, item);
    else addToUserTurn(turns, item);
  }
  if (turns.at(-1)?.role === 'assistant' && callsOf(turns.at(-1)).length > 0) openUserTurn(turns);
  return { system: placed.slice(0, leading), turns };
}

export function toolCalls(message: ChatMessage): readonly ToolCall[] {
  if (message.tool_calls !== undefined && message.tool_calls !== null)
    return message.tool_calls.filter((call) => call.function !== undefined);
  const legacy = (message as { function_call?: { name: string; arguments: string } | null }).function_call;
  return legacy ? [{ id: `call_${legacy.name}`, type: 'function', function: legacy }] : [];
}

function addAssistant(turns: OpenTurn[], item: PlacedMessage): void {
  const last = turns.at(-1);
  if (last?.role === 'assistant') last.messages.push(item);
  else {
    if (last === undefined) openUserTurn(turns);
    turns.push({ role: 'assistant', messages: [item] });
  }
}

function addToUserTurn(turns: OpenTurn[], item: PlacedMessage): void {
  const turn = openUserTurn(turns);
  const { role, tool_call_id: id, name } = item.message;
  const answers = role === 'tool' || role === 'function';
  const asked = answers && turn.results.find(({ call }) => (id === undefined ? call.function.name === name : call.id === id));
  if (asked) asked.answers.push(item);
  else turn.messages.push(item);
}

function openUserTurn(turns: OpenTurn[]): OpenUserTurn {
  const last = turns.at(-1);
  if (last?.role === 'user') return last;
  const turn: OpenUserTurn = { role: 'user', results: callsOf(last).map((call) => ({ call, answers: [] })), messages: [] };
  turns.push(turn);
  return turn;
}

function callsOf(turn: OpenTurn | undefined): ToolCall[] {
  return turn?.role === 'assistant' ? turn.messages.flatMap(({ message }) => toolCalls(message)) : [];
}

/** Vendors refuse messages and parts that say nothing. A tool's empty result does say something. */
function isEmpty(message: ChatMessage): boolean {
  if (message.role === 'tool' || message.role === 'function') return false;
  if (toolCalls(message).length > 0 || message.refusal) return false;
  if (typeof message.content === 'string') return message.content.trim() === '';
  return (message.content ?? []).every((part) => part.type === 'text' && part.text.trim() === '');
}

/** The parts of a message that say something; a string is one text part. */
export function partsOf(message: ChatMessage): readonly ContentPart[] {
  const parts: readonly ContentPart[] =
    typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : (message.content ?? []);
  return parts.filter((part) => part.type !== 'text' || part.text.trim() !== '');
}

/** Stands where an API wants a user's turn and the history has none. */
export const CONTINUED = '(continued)';
/** Stands where an API wants a tool's result and the history has none. */
export const NO_RESULT = '(this tool call has no result)';
