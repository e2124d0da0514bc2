/**
 * `auto`'s order: cheapest for this request first; a vendor in trouble makes its model dearer; ties by health, latency, name. Lazy: a
 * model is judged only when its cost, which no health can lower, is the least that is left; so of hundreds a few are looked at. Those
 * that no mask lets pass are judged when somebody wants to know why: when nothing is left, or when they were cheaper than the first.
 */
import type { HealthView } from '../types.js';
import type { AutoTable } from './auto-table.js';
import { costAt, type Inquiry } from './list-options.js';
import type { Sort } from './resolve-model.js';
import type { ModelEntry } from './routing-index.js';
import { breaksTie, type ModelOption, modelKey } from './strategies.js';

/** Below every key: to be judged before any is chosen. */
const UNJUDGED = Number.NEGATIVE_INFINITY;
/** More reasons than this are kept of no request. */
const EXPLAINED = 32;

/** `needed`: undefined when every model is to be judged, else the mask that rules most out. */
export function* cheapestFirst(
  table: AutoTable,
  inquiry: Inquiry,
  needed: number | undefined,
  judge: (entry: ModelEntry) => ModelOption | undefined,
  sort: Sort | undefined,
): Generator<ModelOption> {
  const { entries } = table;
  const { health, warm, estimate } = inquiry;
  const queue = takeQueue(entries.length, health);
  const { keys, options } = queue;
  let [first, ruledOut]: [ModelOption | undefined, boolean] = [undefined, false];
  try {
    table.price(estimate.expected, inquiry.demand, keys);
    const warmAt = warm === undefined ? -1 : table.placeOf(warm.modelId);
    const warmEntry = entries[warmAt];
    if (warmEntry) keys[warmAt] = costAt(warmEntry, inquiry);
    for (let place = 0; place < entries.length; place++) {
      if (needed !== undefined && !table.mayServe(place, needed, estimate.expected)) {
        ruledOut = true;
        continue;
      }
      if (sort === 'latency' || sort === 'throughput') keys[place] = UNJUDGED;
      queue.add(place);
    }
    queue.arrange();
    for (let place = queue.least; place >= 0; place = queue.least) {
      const option = options[place];
      if (option) {
        queue.dropLeast();
        first ??= option;
        yield option;
        continue;
      }
      const entry = entries[place];
      const found = entry && judge(entry);
      if (found) queue.replaceLeast(found, modelKey(found, sort, health));
      else queue.dropLeast();
    }
  } finally {
    if (ruledOut && needed !== undefined) explain(table, inquiry, needed, keys, first?.cost ?? Number.POSITIVE_INFINITY, judge);
    returnQueue(queue);
  }
}

/** Judging leaves the reasons among the exclusions. */
function explain(
  table: AutoTable,
  { estimate }: Inquiry,
  needed: number,
  keys: Float64Array,
  belowCost: number,
  judge: (entry: ModelEntry) => ModelOption | undefined,
): void {
  let left = belowCost === Number.POSITIVE_INFINITY ? table.entries.length : EXPLAINED;
  for (const [place, entry] of table.entries.entries()) {
    if ((keys[place] ?? 0) >= belowCost || table.mayServe(place, needed, estimate.expected)) continue;
    judge(entry);
    if (--left === 0) return;
  }
}

/** A binary heap of places by key, whose arrays serve one plan after another. */
class PlaceQueue {
  readonly keys: Float64Array;
  readonly options: (ModelOption | undefined)[] = [];
  readonly #heap: Uint16Array;
  #size = 0;
  #judged = 0;

  constructor(
    readonly capacity: number,
    public health: HealthView,
  ) {
    this.keys = new Float64Array(capacity);
    this.#heap = new Uint16Array(capacity);
    for (let place = 0; place < capacity; place++) this.options.push(undefined);
  }

  /** -1 when it is empty. */
  get least(): number {
    return this.#size === 0 ? -1 : (this.#heap[0] ?? -1);
  }

  add(place: number): void {
    this.#heap[this.#size++] = place;
  }

  arrange(): void {
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  dropLeast(): void {
    this.#heap[0] = this.#heap[--this.#size] ?? 0;
    this.#sink(0);
  }

  replaceLeast(option: ModelOption, key: number): void {
    this.#judged += 1;
    this.options[this.least] = option;
    this.keys[this.least] = key;
    this.#sink(0);
  }

  clear(): void {
    this.#size = 0;
    if (this.#judged > 0) this.options.fill(undefined);
    this.#judged = 0;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const place = heap[from] ?? 0;
    let at = from;
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
    const ahead = (this.keys[one] ?? 0) - (this.keys[other] ?? 0);
    if (ahead < 0) return true;
    if (ahead > 0) return false;
    const [left, right] = [this.options[one], this.options[other]];
    if (left && right) return breaksTie(left, right, this.health);
    if (left || right) return !left;
    return one < other;
  }
}

let spare: PlaceQueue | undefined;

function takeQueue(capacity: number, health: HealthView): PlaceQueue {
  const queue = spare?.capacity === capacity ? spare : new PlaceQueue(capacity, health);
  spare = undefined;
  queue.health = health;
  return queue;
}

function returnQueue(queue: PlaceQueue): void {
  queue.clear();
  spare = queue;
}
