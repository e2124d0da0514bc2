/**
 * What each counted feature costs in tokens of o200k. Fitted by `test/routing/calibrate-tokens.ts` with gpt-tokenizer as the truth, on
 * prose in many languages, code, JSON and tables; run it again to renew the numbers.
 */
import type { Features } from './text-features.js';

export const WEIGHTS: Readonly<Omit<Features, 'unbroken'>> = {
  words: 1.05,
  longLetters: 0.17,
  digits: 0.855,
  punctuation: 0.541,
  repeats: -0.422,
  newlines: 0.316,
  indents: 1.019,
  latin: 0.798,
  cyrillic: 0.313,
  ideographs: 0.787,
  kana: 0.826,
  hangul: 0.771,
  semitic: 0.337,
  indic: 0.341,
  southeast: 0.302,
  surrogates: 1.184,
  other: 0.575,
};

/** Roles and separators: OpenAI's own count of 3 a message, and 3 for the opening of the answer. */
export const TOKENS_PER_MESSAGE = 4;

/** From the expected count to a bound: 1.27 bounds 99.5 % of the texts held out; tokenizers other than o200k stray more. `sampled` allows for text unseen. */
export const MARGIN = { read: 1.3, sampled: 1.4, tokens: 24 } as const;

/** Base64 takes up to this much more a letter than words do: part of the bound only. */
export const UNBROKEN_SURCHARGE = 0.35;
