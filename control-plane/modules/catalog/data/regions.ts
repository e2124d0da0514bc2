/** The six regions of the product. Hosts are `<id>.<primary host>`; the nearest is found by country, else by distance. */

export interface RegionFacts {
  readonly id: string;
  readonly name: string;
  readonly city: string;
  readonly countries: readonly string[];
  readonly latitude: number;
  readonly longitude: number;
}

export const REGIONS: readonly RegionFacts[] = [
  {
    id: 'sg',
    name: 'Singapore',
    city: 'Singapore',
    countries: ['SG', 'MY', 'ID', 'PH', 'BN', 'AU', 'NZ', 'IN', 'LK', 'BD'],
    latitude: 1.35,
    longitude: 103.82,
  },
  { id: 'jp', name: 'Japan', city: 'Tokyo', countries: ['JP', 'KR'], latitude: 35.68, longitude: 139.69 },
  { id: 'hk', name: 'Hong Kong', city: 'Hong Kong', countries: ['HK', 'MO', 'CN', 'TW', 'MN'], latitude: 22.32, longitude: 114.17 },
  { id: 'th', name: 'Thailand', city: 'Bangkok', countries: ['TH', 'VN', 'KH', 'LA', 'MM'], latitude: 13.76, longitude: 100.5 },
  {
    id: 'us',
    name: 'United States',
    city: 'Virginia',
    countries: ['US', 'CA', 'MX', 'BR', 'AR', 'CL', 'CO', 'PE'],
    latitude: 38.95,
    longitude: -77.45,
  },
  {
    id: 'eu',
    name: 'Europe',
    city: 'Frankfurt',
    countries: [
      'DE',
      'FR',
      'NL',
      'BE',
      'LU',
      'AT',
      'CH',
      'IT',
      'ES',
      'PT',
      'PL',
      'CZ',
      'SE',
      'NO',
      'DK',
      'FI',
      'IE',
      'GB',
      'GR',
      'RO',
      'HU',
      'BG',
      'HR',
      'SK',
      'SI',
      'EE',
      'LV',
      'LT',
      'UA',
      'TR',
      'ZA',
      'EG',
      'NG',
      'KE',
      'IL',
      'AE',
      'SA',
    ],
    latitude: 50.11,
    longitude: 8.68,
  },
];
