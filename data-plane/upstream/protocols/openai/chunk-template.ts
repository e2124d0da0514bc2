/**
 * The hot path of a stream: a vendor's content chunks differ in one string (and in random padding), so its frame around that string is
 * learned once, and following events are recognised by head and tail and re-framed with no JSON.parse. Exact: a template is kept only
 * after a sentinel in the place of the string came back from JSON.parse at the right path, and a string is taken only when it is one
 * whole JSON string. Whatever does not match goes the long way.
 */
import { asArray, asRecord, type JsonRecord, parseJson } from '../json.js';

export type TextMember = 'content' | 'reasoning_content' | 'reasoning' | 'arguments';

export interface ChunkTemplate {
  readonly head: string;
  /** From the closing quote of the string up to the padding, or to the end. */
  readonly tail: string;
  /** After the padding; undefined when there is none. */
  readonly afterPadding: string | undefined;
  readonly outHead: string;
  readonly outTail: string;
}

/**
 * The raw JSON string (without quotes) that `data` carries; undefined when it is not of this template.
 * `slice() === text` is one memcmp; `startsWith` and `endsWith` cost 4 ns a character in V8.
 */
export function matchTemplate(template: ChunkTemplate, data: string): string | undefined {
  const { head, tail, afterPadding } = template;
  if (data.slice(0, head.length) !== head) return undefined;
  if (afterPadding === undefined) {
    const end = data.length - tail.length;
    return end >= head.length && data.slice(end) === tail ? data.slice(head.length, end) : undefined;
  }
  const paddingEnd = data.length - afterPadding.length;
  if (data.slice(paddingEnd) !== afterPadding) return undefined;
  const paddingStart = data.lastIndexOf('"', paddingEnd - 1) + 1;
  const end = paddingStart - tail.length;
  if (end < head.length || data.slice(end, paddingStart) !== tail || data.indexOf('\\', paddingStart) !== -1) return undefined;
  return data.slice(head.length, end);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what a JSON string may not hold raw
const NOT_PLAIN = /[\\"\u0000-\u001f]/;

/** UTF-8 bytes that the raw JSON string stands for; undefined when it is no JSON string. */
export function countRawBytes(raw: string): number | undefined {
  if (!NOT_PLAIN.test(raw)) return Buffer.byteLength(raw);
  const text = parseJson(`"${raw}"`);
  return typeof text === 'string' ? Buffer.byteLength(text) : undefined;
}

export const SENTINEL = 'modelapi-sentinel';
const KEYS: Readonly<Record<TextMember, RegExp>> = {
  content: /"content":\s*"/g,
  reasoning_content: /"reasoning_content":\s*"/g,
  reasoning: /"reasoning":\s*"/g,
  arguments: /"arguments":\s*"/g,
};
/** OpenAI's and Mistral's random padding. */
const PADDING = /"(?:obfuscation|p)":\s*"/;
const STRING_END = /(?:[^"\\]|\\.)*/y;

/** `out`: the rendered chunk with the sentinel where the string stands (`SENTINEL`). Undefined when no exact template exists. */
export function learnTemplate(data: string, member: TextMember, out: string): ChunkTemplate | undefined {
  for (const key of data.matchAll(KEYS[member])) {
    const start = key.index + key[0].length;
    const head = data.slice(0, start);
    const rest = data.slice(stringEnd(data, start));
    const probe = asRecord(parseJson(head + SENTINEL + rest));
    if (probe === undefined || readMember(probe, member) !== SENTINEL) continue;
    const [outHead, outTail] = out.split(SENTINEL);
    if (outHead === undefined || outTail === undefined) return undefined;
    const padding = findPadding(rest);
    return { head, outHead, outTail, tail: padding?.before ?? rest, afterPadding: padding?.after };
  }
  return undefined;
}

function stringEnd(data: string, start: number): number {
  STRING_END.lastIndex = start;
  STRING_END.exec(data);
  return STRING_END.lastIndex;
}

/** Only padding at the top level of the chunk is padding. */
function findPadding(rest: string): { before: string; after: string } | undefined {
  const match = PADDING.exec(rest);
  if (match === null) return undefined;
  const start = match.index + match[0].length;
  const end = stringEnd(rest, start);
  const after = rest.slice(end);
  // The tail closes the string, the delta, the choice and the list before its first top-level member.
  const isTopLevel = match.index > rest.indexOf(']') || !rest.includes(']');
  return isTopLevel && !after.includes(']') ? { before: rest.slice(0, start), after } : undefined;
}

function readMember(chunk: JsonRecord, member: TextMember): unknown {
  const delta = asRecord(asRecord(asArray(chunk['choices'])[0])?.['delta']);
  if (member !== 'arguments') return delta?.[member];
  return asRecord(asRecord(asArray(delta?.['tool_calls'])[0])?.['function'])?.['arguments'];
}
