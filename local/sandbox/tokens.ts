/** Token counts by OpenAI's own tokenizer (o200k), whatever vendor is played: what matters is that they are real and repeatable. */
import { countTokens as count, decode, encode } from 'gpt-tokenizer/encoding/o200k_base';

/** Text such as `<|endoftext|>` in a prompt is text, not a special token. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

export function countTokens(text: string): number {
  return text === '' ? 0 : count(text, AS_TEXT);
}

/** The first `limit` tokens of the text, or undefined when it has no more than that. */
export function cutToTokens(text: string, limit: number): string | undefined {
  // One token is never shorter than a UTF-16 unit of its text, except for parts of a character: a cheap way out for short texts.
  if (text.length * 3 <= limit) return undefined;
  const tokens = encode(text, AS_TEXT);
  return tokens.length <= limit ? undefined : decode(tokens.slice(0, limit)).replace(/\uFFFD+$/, '');
}
