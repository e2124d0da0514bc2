import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../control-plane/modules/catalog/default-settings.js';
import { assertConsistent, assertKeysRemain, InconsistentSnapshot } from '../../control-plane/snapshot/assert-consistent.js';
import type { CatalogDocument, EndpointRow, GroupRow, ModelRow, RatesRow, VendorRow } from '../../shared/snapshot.js';

const RATES: RatesRow = { inputUncached: '500000', cacheRead: '1', cacheWrite5m: '1', cacheWrite1h: '1', output: '2000000', requests: '0' };

const VENDOR = { id: 'acme', protocol: 'openai', baseUrl: 'https://acme.test', regions: null } as Partial<VendorRow> as VendorRow;
const MODEL = {
  id: 'm1',
  aliases: ['one'],
  tier: 'value',
  price: { revision: 1, rates: RATES, tiers: [] },
} as Partial<ModelRow> as ModelRow;
const ENDPOINT = { id: 'm1@acme', modelId: 'm1', vendorId: 'acme', regions: ['us'], cost: RATES } as Partial<EndpointRow> as EndpointRow;
const GROUP: GroupRow = {
  id: 'ama/g',
  name: 'G',
  description: '',
  kind: 'code',
  enabled: true,
  tiers: { frontier: ['m1'], standard: ['one'], value: [] },
  thresholds: { standard: 0.3, frontier: 0.7 },
  hedge: false,
};
const GOOD: CatalogDocument = {
  format: 1,
  vendors: [VENDOR],
  models: [MODEL],
  endpoints: [ENDPOINT],
  groups: [GROUP],
  regions: [
    {
      id: 'us',
      name: 'US',
      city: '',
      url: 'http://localhost',
      countries: [],
      latitude: 0,
      longitude: 0,
      sealingKey: Buffer.alloc(32).toString('base64url'),
    },
  ],
  settings: DEFAULT_SETTINGS,
};

function problemsOf(change: Partial<CatalogDocument>, unpriced: string[] = [], bytes = 1000): readonly string[] {
  try {
    assertConsistent({ document: { ...GOOD, ...change }, unpriced }, bytes);
    return [];
  } catch (error) {
    if (error instanceof InconsistentSnapshot) return error.problems;
    throw error;
  }
}

test('a good catalogue passes', () => {
  expect(problemsOf({})).toEqual([]);
});

test('every problem is named, not only the first', () => {
  expect(problemsOf({ endpoints: [{ ...ENDPOINT, modelId: 'gone', vendorId: 'gone', regions: ['mars'] }] })).toHaveLength(3);
});

describe('is refused:', () => {
  const price = (rates: Partial<Record<keyof RatesRow, unknown>>) => ({
    models: [{ ...MODEL, price: { ...MODEL.price, rates: { ...RATES, ...rates } as RatesRow } }],
  });
  const cases: [string, Partial<CatalogDocument>, RegExp][] = [
    ['an unknown protocol', { vendors: [{ ...VENDOR, protocol: 'soap' as 'openai' }] }, /unknown protocol soap/],
    ['a base URL that is none', { vendors: [{ ...VENDOR, baseUrl: 'nowhere' }] }, /base URL/],
    ['a vendor in a region that is not there', { vendors: [{ ...VENDOR, regions: ['mars'] }] }, /region mars does not exist/],
    ['a null price', price({ output: null }), /rate output/],
    ['a negative price', price({ output: '-1' }), /rate output/],
    ['a float price', price({ output: '0.5' }), /rate output/],
    ['a price in the wrong unit', price({ output: '20000000000000' }), /passes \$10,000/],
    ['an alias that is another model', { models: [MODEL, { ...MODEL, id: 'm2', aliases: ['m1'] }] }, /the name m1 is taken/],
    ['an alias taken twice', { models: [MODEL, { ...MODEL, id: 'm2' }] }, /the name one is taken/],
    ['a model named like a group', { models: [MODEL, { ...MODEL, id: 'ama/g', aliases: [] }] }, /taken by group ama\/g/],
    [
      'a group of a model that is not there',
      { groups: [{ ...GROUP, tiers: { ...GROUP.tiers, value: ['gone'] } }] },
      /model gone does not exist/,
    ],
    ['a group of nothing', { groups: [{ ...GROUP, tiers: { frontier: [], standard: [], value: [] } }] }, /names no model/],
    [
      'a million groups',
      { groups: Array.from({ length: 1_001 }, (_, index) => ({ ...GROUP, id: `ama/${index}` })) },
      /1001 groups are more/,
    ],
  ];
  test.each(cases)('%s', (_what, change, words) => {
    expect(problemsOf(change).join('\n')).toMatch(words);
  });

  test('a model without a price, and a document that is too large', () => {
    expect(problemsOf({}, ['m9'])).toEqual(['model m9 has no price in force']);
    expect(problemsOf({}, [], 17 * 1024 * 1024).join()).toMatch(/bytes/);
  });
});

test('half of the keys of a day may not vanish at once; a handful may', () => {
  expect(() => assertKeysRemain(49, 100)).toThrow(InconsistentSnapshot);
  expect(() => assertKeysRemain(50, 100)).not.toThrow();
  expect(() => assertKeysRemain(0, 10)).not.toThrow();
});
