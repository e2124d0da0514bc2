/** What a text is made of, counted in one pass over its UTF-16 units: the input of the token estimate. Allocates nothing. */

/** What a character is. Letters of scripts without spaces, or outside Latin, have a price each. */
const CLASS = {
  space: 0,
  newline: 1,
  lower: 2,
  upper: 3,
  digit: 4,
  punctuation: 5,
  latin: 6,
  cyrillic: 7,
  ideograph: 8,
  kana: 9,
  hangul: 10,
  semitic: 11,
  indic: 12,
  southeast: 13,
  surrogate: 14,
  other: 15,
} as const;

const CLASS_OF = classTable();

function classTable(): Uint8Array {
  const table = new Uint8Array(65_536).fill(CLASS.other);
  const set = (from: number, to: number, value: number): void => {
    table.fill(value, from, to + 1);
  };
  set(0x00, 0x1f, CLASS.space);
  set(0x20, 0x7f, CLASS.punctuation);
  set(0x0a, 0x0a, CLASS.newline);
  set(0x20, 0x20, CLASS.space);
  set(0x30, 0x39, CLASS.digit);
  set(0x41, 0x5a, CLASS.upper);
  set(0x61, 0x7a, CLASS.lower);
  set(0xc0, 0x24f, CLASS.latin);
  set(0x370, 0x52f, CLASS.cyrillic);
  set(0x590, 0x6ff, CLASS.semitic);
  set(0x900, 0xdff, CLASS.indic);
  set(0xe00, 0x109f, CLASS.southeast);
  set(0x1780, 0x17ff, CLASS.southeast);
  set(0x1e00, 0x1eff, CLASS.latin);
  set(0x3040, 0x30ff, CLASS.kana);
  set(0x3400, 0x9fff, CLASS.ideograph);
  set(0xac00, 0xd7af, CLASS.hangul);
  set(0xd800, 0xdfff, CLASS.surrogate);
  return table;
}

const SMALL_A = 0x61;
const SMALL_Z = 0x7a;

/** Letters of a word beyond this many cost extra: long words are several tokens. */
const LONG_WORD_LETTERS = 7;
/** No word and hardly any identifier is longer. */
const LONGEST_WORD = 28;

/** What is counted; `token-weights.ts` holds a price for each. */
export interface Features {
  /** Starts of words in Latin letters; a capital after a small letter starts one (camelCase). */
  words: number;
  longLetters: number;
  /** Letters and digits far from the last space or mark: base64, hexadecimal, tokens. */
  unbroken: number;
  digits: number;
  punctuation: number;
  /** A punctuation mark that repeats the one before. */
  repeats: number;
  newlines: number;
  indents: number;
  latin: number;
  cyrillic: number;
  ideographs: number;
  kana: number;
  hangul: number;
  semitic: number;
  indic: number;
  southeast: number;
  surrogates: number;
  other: number;
}

export function emptyFeatures(): Features {
  return {
    words: 0,
    longLetters: 0,
    unbroken: 0,
    digits: 0,
    punctuation: 0,
    repeats: 0,
    newlines: 0,
    indents: 0,
    latin: 0,
    cyrillic: 0,
    ideographs: 0,
    kana: 0,
    hangul: 0,
    semitic: 0,
    indic: 0,
    southeast: 0,
    surrogates: 0,
    other: 0,
  };
}

/** Overwrites `into` with the counts of `text[from, to)`. */
export function countFeatures(text: string, from: number, to: number, into: Features): void {
  const counts = COUNTS.fill(0);
  const read = readUnits(text, from, to);
  const length = to - from;
  let words = 0;
  let longLetters = 0;
  let unbroken = 0;
  let run = 0;
  let repeats = 0;
  let indents = 0;
  let wordLength = 0;
  let previous: number = CLASS.newline;
  let previousCode = 0;
  for (let at = 0; at < length; at++) {
    let code = read[at] ?? 0;
    const kind = CLASS_OF[code] ?? CLASS.other;
    if (kind === CLASS.lower) {
      // Most of most texts: the rest of the word in one go.
      const start = at;
      while (at + 1 < length) {
        const next = read[at + 1] ?? 0;
        if (next < SMALL_A || next > SMALL_Z) break;
        code = next;
        at += 1;
      }
      const letters = at + 1 - start;
      if (wordLength === 0) words += 1;
      longLetters += Math.max(0, Math.min(letters, wordLength + letters - LONG_WORD_LETTERS));
      unbroken += Math.max(0, Math.min(letters, run + letters - LONGEST_WORD));
      wordLength += letters;
      run += letters;
      previous = kind;
      previousCode = code;
      continue;
    }
    counts[kind] = (counts[kind] ?? 0) + 1;
    run = kind === CLASS.upper || kind === CLASS.digit ? run + 1 : 0;
    if (run > LONGEST_WORD) unbroken += 1;
    if (kind === CLASS.upper || kind === CLASS.latin) {
      const starts = wordLength === 0 || (kind === CLASS.upper && previous === CLASS.lower);
      if (starts) {
        words += 1;
        wordLength = 0;
      }
      wordLength += 1;
      if (wordLength > LONG_WORD_LETTERS) longLetters += 1;
    } else {
      wordLength = 0;
      if (kind === CLASS.punctuation && code === previousCode) repeats += 1;
      else if (kind === CLASS.space && previous === CLASS.newline) indents += 1;
    }
    previous = kind;
    previousCode = code;
  }
  into.words = words;
  into.longLetters = longLetters;
  into.unbroken = unbroken;
  into.repeats = repeats;
  into.indents = indents;
  into.digits = counts[CLASS.digit] ?? 0;
  into.punctuation = counts[CLASS.punctuation] ?? 0;
  into.newlines = counts[CLASS.newline] ?? 0;
  into.latin = counts[CLASS.latin] ?? 0;
  into.cyrillic = counts[CLASS.cyrillic] ?? 0;
  into.ideographs = counts[CLASS.ideograph] ?? 0;
  into.kana = counts[CLASS.kana] ?? 0;
  into.hangul = counts[CLASS.hangul] ?? 0;
  into.semitic = counts[CLASS.semitic] ?? 0;
  into.indic = counts[CLASS.indic] ?? 0;
  into.southeast = counts[CLASS.southeast] ?? 0;
  into.surrogates = counts[CLASS.surrogate] ?? 0;
  into.other = counts[CLASS.other] ?? 0;
}

const COUNTS = new Uint32Array(16);

let units = new Uint16Array(8_192);
let bytesOfUnits = Buffer.from(units.buffer);

/** UTF-16 units in an array that the next call overwrites: half the time of asking the string for each. */
function readUnits(text: string, from: number, to: number): Uint16Array {
  if (to - from > units.length) {
    units = new Uint16Array(to - from);
    bytesOfUnits = Buffer.from(units.buffer);
  }
  bytesOfUnits.write(from === 0 && to === text.length ? text : text.slice(from, to), 'utf16le');
  return units;
}
