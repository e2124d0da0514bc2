/**
 * A conversation as Anthropic's turns: tool results first in the user's turn, reasoning first in the assistant's, system messages at
 * the top or, in mid-conversation, where the model takes them.
 */
import type { ChatMessage } from '../../../../shared/chat.js';
import {
  CONTINUED,
  type ConversationTurn,
  isSystem,
  NO_RESULT,
  type PlacedMessage,
  readConversation,
  type ToolAnswer,
  toolCalls,
} from '../conversation.js';
import { asArray, asRecord, asText, type JsonRecord, parseJson } from '../json.js';
import type { ClaudeTraits } from './claude-traits.js';
import { encodeContent, encodeText } from './encode-content.js';
import { type AssistantBlock, CLAUDE_REASONING, type TextBlock, type ToolResultBlock, type Turn, type UserBlock } from './wire.js';

interface EncodedMessages {
  readonly system: TextBlock[];
  readonly turns: readonly Turn[];
}

export function encodeMessages(messages: readonly ChatMessage[], traits: ClaudeTraits): EncodedMessages {
  const conversation = readConversation(messages);
  const turns = conversation.turns.flatMap((turn) =>
    turn.role === 'user' ? encodeUserTurn(turn, traits) : [encodeAssistantTurn(turn, traits)],
  );
  const last = turns.at(-1);
  if (last?.role === 'assistant' && traits.prefill) trimEnd(last.content);
  else if (last === undefined || last.role === 'assistant') turns.push({ role: 'user', content: [{ type: 'text', text: CONTINUED }] });
  return { system: conversation.system.flatMap(({ message, path }) => encodeText(message, path)), turns };
}

/** The API takes system messages only behind a whole user turn (fixtures mid_conversation_system); older models read them inside it. */
function encodeUserTurn(turn: Extract<ConversationTurn, { role: 'user' }>, traits: ClaudeTraits): Turn[] {
  const content: (UserBlock | ToolResultBlock)[] = turn.results.map(encodeResult);
  const behind: Turn[] = [];
  for (const { message, path } of turn.messages) {
    if (!isSystem(message)) content.push(...encodeUserMessage(message, path));
    else if (traits.midConversationSystem) behind.push({ role: 'system', content: encodeText(message, path) });
    else content.push(...encodeText(message, path).map((block) => ({ ...block, text: `<system>${block.text}</system>` })));
  }
  if (content.length === 0) content.push({ type: 'text', text: CONTINUED });
  return [{ role: 'user', content }, ...behind];
}

function encodeUserMessage(message: ChatMessage, path: string): UserBlock[] {
  const blocks = encodeContent(message, path);
  if (message.role === 'user') return blocks;
  return [{ type: 'text', text: `Result of the tool call ${message.tool_call_id ?? message.name ?? ''}:` }, ...blocks];
}

function encodeResult({ call, answers }: ToolAnswer): ToolResultBlock {
  const blocks = answers.flatMap(({ message, path }) => encodeContent(message, path));
  // Inside a tool_result only the block itself may carry the cache breakpoint.
  const marked = blocks.find((block) => block.cache_control !== undefined)?.cache_control;
  const content = marked === undefined ? blocks : blocks.map(({ cache_control: _moved, ...block }) => block as UserBlock);
  return {
    type: 'tool_result',
    tool_use_id: toolUseId(call.id),
    content: answers.length === 0 ? [{ type: 'text', text: NO_RESULT }] : content,
    ...(marked === undefined ? {} : { cache_control: marked }),
  };
}

function encodeAssistantTurn(turn: { readonly messages: readonly PlacedMessage[] }, traits: ClaudeTraits): Turn {
  return { role: 'assistant', content: turn.messages.flatMap(({ message, path }) => encodeAssistant(message, path, traits)) };
}

function encodeAssistant(message: ChatMessage, path: string, traits: ClaudeTraits): AssistantBlock[] {
  const blocks: AssistantBlock[] = traits.thinking === 'none' ? [] : encodeReasoningDetails(message);
  blocks.push(...encodeText(message, path));
  if (message.refusal) blocks.push({ type: 'text', text: message.refusal });
  for (const call of toolCalls(message)) {
    blocks.push({ type: 'tool_use', id: toolUseId(call.id), name: call.function.name, input: toolInput(call.function.arguments) });
  }
  const last = blocks.at(-1);
  if (message.cache_control !== undefined && last?.type === 'tool_use') last.cache_control = message.cache_control;
  return blocks;
}

/** Only what Claude signed itself: a foreign signature is refused with a 400. LiteLLM's clients send Anthropic's own blocks. */
function encodeReasoningDetails(message: ChatMessage): AssistantBlock[] {
  if (message.reasoning_details == null) return asArray((message as unknown as JsonRecord)['thinking_blocks']).flatMap(readThinkingBlock);
  return message.reasoning_details.flatMap((detail): AssistantBlock[] => {
    if (detail.format !== CLAUDE_REASONING) return [];
    if (detail.type === 'reasoning.encrypted' && detail.data) return [{ type: 'redacted_thinking', data: detail.data }];
    if (detail.type !== 'reasoning.text' || !detail.signature) return [];
    return [{ type: 'thinking', thinking: detail.text ?? '', signature: detail.signature }];
  });
}

function readThinkingBlock(item: unknown): AssistantBlock[] {
  const block = asRecord(item);
  const data = asText(block?.['data']);
  const signature = asText(block?.['signature']);
  if (block?.['type'] === 'redacted_thinking' && data !== undefined) return [{ type: 'redacted_thinking', data }];
  if (block?.['type'] !== 'thinking' || signature === undefined) return [];
  return [{ type: 'thinking', thinking: asText(block['thinking']) ?? '', signature }];
}

/** Anthropic wants `[a-zA-Z0-9_-]+`; other vendors' ids are bent the same way on call and result. */
function toolUseId(id: string): string {
  return id === '' ? 'toolu_0' : id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** `input` is an object; arguments that are none are kept under a name. */
function toolInput(text: string): JsonRecord {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  return asRecord(value) ?? { arguments: value ?? text };
}

/** A prefill must not end in whitespace. */
function trimEnd(blocks: AssistantBlock[]): void {
  const last = blocks.at(-1);
  if (last?.type === 'text') last.text = last.text.trimEnd();
}
