/**
 * What is measured of a request to judge how hard it is. Words come from `complexity-lexicon.ts` (several languages); the rest is
 * structure of the instruction; of what is pasted around it only the length counts. Every feature is 0 when absent and about 1 when strong.
 */
import type { ChatMessage, ChatRequest } from '../../shared/chat.js';
import { LEXICON, type WordClass } from './complexity-lexicon.js';
import { findInstruction } from './find-instruction.js';
import { WordTrie } from './word-trie.js';

const WORD_CLASSES = Object.keys(LEXICON) as WordClass[];

const STRUCTURE = [
  'instructionLength',
  'contextLength',
  'codeLength',
  'codeFences',
  'inlineCode',
  'listItems',
  'sentences',
  'questions',
  'numbers',
  'longWords',
  'mathSymbols',
  'commands',
  'tools',
  'toolResults',
  'turns',
  'systemLength',
  'media',
  'schema',
  'effort',
] as const;

export type ComplexityFeature = WordClass | (typeof STRUCTURE)[number];
export type ComplexityFeatures = Record<ComplexityFeature, number>;
export const FEATURES: readonly ComplexityFeature[] = [...WORD_CLASSES, ...STRUCTURE];

const trie = new WordTrie(WORD_CLASSES.map((name) => LEXICON[name]));

const EFFORT: Readonly<Record<string, number>> = { none: -1, minimal: -1, low: -0.5, medium: 0, high: 1, xhigh: 1.5, max: 1.5 };

export function readFeatures(body: ChatRequest): ComplexityFeatures {
  const users = body.messages.filter((message) => message.role === 'user');
  const prompt = textOf(users.at(-1));
  const instruction = findInstruction(prompt);
  const hits = trie.count(instruction);
  const shape = readShape(instruction);
  const code = codeCharacters(prompt);
  const weight = lengthWeight(instruction);
  const features: Partial<ComplexityFeatures> = {};
  // Hits saturate: the third hard word says less than the first.
  for (const [index, name] of WORD_CLASSES.entries()) features[name] = saturate(hits[index] ?? 0, 2);
  return {
    ...(features as Record<WordClass, number>),
    instructionLength: logScale(instruction.length * weight, 60, 2_400),
    contextLength: logScale(contextCharacters(body) - instruction.length, 1_000, 200_000),
    codeLength: logScale(code, 40, 6_000),
    codeFences: saturate(count(prompt.slice(0, 20_000), '```') / 2, 2),
    inlineCode: saturate(shape.inlineCode, 3),
    listItems: saturate(shape.listItems, 4),
    sentences: saturate(shape.sentences - 1, 4),
    questions: saturate(shape.questions, 2),
    numbers: saturate(shape.numbers, 5),
    longWords: longWordShare(shape),
    mathSymbols: saturate(shape.mathSymbols, 4),
    commands: saturate(shape.clauses, 5),
    tools: saturate(body.tools?.length ?? 0, 6),
    toolResults: saturate(body.messages.filter((message) => message.role === 'tool').length, 4),
    turns: saturate(users.length - 1, 6),
    systemLength: logScale(systemCharacters(body), 400, 20_000),
    media: body.messages.some((message) => typeof message.content === 'object' && message.content?.some((part) => part.type !== 'text'))
      ? 1
      : 0,
    schema: body.response_format?.type === 'json_schema' ? 1 : 0,
    effort: EFFORT[body.reasoning_effort ?? body.reasoning?.effort ?? 'medium'] ?? 0,
  };
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  return content?.map((part) => (part.type === 'text' ? part.text : '')).join('\n') ?? '';
}

function codeCharacters(prompt: string): number {
  let total = 0;
  let from = prompt.indexOf('```');
  while (from >= 0) {
    const end = prompt.indexOf('```', from + 3);
    total += (end < 0 ? prompt.length : end) - from - 3;
    from = end < 0 ? -1 : prompt.indexOf('```', end + 3);
  }
  return total;
}

function contextCharacters(body: ChatRequest): number {
  let total = 0;
  for (const message of body.messages) {
    const { content } = message;
    if (typeof content === 'string') total += content.length;
    else for (const part of content ?? []) if (part.type === 'text') total += part.text.length;
  }
  return total;
}

function systemCharacters(body: ChatRequest): number {
  let total = 0;
  for (const message of body.messages) if (message.role === 'system' || message.role === 'developer') total += textOf(message).length;
  return total;
}

interface Shape {
  inlineCode: number;
  listItems: number;
  sentences: number;
  questions: number;
  numbers: number;
  mathSymbols: number;
  clauses: number;
  words: number;
  longWords: number;
}

const CODES = {
  newline: 10,
  space: 32,
  backtick: 96,
  dot: 46,
  comma: 44,
  dash: 45,
  star: 42,
  zero: 48,
  nine: 57,
} as const;

const MARK = { none: 0, math: 1, stop: 2, question: 3, clause: 4 } as const;
const MARK_OF = markTable();

function markTable(): Uint8Array {
  const table = new Uint8Array(65_536);
  const set = (symbols: string, mark: number): void => {
    for (const symbol of symbols) table[symbol.charCodeAt(0)] = mark;
  };
  set('=^\\∑∫√∞≤≥≠∈∀∃∂∇π∏→⇒⊂∪∩ℝℕℤθλεδσαβ×÷≡⊕²³', MARK.math);
  set('.!。！।', MARK.stop);
  set('?？؟', MARK.question);
  set(',;:，、；：،', MARK.clause);
  return table;
}

/** One pass over the instruction. */
function readShape(text: string): Shape {
  const shape: Shape = {
    inlineCode: 0,
    listItems: 0,
    sentences: 0,
    questions: 0,
    numbers: 0,
    mathSymbols: 0,
    clauses: 0,
    words: 0,
    longWords: 0,
  };
  let backticks = 0;
  let lineStart = true;
  let inNumber = false;
  let letters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isLatinLetter(code)) letters += 1;
    else if (letters > 0) {
      shape.words += 1;
      if (letters >= LONG_WORD_LETTERS) shape.longWords += 1;
      letters = 0;
    }
    const digit = code >= CODES.zero && code <= CODES.nine;
    if (digit && !inNumber) shape.numbers += 1;
    inNumber = digit || (inNumber && (code === CODES.dot || code === CODES.comma));
    if (lineStart && isListMark(text, at, code)) shape.listItems += 1;
    lineStart = code === CODES.newline || (lineStart && code === CODES.space);
    if (code === CODES.backtick) backticks += 1;
    const mark = MARK_OF[code] ?? MARK.none;
    if (mark === MARK.none) continue;
    if (mark === MARK.math) shape.mathSymbols += 1;
    else if (mark === MARK.clause) shape.clauses += 1;
    else if (endsHere(text, at, code)) {
      shape.sentences += 1;
      if (mark === MARK.question) shape.questions += 1;
    }
  }
  shape.inlineCode = backticks >> 1;
  if (shape.sentences === 0) shape.sentences = 1;
  return shape;
}

/** Letters of a word that is hardly ever small talk. */
const LONG_WORD_LETTERS = 9;
/** A single long word in a short line says nothing of it. */
const IMAGINED_WORDS = 6;

/** About 1 when a third of the words are long. Scripts without spaces have no words to measure. */
function longWordShare({ words, longWords }: Shape): number {
  return Math.min(1.2, (3 * longWords) / (words + IMAGINED_WORDS));
}

function isLatinLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0xc0 && code <= 0x24f);
}

function isListMark(text: string, at: number, code: number): boolean {
  if (code === CODES.dash || code === CODES.star) return text.charCodeAt(at + 1) === CODES.space;
  if (code < CODES.zero || code > CODES.nine) return false;
  const next = text.charCodeAt(at + 1);
  return next === CODES.dot || next === 41 || next === 0x3001;
}

/** A full stop inside `node.js` or `3.14` ends no sentence. */
function endsHere(text: string, at: number, code: number): boolean {
  if (code !== CODES.dot) return true;
  const next = text.charCodeAt(at + 1);
  return Number.isNaN(next) || next === CODES.space || next === CODES.newline;
}

/** Scripts that say in one character what Latin says in three. */
function lengthWeight(text: string): number {
  let dense = 0;
  for (let at = 0; at < text.length; at += 4) {
    const code = text.charCodeAt(at);
    if (code >= 0x3040 && code <= 0xd7af) dense += 4;
  }
  return 1 + (2 * Math.min(dense, text.length)) / Math.max(1, text.length);
}

function saturate(amount: number, half: number): number {
  return amount <= 0 ? 0 : Math.min(1.5, Math.log1p(amount) / Math.log1p(half));
}

/** 0 up to `low`, 1 at `high`, logarithmic between. */
function logScale(amount: number, low: number, high: number): number {
  return amount <= low ? 0 : Math.min(1.2, Math.log(amount / low) / Math.log(high / low));
}

function count(text: string, part: string): number {
  let found = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found += 1;
  return found;
}
