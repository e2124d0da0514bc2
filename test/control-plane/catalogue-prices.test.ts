/**
 * The catalogue against an independent price list, `@pydantic/genai-prices` (September 2026; the catalogue's facts are of November).
 * A difference is not an error, but each must be known by name: what vendors changed since, and what the other list has wrong.
 */
import { calcPrice } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, type CatalogueModel } from '../../control-plane/modules/catalog/data/catalogue-model.js';
import { ACCEPTED_PRICE_DIFFERENCES } from './catalogue-price-differences.js';

const PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  deepseek: 'deepseek',
  mistral: 'mistral',
  xai: 'x-ai',
  moonshotai: 'moonshotai',
  groq: 'groq',
  together: 'together',
  cohere: 'cohere',
  perplexity: 'perplexity',
  cerebras: 'cerebras',
  openrouter: 'openrouter',
  minimax: 'minimax',
  zai: 'z-ai',
  alibaba: 'alibaba',
};
const MILLION = 1_000_000;
const WHEN = new Date('2026-09-23T12:00:00Z');

/** USD per million tokens by the other list; undefined where it does not know the model. */
function listed(model: CatalogueModel): { input: number; output: number; cacheRead: number | undefined } | undefined {
  const endpoint = model.endpoints[0];
  const providerId = endpoint && PROVIDERS[endpoint.vendor];
  if (!endpoint || !providerId) return undefined;
  try {
    // Small counts stay in the lowest tier; scaled up again they are the price per million.
    const result = calcPrice({ input_tokens: 1000, output_tokens: 1000 }, endpoint.model, { providerId, timestamp: WHEN });
    if (!result) return undefined;
    const cacheRate = result.model_price['cache_read_mtok'];
    const cacheRead = typeof cacheRate === 'object' ? cacheRate.base : cacheRate;
    return { input: (result.input_price * MILLION) / 1000, output: (result.output_price * MILLION) / 1000, cacheRead };
  } catch {
    return undefined;
  }
}

function differencesOf(model: CatalogueModel): string[] {
  const other = listed(model);
  if (!other) return [];
  const compare = (name: string, ours: string | undefined, theirs: number | undefined) =>
    ours === undefined || theirs === undefined || Math.abs(Number(ours) - theirs) < 1e-6
      ? []
      : [`${name} ${ours} / ${Number(theirs.toFixed(6))}`];
  return [
    ...compare('input', model.price.input, other.input),
    ...compare('output', model.price.output, other.output),
    ...compare('cacheRead', model.price.cacheRead, other.cacheRead),
  ];
}

describe('catalogue prices against genai-prices', () => {
  test('every difference is known by name', () => {
    const found = Object.fromEntries(
      CATALOGUE.map((model) => [model.id, differencesOf(model).join(', ')] as const).filter(([, text]) => text !== ''),
    );
    expect(found).toEqual(ACCEPTED_PRICE_DIFFERENCES);
  });

  test('the other list knows enough of the models for the comparison to mean something', () => {
    const known = CATALOGUE.filter((model) => listed(model) !== undefined).length;
    console.log(`${known} of ${CATALOGUE.length} models compared, ${Object.keys(ACCEPTED_PRICE_DIFFERENCES).length} accepted differences`);
    expect(known).toBeGreaterThan(80);
  });

  test('at least 120 priced models of at least 15 vendors', () => {
    expect(CATALOGUE.filter((model) => Number(model.price.input) > 0 && Number(model.price.output) > 0).length).toBe(CATALOGUE.length);
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(120);
    expect(new Set(CATALOGUE.flatMap((model) => model.endpoints.map((endpoint) => endpoint.vendor))).size).toBeGreaterThanOrEqual(15);
  });

  test('no two models answer to one name', () => {
    const names = CATALOGUE.flatMap((model) => [model.id, ...model.aliases]);
    expect(names.length).toBe(new Set(names).size);
  });

  test.each([
    'claude-opus-4-7',
    'gpt-5.5',
    'deepseek-v4-flash',
    'gemini-3.1-pro',
    'claude-sonnet-4',
    'gemini-2.0-flash',
    'gpt-4o',
    'deepseek-r1',
    'glm-5-flash',
    'qwen-max',
    'qwen-plus',
  ])('the public documentation names %s, and it resolves', (name) => {
    expect(CATALOGUE.some((model) => model.id === name || model.aliases.includes(name))).toBe(true);
  });
});
