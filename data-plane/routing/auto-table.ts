/**
 * What `auto` may choose from, in columns: what one request costs at each of hundreds of models is a loop over doubles that allocates
 * nothing, and most models that cannot do it are left out by one mask. Made once per revision.
 */
import type { OutputDemand } from './estimate-cost.js';
import { approximateRates } from './estimate-cost.js';
import type { ModelEntry } from './routing-index.js';

export class AutoTable {
  readonly #input: Float64Array;
  readonly #output: Float64Array;
  readonly #request: Float64Array;
  readonly #tokenFactor: Float64Array;
  readonly #outputLimit: Float64Array;
  readonly #thinks: Uint8Array;
  /** Input from which another price applies. */
  readonly #tierAbove: Float64Array;
  /** What at least one of the model's endpoints can do, and the most that one of them takes. */
  readonly #mask: Int32Array;
  readonly #context: Float64Array;
  readonly #places: ReadonlyMap<string, number>;

  constructor(readonly entries: readonly ModelEntry[]) {
    const column = (read: (entry: ModelEntry) => number): Float64Array => Float64Array.from(entries, read);
    this.#input = column(({ facts }) => facts.rates.input);
    this.#output = column(({ facts }) => facts.rates.output);
    this.#request = column(({ facts }) => facts.rates.request);
    this.#tokenFactor = column(({ facts }) => facts.tokenFactor);
    this.#outputLimit = column(({ reference }) => reference.maxOutputTokens);
    this.#thinks = Uint8Array.from(entries, ({ reference }) => (reference.abilities.reasoning ? 1 : 0));
    this.#tierAbove = column(({ facts }) => facts.tiers[0]?.above ?? Number.POSITIVE_INFINITY);
    this.#mask = Int32Array.from(entries, ({ live }) => live.reduce((mask, { facts }) => mask | facts.mask, 0));
    this.#context = column(({ live }) => live.reduce((most, { facts }) => Math.max(most, facts.contextTokens), 0));
    this.#places = new Map(entries.map(({ model }, place) => [model.id, place]));
  }

  /** -1 when `auto` does not know it. */
  placeOf(modelId: string): number {
    return this.#places.get(modelId) ?? -1;
  }

  /** False: no endpoint of this model can serve. True: perhaps one can. `needed` is a mask of `capabilities.ts`. */
  mayServe(place: number, needed: number, expectedTokens: number): boolean {
    if ((needed & ~(this.#mask[place] ?? 0)) !== 0) return false;
    return expectedTokens * (this.#tokenFactor[place] ?? 1) < (this.#context[place] ?? 0);
  }

  /** Writes what the request costs at each model without a warm cache, pico-USD: as `approximateCost`, for all. */
  price(expectedTokens: number, demand: OutputDemand, costs: Float64Array): void {
    const { answer, reasoning, choices } = demand;
    const asked = demand.limit ?? Number.POSITIVE_INFINITY;
    for (let place = 0; place < this.entries.length; place++) {
      const tokens = Math.ceil(expectedTokens * (this.#tokenFactor[place] ?? 1));
      const limit = Math.max(1, Math.min(asked, this.#outputLimit[place] ?? 0));
      const wanted = Math.min(limit, this.#thinks[place] === 1 ? answer + reasoning : answer) * choices;
      costs[place] =
        tokens > (this.#tierAbove[place] ?? 0)
          ? this.#tieredCost(place, tokens, wanted)
          : tokens * (this.#input[place] ?? 0) + wanted * (this.#output[place] ?? 0) + (this.#request[place] ?? 0);
    }
  }

  #tieredCost(place: number, tokens: number, wanted: number): number {
    const entry = this.entries[place];
    if (!entry) return Number.POSITIVE_INFINITY;
    const rates = approximateRates(entry.facts, tokens);
    return tokens * rates.input + wanted * rates.output + rates.request;
  }
}
