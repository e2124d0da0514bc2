import { describe, expect, test } from 'vitest';
import { REGIONS } from '../../../control-plane/modules/catalog/data/regions.js';
import { ClientLocator } from '../../../data-plane/region/locate-client.js';
import { rankRegions } from '../../../data-plane/region/rank-regions.js';

const regions = REGIONS.map((region) => ({ ...region, url: `https://${region.id}.api.example.com`, sealingKey: '' }));
const first = (country: string | undefined, continent: string | undefined) => rankRegions({ country, continent }, regions, 'us')[0]?.id;

describe('the nearest region', () => {
  test.each([
    ['JP', 'AS', 'jp'],
    ['SG', 'AS', 'sg'],
    ['CN', 'AS', 'hk'],
    ['VN', 'AS', 'th'],
    ['DE', 'EU', 'eu'],
    ['BR', 'SA', 'us'],
    ['IS', 'EU', 'eu'],
    ['FJ', 'OC', 'sg'],
    ['CU', 'NA', 'us'],
  ])('of a client in %s (%s) is %s', (country, continent, expected) => {
    expect(first(country, continent)).toBe(expected);
  });

  test('of a client of whom nothing is known is the one that it reached', () => {
    expect(first(undefined, undefined)).toBe('us');
  });

  test('after the nearest come the others by distance', () => {
    expect(rankRegions({ country: 'JP', continent: 'AS' }, regions, 'us').map((region) => region.id)).toEqual([
      'jp',
      'hk',
      'th',
      'sg',
      'eu',
      'us',
    ]);
  });
});

test('addresses are located by the packaged country data, and private ones are nowhere', async () => {
  const locator = await ClientLocator.open();
  expect(locator.locate('8.8.8.8').country).toBe('US');
  expect(locator.locate('2001:4860:4860::8888').continent).toBe('NA');
  expect(locator.locate('127.0.0.1').country).toBeUndefined();
  expect(locator.locate('not an address').country).toBeUndefined();
});
