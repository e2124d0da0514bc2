/** Which models are listed, and in which order. Pure: prices are decimal strings of USD per million tokens. */
import type { CatalogueQuery } from '../generated/graphql.js';

export type CatalogueModel = CatalogueQuery['catalogModels'][number];

export const CAPABILITIES = [
  'tools',
  'parallelTools',
  'imageInput',
  'audioInput',
  'fileInput',
  'jsonObject',
  'jsonSchema',
  'reasoning',
  'logprobs',
  'promptCache',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

export const ORDERS = ['name', 'input', 'output', 'context', 'newest'] as const;
export type Order = (typeof ORDERS)[number];

export interface ModelFilter {
  readonly search: string;
  readonly capabilities: readonly string[];
  readonly region: string | null;
  /** USD per million input tokens; null is any. */
  readonly maxInputUsd: number | null;
  readonly order: Order;
}

export const NO_FILTER: ModelFilter = { search: '', capabilities: [], region: null, maxInputUsd: null, order: 'name' };

export function filterModels(models: readonly CatalogueModel[], filter: ModelFilter): CatalogueModel[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  return models
    .filter((model) => {
      const text = [model.id, model.name, model.ownedBy, ...model.aliases].join(' ').toLowerCase();
      return (
        words.every((word) => text.includes(word)) &&
        filter.capabilities.every((capability) => model.capabilities.includes(capability)) &&
        (filter.region === null || model.regions.includes(filter.region)) &&
        (filter.maxInputUsd === null || Number(model.rates.inputUncached) <= filter.maxInputUsd)
      );
    })
    .sort(COMPARE[filter.order]);
}

const COMPARE: Readonly<Record<Order, (left: CatalogueModel, right: CatalogueModel) => number>> = {
  name: (left, right) => left.id.localeCompare(right.id),
  input: (left, right) => Number(left.rates.inputUncached) - Number(right.rates.inputUncached),
  output: (left, right) => Number(left.rates.output) - Number(right.rates.output),
  context: (left, right) => right.contextTokens - left.contextTokens,
  newest: (left, right) => Date.parse(right.releasedAt) - Date.parse(left.releasedAt),
};
