/**
 * How many tokens a request holds, without a tokenizer: counts of words, digits, punctuation and letters by script, weighted by what
 * each costs in o200k (weights fitted by `test/routing/calibrate-tokens.ts`), then scaled to the model's own tokenizer. Long text is
 * sampled evenly. About 10 microseconds for 2 KB; never more than about 6,000 characters are read.
 */
import type { ChatMessage, ChatRequest } from '../../shared/chat.js';
import { countFeatures, emptyFeatures } from './text-features.js';
import { MARGIN, TOKENS_PER_MESSAGE, UNBROKEN_SURCHARGE, WEIGHTS } from './token-weights.js';

export interface TokenEstimate {
  /** Expected, in tokens of the reference tokenizer. */
  readonly expected: number;
  /** A bound that all but the strangest texts keep. */
  readonly upper: number;
}

/** Beyond this many characters the text is sampled. */
const FULLY_READ_CHARACTERS = 6_144;
const WINDOW_CHARACTERS = 256;

/** Vendors charge an image by its size, which is not known without fetching it; these span a thumbnail and a full-page scan. */
const IMAGE_TOKENS = { low: 100, expected: 1_000, upper: 3_000 } as const;
/** Base64 characters per token: speech at usual bit rates, and pages of a PDF. */
const AUDIO_CHARACTERS = { expected: 900, upper: 150 } as const;
const FILE_CHARACTERS = { expected: 60, upper: 8 } as const;
/** A file or sound that is only referred to. */
const REFERENCE_TOKENS = { expected: 3_000, upper: 20_000 } as const;

export function estimateTokens(body: ChatRequest): TokenEstimate {
  const texts: string[] = [];
  const media = { expected: 0, upper: 0 };
  for (const message of body.messages) collectMessage(message, texts, media);
  const declared = body.tools ?? body.functions;
  const structure = declared ? jsonWeight(declared) : 0;
  const schema = body.response_format?.type === 'json_schema' ? jsonWeight(body.response_format.json_schema) : 0;
  const { tokens, unbroken, sampled } = weighTexts(texts);
  const overhead = TOKENS_PER_MESSAGE * (body.messages.length + 1);
  const expected = tokens + structure + schema + overhead;
  const margin = sampled ? MARGIN.sampled : MARGIN.read;
  return {
    expected: Math.ceil(expected + media.expected),
    upper: Math.ceil(expected * margin + unbroken * UNBROKEN_SURCHARGE + MARGIN.tokens + media.upper),
  };
}

function collectMessage(message: ChatMessage, texts: string[], media: { expected: number; upper: number }): void {
  const { content } = message;
  if (typeof content === 'string') texts.push(content);
  else if (content) for (const part of content) collectPart(part, texts, media);
  if (message.reasoning_content) texts.push(message.reasoning_content);
  if (!message.tool_calls) return;
  for (const call of message.tool_calls) {
    if (call.function) texts.push(call.function.name, call.function.arguments);
  }
}

type Part = Exclude<ChatMessage['content'], string | null | undefined>[number];

function collectPart(part: Part, texts: string[], media: { expected: number; upper: number }): void {
  switch (part.type) {
    case 'text':
      texts.push(part.text);
      break;
    case 'refusal':
      texts.push(part.refusal);
      break;
    case 'image_url': {
      const low = part.image_url.detail === 'low';
      media.expected += low ? IMAGE_TOKENS.low : IMAGE_TOKENS.expected;
      media.upper += IMAGE_TOKENS.upper;
      break;
    }
    case 'input_audio':
      media.expected += part.input_audio.data.length / AUDIO_CHARACTERS.expected;
      media.upper += part.input_audio.data.length / AUDIO_CHARACTERS.upper;
      break;
    case 'file': {
      const length = part.file.file_data?.length;
      media.expected += length === undefined ? REFERENCE_TOKENS.expected : length / FILE_CHARACTERS.expected;
      media.upper += length === undefined ? REFERENCE_TOKENS.upper : length / FILE_CHARACTERS.upper;
      break;
    }
  }
}

/** Tool and answer schemas: JSON's punctuation costs about a token for each name and value. */
function jsonWeight(value: unknown): number {
  if (typeof value === 'string') return 1 + value.length / 4.6;
  if (Array.isArray(value)) return value.reduce((total: number, item) => total + jsonWeight(item), 1);
  if (typeof value !== 'object' || value === null) return 1;
  let total = 1;
  for (const [name, member] of Object.entries(value)) total += 1.6 + name.length / 6 + jsonWeight(member);
  return total;
}

interface Weighed {
  readonly tokens: number;
  /** Letters of unbroken runs. */
  readonly unbroken: number;
  readonly sampled: boolean;
}

function weighTexts(texts: readonly string[]): Weighed {
  let length = 0;
  for (const text of texts) length += text.length;
  if (length <= FULLY_READ_CHARACTERS) {
    let tokens = 0;
    let unbroken = 0;
    for (const text of texts) {
      tokens += weigh(text, 0, text.length);
      unbroken += scratch.unbroken;
    }
    return { tokens, unbroken, sampled: false };
  }
  const step = length / (FULLY_READ_CHARACTERS / WINDOW_CHARACTERS);
  let tokens = 0;
  let unbroken = 0;
  let read = 0;
  let at = 0;
  let next = 0;
  for (const text of texts) {
    while (next < at + text.length) {
      const from = Math.max(0, Math.floor(next - at));
      const to = Math.min(text.length, from + WINDOW_CHARACTERS);
      tokens += weigh(text, from, to);
      unbroken += scratch.unbroken;
      read += to - from;
      next += step;
    }
    at += text.length;
  }
  const scale = length / Math.max(1, read);
  return { tokens: tokens * scale, unbroken: unbroken * scale, sampled: true };
}

const scratch = emptyFeatures();

function weigh(text: string, from: number, to: number): number {
  countFeatures(text, from, to, scratch);
  return (
    scratch.words * WEIGHTS.words +
    scratch.longLetters * WEIGHTS.longLetters +
    scratch.digits * WEIGHTS.digits +
    scratch.punctuation * WEIGHTS.punctuation +
    scratch.repeats * WEIGHTS.repeats +
    scratch.newlines * WEIGHTS.newlines +
    scratch.indents * WEIGHTS.indents +
    scratch.latin * WEIGHTS.latin +
    scratch.cyrillic * WEIGHTS.cyrillic +
    scratch.ideographs * WEIGHTS.ideographs +
    scratch.kana * WEIGHTS.kana +
    scratch.hangul * WEIGHTS.hangul +
    scratch.semitic * WEIGHTS.semitic +
    scratch.indic * WEIGHTS.indic +
    scratch.southeast * WEIGHTS.southeast +
    scratch.surrogates * WEIGHTS.surrogates +
    scratch.other * WEIGHTS.other
  );
}
