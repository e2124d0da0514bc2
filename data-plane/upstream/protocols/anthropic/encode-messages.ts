/**
 * OpenAI's messages as Anthropic's turns. What Anthropic insists on, and this guarantees: the first turn is the user's; turns of one
 * role are merged; every tool_use is answered in the very next turn, its results first and in the order of the calls; nothing empty.
 * Histories that break these rules are repaired with the least invention: an orphan result becomes text, a missing one says so.
 */
import type { ChatMessage } from '../../../../shared/chat.js';
import { asRecord, type JsonRecord } from '../json.js';
import type { ClaudeTraits } from './claude-traits.js';
import { encodeContent, encodeText } from './encode-content.js';
import { type AssistantBlock, CLAUDE_REASONING, type TextBlock, type ToolResultBlock, type Turn, type UserBlock } from './wire.js';

export interface EncodedMessages {
  readonly system: TextBlock[];
  readonly turns: readonly Turn[];
}

/** Stands where the API wants a user's turn and the history has none. */
const CONTINUED = '(continued)';
const NO_RESULT = '(this tool call has no result)';

export function encodeMessages(messages: readonly ChatMessage[], traits: ClaudeTraits): EncodedMessages {
  const isSystem = (message: ChatMessage): boolean => message.role === 'system' || message.role === 'developer';
  const firstOther = messages.findIndex((message) => !isSystem(message));
  const leading = firstOther < 0 ? messages.length : firstOther;
  const system = messages.slice(0, leading).flatMap((message, index) => encodeText(message, `messages[${index}]`));
  const history = new History(traits);
  for (const [index, message] of messages.entries()) {
    if (index < leading) continue;
    const path = `messages[${index}]`;
    if (isSystem(message)) history.addSystem(encodeText(message, path));
    else if (message.role === 'assistant') history.addAssistant(encodeAssistant(message, path, traits));
    else if (message.role === 'user') history.addUser(encodeContent(message, path));
    else history.addToolResult(message.tool_call_id ?? '', encodeContent(message, path));
  }
  return { system, turns: history.finish() };
}

function encodeAssistant(message: ChatMessage, path: string, traits: ClaudeTraits): AssistantBlock[] {
  const blocks: AssistantBlock[] = [];
  for (const detail of message.reasoning_details ?? []) {
    if (detail.format !== CLAUDE_REASONING || traits.thinking === 'none') continue;
    if (detail.type === 'reasoning.encrypted' && detail.data) blocks.push({ type: 'redacted_thinking', data: detail.data });
    else if (detail.type === 'reasoning.text' && detail.signature) {
      blocks.push({ type: 'thinking', thinking: detail.text ?? '', signature: detail.signature });
    }
  }
  blocks.push(...encodeText(message, path));
  if (message.refusal) blocks.push({ type: 'text', text: message.refusal });
  for (const call of message.tool_calls ?? []) {
    blocks.push({ type: 'tool_use', id: toolUseId(call.id), name: call.function.name, input: toolInput(call.function.arguments) });
  }
  return blocks;
}

/** Anthropic wants `[a-zA-Z0-9_-]+`; other vendors' ids are bent the same way on call and result. */
export function toolUseId(id: string): string {
  return id === '' ? 'toolu_0' : id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

function toolInput(text: string): JsonRecord {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return asRecord(value) ?? { value };
  } catch {
    return { arguments: text };
  }
}

class History {
  readonly #traits: ClaudeTraits;
  readonly #turns: Turn[] = [];
  /** System messages wait until the user's turn is whole: the API takes them only behind one. */
  #waiting: TextBlock[][] = [];

  constructor(traits: ClaudeTraits) {
    this.#traits = traits;
  }

  addSystem(blocks: TextBlock[]): void {
    if (blocks.length === 0) return;
    if (this.#traits.midConversationSystem) this.#waiting.push(blocks);
    else this.addUser(blocks.map((block) => ({ ...block, text: `<system>${block.text}</system>` })));
  }

  addUser(blocks: readonly UserBlock[]): void {
    if (blocks.length > 0) this.#userTurn().push(...blocks);
  }

  addToolResult(id: string, content: UserBlock[]): void {
    this.#userTurn().push({ type: 'tool_result', tool_use_id: toolUseId(id), content });
  }

  addAssistant(blocks: readonly AssistantBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.role === 'assistant' && this.#waiting.length === 0) {
      last.content.push(...blocks);
      return;
    }
    if (last === undefined) this.addUser([{ type: 'text', text: CONTINUED }]);
    this.#settleUserTurn();
    this.#turns.push({ role: 'assistant', content: [...blocks] });
  }

  finish(): readonly Turn[] {
    const last = this.#turns.at(-1);
    const unanswered = last?.role === 'assistant' && last.content.some((block) => block.type === 'tool_use');
    if (last?.role === 'assistant' && !unanswered && this.#traits.prefill && this.#waiting.length === 0) trimEnd(last.content);
    else if (last === undefined || (last.role === 'assistant' && !unanswered)) this.addUser([{ type: 'text', text: CONTINUED }]);
    this.#settleUserTurn();
    return this.#turns.filter((turn) => turn.content.length > 0);
  }

  #userTurn(): (UserBlock | ToolResultBlock)[] {
    const last = this.#turns.at(-1);
    if (last?.role === 'user') return last.content;
    const content: (UserBlock | ToolResultBlock)[] = [];
    this.#turns.push({ role: 'user', content });
    return content;
  }

  /** Before another assistant turn or the end: results in order, then the system messages that waited. */
  #settleUserTurn(): void {
    const before = this.#turns.at(this.#turns.at(-1)?.role === 'user' ? -2 : -1);
    const calls = before?.role === 'assistant' ? before.content.flatMap((block) => (block.type === 'tool_use' ? block.id : [])) : [];
    if (calls.length > 0 || this.#waiting.length > 0 || this.#turns.at(-1)?.role === 'user') {
      const content = this.#userTurn();
      const ordered = orderResults(content, calls);
      content.splice(0, content.length, ...ordered);
      if (content.length === 0) content.push({ type: 'text', text: CONTINUED });
    }
    for (const blocks of this.#waiting) this.#turns.push({ role: 'system', content: blocks });
    this.#waiting = [];
  }
}

function orderResults(content: readonly (UserBlock | ToolResultBlock)[], calls: readonly string[]): (UserBlock | ToolResultBlock)[] {
  const results = new Map<string, ToolResultBlock>();
  const rest: UserBlock[] = [];
  for (const block of content) {
    if (block.type !== 'tool_result') rest.push(block);
    else if (!calls.includes(block.tool_use_id)) rest.push(...orphanResult(block));
    else {
      const earlier = results.get(block.tool_use_id);
      if (earlier === undefined) results.set(block.tool_use_id, block);
      else earlier.content.push(...block.content);
    }
  }
  const answered = calls.map(
    (id): ToolResultBlock => results.get(id) ?? { type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: NO_RESULT }] },
  );
  return [...answered.map(liftCacheControl), ...rest];
}

function orphanResult(block: ToolResultBlock): UserBlock[] {
  return [{ type: 'text', text: `Result of the tool call ${block.tool_use_id}:` }, ...block.content];
}

/** Inside a tool_result only the block itself may carry the breakpoint. */
function liftCacheControl(block: ToolResultBlock): ToolResultBlock {
  const marked = block.content.find((inner) => inner.cache_control !== undefined)?.cache_control;
  if (marked === undefined) return block;
  return { ...block, cache_control: marked, content: block.content.map(({ cache_control: _moved, ...inner }) => inner as UserBlock) };
}

/** A prefill must not end in whitespace. */
function trimEnd(blocks: AssistantBlock[]): void {
  const last = blocks.at(-1);
  if (last?.type === 'text') last.text = last.text.trimEnd();
}
