/** The arguments of one function call that Vertex streams piece by piece: `partialArgs` with a JSON path each, strings in several pieces. */
import { asArray, asRecord, asText } from '../json.js';

export class PartialArguments {
  readonly #root: Record<string, unknown> = {};

  add(partialArgs: unknown): void {
    for (const item of asArray(partialArgs)) {
      const piece = asRecord(item);
      const path = parsePath(asText(piece?.['jsonPath']) ?? '');
      if (piece === undefined || path.length === 0) continue;
      if (typeof piece['stringValue'] === 'string') this.#append(path, piece['stringValue']);
      else if (piece['numberValue'] !== undefined) this.#set(path, () => piece['numberValue']);
      else if (piece['boolValue'] !== undefined) this.#set(path, () => piece['boolValue']);
      else if ('nullValue' in piece) this.#set(path, () => null);
    }
  }

  /** Members that came whole in the same call. */
  merge(args: unknown): void {
    Object.assign(this.#root, asRecord(args) ?? {});
  }

  toJson(): string {
    return JSON.stringify(this.#root);
  }

  #append(path: readonly (string | number)[], text: string): void {
    this.#set(path, (before) => (typeof before === 'string' ? before + text : text));
  }

  #set(path: readonly (string | number)[], change: (before: unknown) => unknown): void {
    let holder = this.#root as Record<string | number, unknown>;
    for (const [depth, name] of path.entries()) {
      if (depth === path.length - 1) holder[name] = change(holder[name]);
      else {
        if (typeof holder[name] !== 'object' || holder[name] === null) holder[name] = typeof path[depth + 1] === 'number' ? [] : {};
        holder = holder[name] as Record<string | number, unknown>;
      }
    }
  }
}

/** No list of arguments is longer; a larger index is an attack on memory. */
const MAX_INDEX = 100_000;

/** `$.a[0].b` and `$['a'][0]['b']`; empty when it is neither. */
function parsePath(path: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  for (const [, dotted, quoted, index] of path.matchAll(/\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]/g)) {
    const name = dotted ?? quoted;
    if (name === '__proto__' || Number(index ?? 0) > MAX_INDEX) return [];
    steps.push(name ?? Number(index));
  }
  return steps;
}
