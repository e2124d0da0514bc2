/**
 * What each counted feature costs in tokens of o200k. Fitted by `test/routing/calibrate-tokens.ts` with gpt-tokenizer as the truth, on
 * prose in many languages, code, JSON and tables; run it again to renew the numbers.
 */
import type { Features } from './text-features.js';

export const WEIGHTS: Readonly<Features> = {
  words: 1.02,
  longLetters: 0.11,
  digits: 0.42,
  punctuation: 0.62,
  repeats: -0.45,
  newlines: 0.35,
  indents: 0.3,
  latin: 0.25,
  cyrillic: 0.3,
  ideographs: 0.75,
  kana: 0.7,
  hangul: 0.65,
  semitic: 0.4,
  indic: 0.45,
  southeast: 0.45,
  surrogates: 1,
  other: 1,
};

/** Roles and separators: OpenAI's own count of 3 a message, and 3 for the opening of the answer. */
export const TOKENS_PER_MESSAGE = 4;

/** From the expected count to a bound. `sampled` allows for text that the sample did not see. */
export const MARGIN = { read: 1.25, sampled: 1.4, tokens: 24 } as const;
