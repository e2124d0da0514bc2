/**
 * What `auto` may choose from, in columns and by price: what one request costs at hundreds of models is a loop over doubles that
 * allocates nothing, that leaves out by one mask what cannot do it, and that stops where nothing cheaper can follow. Made once per revision.
 */
import { approximateRates, type OutputDemand } from './estimate-cost.js';
import type { ModelEntry } from './routing-index.js';

/** Priced at a time: a plan looks at the cheapest few. */
export const TRANCHE = 24;

export class AutoTable {
  /** Cheapest first for a request of as much output as input. */
  readonly entries: readonly ModelEntry[];
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
  /** Of each place and all behind it the least: per token of the reference tokenizer, per token of output, and the limit of output. */
  readonly #leastInput: Float64Array;
  readonly #leastOutput: Float64Array;
  readonly #leastLimit: Float64Array;

  constructor(unordered: readonly ModelEntry[]) {
    const entries = [...unordered].sort((one, other) => blended(one) - blended(other));
    const column = (read: (entry: ModelEntry) => number): Float64Array => Float64Array.from(entries, read);
    this.entries = entries;
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
    this.#leastInput = leastBehind(
      column(({ facts }) => facts.tokenFactor * Math.min(facts.rates.input, ...facts.tiers.map(({ rates }) => rates.input))),
    );
    this.#leastOutput = leastBehind(column(({ facts }) => Math.min(facts.rates.output, ...facts.tiers.map(({ rates }) => rates.output))));
    this.#leastLimit = leastBehind(this.#outputLimit);
  }

  /** -1 when `auto` does not know it. */
  placeOf(modelId: string): number {
    return this.#places.get(modelId) ?? -1;
  }

  /** False: no endpoint of this model can serve. True: perhaps one can. `needed` is a mask of `capabilities.ts`. */
  mayServe(place: number, needed: number, expectedTokens: number): boolean {
    if ((needed & ~(this.#mask[place] ?? 0)) !== 0) return false;
    return Math.ceil(expectedTokens * (this.#tokenFactor[place] ?? 1)) < (this.#context[place] ?? 0);
  }

  /** Nothing at this place or behind it costs less, pico-USD; infinite behind the last. */
  leastCostFrom(place: number, expectedTokens: number, demand: OutputDemand): number {
    if (place >= this.entries.length) return Number.POSITIVE_INFINITY;
    const limit = Math.max(1, Math.min(demand.limit ?? Number.POSITIVE_INFINITY, this.#leastLimit[place] ?? 0));
    const output = Math.min(demand.answer, limit) * demand.choices;
    return expectedTokens * (this.#leastInput[place] ?? 0) + output * (this.#leastOutput[place] ?? 0);
  }

  /** Writes what the request costs at `from` to below `end` without a warm cache into `costs`: pico-USD, as `approximateCost`. */
  price(expectedTokens: number, demand: OutputDemand, from: number, end: number, costs: Float64Array): void {
    const { answer, reasoning, choices } = demand;
    const asked = demand.limit ?? Number.POSITIVE_INFINITY;
    for (let place = from; place < end; place++) {
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

function blended({ facts }: ModelEntry): number {
  return facts.tokenFactor * facts.rates.input + facts.rates.output;
}

function leastBehind(column: Float64Array): Float64Array {
  const least = Float64Array.from(column);
  for (let place = least.length - 2; place >= 0; place--) least[place] = Math.min(least[place] ?? 0, least[place + 1] ?? 0);
  return least;
}
