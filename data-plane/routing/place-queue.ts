/** A binary heap of `auto`'s models by key, whose arrays serve one plan after another: places in the table, and what was found there. */
import type { HealthView } from '../types.js';
import { breaksTie, type ModelOption } from './strategies.js';

export class PlaceQueue {
  /** By place, for whoever fills it. */
  readonly costs: Float64Array;
  readonly #keys: Float64Array;
  readonly #options: (ModelOption | undefined)[];
  readonly #heap: Uint16Array;
  /** 1 once a place was added. */
  readonly #known: Uint8Array;
  #size = 0;
  /** Of the plan that uses it now. */
  #health: HealthView | undefined;

  constructor(readonly capacity: number) {
    this.costs = new Float64Array(capacity);
    this.#keys = new Float64Array(capacity);
    this.#heap = new Uint16Array(capacity);
    this.#known = new Uint8Array(capacity);
    this.#options = Array.from({ length: capacity }, () => undefined);
  }

  open(health: HealthView): this {
    this.#health = health;
    return this;
  }

  /** -1 when it is empty. */
  get least(): number {
    return this.#size === 0 ? -1 : (this.#heap[0] ?? -1);
  }

  has(place: number): boolean {
    return this.#known[place] === 1;
  }

  keyOf(place: number): number {
    return this.#keys[place] ?? 0;
  }

  /** Undefined until it was judged. */
  optionOf(place: number): ModelOption | undefined {
    return this.#options[place];
  }

  add(place: number, key: number): void {
    this.#known[place] = 1;
    this.#keys[place] = key;
    const heap = this.#heap;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#precedes(place, heap[parent] ?? 0)) break;
      heap[at] = heap[parent] ?? 0;
      at = parent;
    }
    heap[at] = place;
  }

  dropLeast(): void {
    this.#size -= 1;
    this.#heap[0] = this.#heap[this.#size] ?? 0;
    this.#sink();
  }

  replaceLeast(option: ModelOption, key: number): void {
    this.#options[this.least] = option;
    this.#keys[this.least] = key;
    this.#sink();
  }

  clear(): void {
    this.#size = 0;
    this.#health = undefined;
    this.#known.fill(0);
    this.#options.fill(undefined);
  }

  #sink(): void {
    const heap = this.#heap;
    const place = heap[0] ?? 0;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#precedes(heap[child + 1] ?? 0, heap[child] ?? 0)) child += 1;
      if (!this.#precedes(heap[child] ?? 0, place)) break;
      heap[at] = heap[child] ?? 0;
      at = child;
    }
    heap[at] = place;
  }

  /** Of equal keys the unjudged comes first: it may yet turn out worse. */
  #precedes(one: number, other: number): boolean {
    const ahead = (this.#keys[one] ?? 0) - (this.#keys[other] ?? 0);
    if (ahead !== 0 && !Number.isNaN(ahead)) return ahead < 0;
    const [left, right] = [this.#options[one], this.#options[other]];
    if (left && right && this.#health) return breaksTie(left, right, this.#health);
    if (left && !right) return false;
    return right && !left ? true : one < other;
  }
}
