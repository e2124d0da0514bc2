/** Gemini takes `[a-zA-Z0-9_.:-]{1,64}` beginning with a letter or `_`; other names are bent, and mapped back in the answer. */
import type { AttemptTarget } from '../protocol-adapter.js';

const MAX_LENGTH = 64;

export class FunctionNames {
  readonly #bent = new Map<string, string>();
  readonly #original = new Map<string, string>();

  /** The names of the request's tools, first come first served: the same for encoding and decoding of one target. */
  constructor(target: AttemptTarget) {
    for (const tool of target.body.tools ?? []) if (tool.type === 'function') this.#add(tool.function.name);
  }

  toGemini(name: string): string {
    return this.#bent.get(name) ?? this.#add(name);
  }

  /** A name that was never offered comes back as it is. */
  fromGemini(name: string): string {
    return this.#original.get(name) ?? name;
  }

  #add(name: string): string {
    const clean = name.replace(/[^a-zA-Z0-9_.:-]/g, '_').replace(/^(?=[^a-zA-Z_])/, '_');
    let bent = clean.slice(0, MAX_LENGTH);
    for (let copy = 2; this.#original.has(bent); copy++) bent = `${clean.slice(0, MAX_LENGTH - 4)}_${copy}`;
    this.#bent.set(name, bent);
    this.#original.set(bent, name);
    return bent;
  }
}
