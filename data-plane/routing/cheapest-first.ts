/**
 * `auto`'s order: cheapest for this request first; a vendor in trouble makes its model dearer; ties by health, latency, name. Lazy: a
 * model is judged only when its cost, which no health can lower, is the least that is left; so of hundreds a few are looked at. Those
 * that a mask ruled out are judged only when somebody wants to know why: when nothing is left, or when they were cheaper than the first.
 */
import { type AutoTable, TRANCHE } from './auto-table.js';
import { costAt, type Inquiry } from './list-options.js';
import { PlaceQueue } from './place-queue.js';
import type { Sort } from './resolve-model.js';
import type { ModelEntry } from './routing-index.js';
import { type ModelOption, modelKey } from './strategies.js';

/** Below every key: to be judged before any is chosen. */
const UNJUDGED = Number.NEGATIVE_INFINITY;
/** More reasons than this are kept of no request. */
const EXPLAINED = 32;

/** `needed`: undefined when every model is to be judged, else a mask that rules most out. */
export function* cheapestFirst(
  table: AutoTable,
  inquiry: Inquiry,
  needed: number | undefined,
  judge: (entry: ModelEntry) => ModelOption | undefined,
  sort: Sort | undefined,
): Generator<ModelOption> {
  const search = new Search(table, inquiry, needed, judge, sort);
  try {
    for (let option = search.next(); option; option = search.next()) yield option;
  } finally {
    search.close();
  }
}

class Search {
  readonly #queue: PlaceQueue;
  readonly #byCost: boolean;
  #priced = 0;
  #firstCost = Number.POSITIVE_INFINITY;
  #ruledOut = false;

  constructor(
    private readonly table: AutoTable,
    private readonly inquiry: Inquiry,
    private readonly needed: number | undefined,
    private readonly judge: (entry: ModelEntry) => ModelOption | undefined,
    private readonly sort: Sort | undefined,
  ) {
    this.#queue = takeQueue(table.entries.length).open(inquiry.health);
    this.#byCost = sort !== 'latency' && sort !== 'throughput';
  }

  /** The best that is left. */
  next(): ModelOption | undefined {
    const { table, inquiry } = this;
    const { entries } = table;
    const { expected } = inquiry.estimate;
    const queue = this.#queue;
    for (;;) {
      const place = queue.least;
      const bound = this.#byCost ? table.leastCostFrom(this.#priced, expected, inquiry.demand) : UNJUDGED;
      if (this.#priced < entries.length && (place < 0 || bound < queue.keyOf(place))) {
        this.#takeIn(Math.min(entries.length, this.#priced + TRANCHE));
        continue;
      }
      const entry = entries[place];
      if (!entry) return undefined;
      const option = queue.optionOf(place);
      if (option) {
        queue.dropLeast();
        this.#firstCost = Math.min(this.#firstCost, option.cost);
        return option;
      }
      const found = this.judge(entry);
      if (found) queue.replaceLeast(found, modelKey(found, this.sort, inquiry.health));
      else queue.dropLeast();
    }
  }

  close(): void {
    if (this.#ruledOut) this.#explain();
    this.#queue.clear();
    spare = this.#queue;
  }

  #takeIn(end: number): void {
    const { table, inquiry, needed } = this;
    const { expected } = inquiry.estimate;
    const { costs } = this.#queue;
    table.price(expected, inquiry.demand, this.#priced, end, costs);
    // A conversation's cached prompt makes one model cheaper than the table says; its bound holds all the same when it is taken in first.
    if (this.#priced === 0 && inquiry.warm) this.#takeInWarm(table.placeOf(inquiry.warm.modelId));
    for (let place = this.#priced; place < end; place++) {
      if (needed !== undefined && !table.mayServe(place, needed, expected)) this.#ruledOut = true;
      else if (!this.#queue.has(place)) this.#queue.add(place, this.#byCost ? (costs[place] ?? 0) : UNJUDGED);
    }
    this.#priced = end;
  }

  #takeInWarm(place: number): void {
    const entry = this.table.entries[place];
    if (!entry || (this.needed !== undefined && !this.table.mayServe(place, this.needed, this.inquiry.estimate.expected))) return;
    this.#queue.add(place, this.#byCost ? costAt(entry, this.inquiry) : UNJUDGED);
  }

  /** Judging leaves the reasons among the exclusions. What was not priced is dearer than the first. */
  #explain(): void {
    const { table, needed, inquiry } = this;
    let left = this.#firstCost === Number.POSITIVE_INFINITY ? table.entries.length : EXPLAINED;
    for (let place = 0; place < this.#priced && left > 0; place++) {
      const entry = table.entries[place];
      if (!entry || needed === undefined || (this.#queue.costs[place] ?? 0) >= this.#firstCost) continue;
      if (table.mayServe(place, needed, inquiry.estimate.expected)) continue;
      this.judge(entry);
      left -= 1;
    }
  }
}

/** One plan's queue serves the next. */
let spare: PlaceQueue | undefined;

function takeQueue(capacity: number): PlaceQueue {
  const queue = spare?.capacity === capacity ? spare : new PlaceQueue(capacity);
  spare = undefined;
  return queue;
}
