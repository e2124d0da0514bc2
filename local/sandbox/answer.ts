/**
 * From a prompt to an answer, without a vendor's shape: the three wires read the one and render the other.
 * Deterministic: the same prompt and script give the same text, tool arguments and token counts.
 */
import { createHash } from 'node:crypto';
import type { JsonObject } from './json-value.js';
import { answerSchema } from './schema-answer.js';
import type { Script } from './script.js';
import { countTokens, cutToTokens } from './tokens.js';

export interface Prompt {
  readonly model: string;
  readonly stream: boolean;
  /** Every text of the conversation, joined: what is counted. */
  readonly text: string;
  readonly messageCount: number;
  readonly lastUserText: string;
  /** The conversation ends with a tool's result: time to answer in words. */
  readonly endsWithToolResult: boolean;
  readonly tools: readonly { readonly name: string; readonly schema: JsonObject }[];
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly parallelTools: boolean;
  /** The answer must satisfy this schema; `{}` is any JSON object. */
  readonly schema: JsonObject | undefined;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly choices: number;
  /** Alternatives per token; undefined when logprobs were not asked for. */
  readonly topLogprobs: number | undefined;
  readonly reasoning: boolean;
  /** Usage in the stream, where the vendor makes it optional. */
  readonly includeUsage: boolean;
}

export interface AnsweredCall {
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

export interface Choice {
  readonly reasoning: string;
  readonly text: string;
  readonly calls: readonly AnsweredCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls';
}

export interface Usage {
  /** All input, cached included. */
  readonly input: number;
  readonly cached: number;
  readonly cacheWrite: number;
  /** Text, tool calls and reasoning. */
  readonly output: number;
  readonly reasoning: number;
}

export interface Answer {
  readonly choices: readonly Choice[];
  readonly usage: Usage;
}

/** What vendors add for roles and separators; OpenAI's cookbook counts 3 a message and 3 for the answer's opening. */
const TOKENS_PER_MESSAGE = 3;
const DEFAULT_REASONING_WORDS = 24;

export function countInput(prompt: Prompt): number {
  const tools = prompt.tools.length === 0 ? 0 : countTokens(JSON.stringify(prompt.tools));
  return countTokens(prompt.text) + tools + TOKENS_PER_MESSAGE * (prompt.messageCount + 1);
}

export function composeAnswer(prompt: Prompt, script: Script): Answer {
  const choices = Array.from({ length: prompt.choices }, (_, index) => composeChoice(prompt, script, index));
  const reasoning = sum(choices, (choice) => countTokens(choice.reasoning));
  const output = sum(choices, (choice) => countTokens(choice.text) + countTokens(callText(choice.calls)));
  const input = countInput(prompt);
  const cached = Math.min(script.cachedTokens, input);
  return {
    choices,
    usage: {
      input,
      cached,
      cacheWrite: Math.min(script.cacheWriteTokens, input - cached),
      output: Math.max(1, output) + reasoning,
      reasoning,
    },
  };
}

function composeChoice(prompt: Prompt, script: Script, index: number): Choice {
  const random = seededRandom(`${prompt.text}\n${index}`);
  const reasoningWords = script.reasoningWords ?? (prompt.reasoning ? DEFAULT_REASONING_WORDS : 0);
  const reasoning = reasoningWords === 0 ? '' : `Let me think. ${composeWords(prompt.lastUserText, reasoningWords, random)}`;
  const calls = composeCalls(prompt, script);
  if (calls.length > 0) return { reasoning, text: '', calls, finish: 'tool_calls' };

  const full = prompt.schema ? JSON.stringify(answerSchema(prompt.schema)) : composeText(prompt, script, random);
  const stopped = cutAtStop(full, prompt.stop);
  const cut = prompt.maxTokens === undefined ? undefined : cutToTokens(stopped, prompt.maxTokens);
  return { reasoning, text: cut ?? stopped, calls, finish: cut === undefined ? 'stop' : 'length' };
}

function composeCalls(prompt: Prompt, script: Script): AnsweredCall[] {
  const { toolChoice } = prompt;
  if (prompt.tools.length === 0 || toolChoice === 'none') return [];
  const forced = toolChoice !== 'auto';
  if (!forced && (prompt.endsWithToolResult || prompt.schema !== undefined) && script.calls === undefined) return [];
  const wanted = script.calls ?? 1;
  const count = prompt.parallelTools ? Math.max(wanted, forced ? 1 : 0) : Math.min(1, Math.max(wanted, forced ? 1 : 0));
  const offered = typeof toolChoice === 'object' ? prompt.tools.filter((tool) => tool.name === toolChoice.name) : prompt.tools;
  return Array.from({ length: offered.length === 0 ? 0 : count }, (_, index) => {
    const tool = offered[index % offered.length];
    return { name: tool?.name ?? '', arguments: JSON.stringify(answerSchema(tool?.schema ?? {})) };
  });
}

function composeText(prompt: Prompt, script: Script, random: () => number): string {
  if (script.echo) return prompt.lastUserText;
  const quoted = [...prompt.lastUserText.replace(/\s+/g, ' ')].slice(0, 60).join('');
  return `Sandbox answer to "${quoted}": ${composeWords(prompt.lastUserText, script.words, random)}`;
}

const FILLER = 'the model reads this prompt and gives a plain answer that a test can check twice'.split(' ');

/** Sentences out of the prompt's own words and a few of ours. */
function composeWords(source: string, count: number, random: () => number): string {
  const own = source.match(/[\p{L}\p{N}\p{Emoji_Presentation}]{1,20}/gu)?.slice(0, 200) ?? [];
  const words = own.length === 0 ? FILLER : [...own, ...FILLER];
  let text = '';
  for (let index = 0; index < count; index++) {
    const word = words[Math.floor(random() * words.length)] ?? '';
    const ends = index % 12 === 11 || index === count - 1;
    text += `${word}${ends ? '.' : ''}${index === count - 1 ? '' : ' '}`;
  }
  return text;
}

function cutAtStop(text: string, stops: readonly string[]): string {
  let end = text.length;
  for (const stop of stops) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at >= 0) end = Math.min(end, at);
  }
  return text.slice(0, end);
}

/** Cuts a text as the script says; the pieces joined are the text. Never inside a surrogate pair. */
export function cutIntoChunks(text: string, script: Pick<Script, 'chunks' | 'chunkSize'>): readonly string[] {
  if (text === '') return [];
  if (script.chunks === 0 && script.chunkSize === 0) return text.match(/\s*\S+\s*$|\s*\S+/gu) ?? [text];
  const characters = [...text];
  const size = script.chunks > 0 ? Math.ceil(characters.length / script.chunks) : script.chunkSize;
  const pieces: string[] = [];
  for (let at = 0; at < characters.length; at += size) pieces.push(characters.slice(at, at + size).join(''));
  return pieces;
}

function callText(calls: readonly AnsweredCall[]): string {
  return calls.map((call) => call.name + call.arguments).join('\n');
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}

/** 0 <= x < 1, repeatable for a text (mulberry32 over its hash). */
export function seededRandom(text: string): () => number {
  let state = createHash('sha256').update(text).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
