/**
 * Counts words of several lists in one pass. A list is one string of entries divided by commas; an entry ending in `~` is a stem and
 * matches any word that begins so; others match whole words. Latin and Cyrillic entries begin at a word's start, entries of scripts
 * without spaces anywhere. Case does not matter.
 */
const FOLD = Uint16Array.from({ length: 65_536 }, (_, code) => {
  const lower = String.fromCharCode(code).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : code;
});

interface Entry {
  readonly list: number;
  readonly stem: boolean;
}

export class WordTrie {
  /** (node, character) -> node, in one map: `node * 65536 + code`. */
  readonly #edges = new Map<number, number>();
  readonly #entries: (readonly Entry[] | undefined)[] = [undefined];
  readonly #lists: number;
  /** Marks the first three letters of every spaced entry, hashed: most words of a text are done with here. */
  readonly #openings = new Uint8Array(65_536);

  constructor(lists: readonly string[]) {
    this.#lists = lists.length;
    for (const [list, text] of lists.entries()) {
      for (const word of text.split(',')) {
        const entry = word.trim();
        if (entry !== '')
          this.#add(entry.endsWith('~') ? entry.slice(0, -1) : entry, { list, stem: entry.endsWith('~') || isDense(entry.charCodeAt(0)) });
      }
    }
  }

  #add(word: string, entry: Entry): void {
    if (!isDense(word.charCodeAt(0))) {
      if (word.length < OPENING_LETTERS) throw new Error(`word list: "${word}" is too short to be told from the beginning of another`);
      this.#openings[openingAt(word, 0)] = 1;
    }
    let node = 0;
    for (let at = 0; at < word.length; at++) {
      const key = node * 65_536 + (FOLD[word.charCodeAt(at)] ?? 0);
      let next = this.#edges.get(key);
      if (next === undefined) {
        next = this.#entries.length;
        this.#entries.push(undefined);
        this.#edges.set(key, next);
      }
      node = next;
    }
    this.#entries[node] = [...(this.#entries[node] ?? []), entry];
  }

  /** How often each list's words occur. At one place only the longest entry counts. */
  count(text: string): Uint16Array {
    const counts = new Uint16Array(this.#lists);
    let inWord = false;
    for (let at = 0; at < text.length; at++) {
      const code = FOLD[text.charCodeAt(at)] ?? 0;
      const dense = isDense(code);
      const letter = isLetter(code);
      if (dense || (letter && !inWord && this.#openings[openingAt(text, at)] === 1)) this.#match(text, at, counts);
      inWord = letter && !dense;
    }
    return counts;
  }

  #match(text: string, from: number, counts: Uint16Array): void {
    let node = 0;
    let found: readonly Entry[] | undefined;
    for (let at = from; at < text.length; at++) {
      const next = this.#edges.get(node * 65_536 + (FOLD[text.charCodeAt(at)] ?? 0));
      if (next === undefined) break;
      node = next;
      const entries = this.#entries[node];
      if (entries === undefined) continue;
      const ends = !isLetter(FOLD[text.charCodeAt(at + 1)] ?? 0);
      const fitting = entries.filter((entry) => entry.stem || ends);
      if (fitting.length > 0) found = fitting;
    }
    if (found) for (const entry of found) counts[entry.list] = (counts[entry.list] ?? 0) + 1;
  }
}

const OPENING_LETTERS = 3;

function openingAt(text: string, at: number): number {
  const first = FOLD[text.charCodeAt(at)] ?? 0;
  const second = FOLD[text.charCodeAt(at + 1)] ?? 0;
  const third = FOLD[text.charCodeAt(at + 2)] ?? 0;
  return (first * 961 + second * 31 + third) & 0xffff;
}

/** Ideographs, kana, hangul: words are not divided by spaces, or carry endings. */
function isDense(code: number): boolean {
  return code >= 0x3040 && code <= 0xd7af;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0xc0 && code <= 0x24f) || (code >= 0x370 && code <= 0x52f) || isDense(code);
}
