/** Regions for a client's country, nearest first. Pure. */
import type { RegionRow } from '../../shared/snapshot.js';

/** Where a continent's clients are, roughly: latitude and longitude. Decides only for countries that no region names. */
const CONTINENTS: Readonly<Record<string, readonly [number, number]>> = {
  AF: [2, 16],
  AN: [-80, 0],
  AS: [34, 100],
  EU: [54, 15],
  NA: [45, -100],
  OC: [-25, 134],
  SA: [-15, -60],
};
const KILOMETRES_PER_RADIAN = 6371;

export interface ClientPlace {
  /** ISO 3166, upper case; undefined when the address says nothing (private, unknown). */
  readonly country: string | undefined;
  readonly continent: string | undefined;
}

/**
 * A region that names the country comes first, then by distance from where the client is thought to be: that region's own place, else
 * the continent. A client of whom nothing is known stays at `home`.
 */
export function rankRegions(place: ClientPlace, regions: readonly RegionRow[], home: string): RegionRow[] {
  const named = place.country === undefined ? undefined : regions.find((region) => region.countries.includes(place.country ?? ''));
  const own = regions.find((region) => region.id === home);
  const continent = place.continent === undefined ? undefined : CONTINENTS[place.continent];
  const first = named ?? (continent ? undefined : own);
  const [latitude, longitude] = first ? [first.latitude, first.longitude] : (continent ?? [0, 0]);
  const distance = (region: RegionRow) => (region === first ? -1 : kilometres(latitude, longitude, region.latitude, region.longitude));
  return [...regions].sort((left, right) => distance(left) - distance(right));
}

/** Great-circle distance; degrees in, kilometres out. */
function kilometres(fromLatitude: number, fromLongitude: number, toLatitude: number, toLongitude: number): number {
  const radians = Math.PI / 180;
  const [from, to] = [fromLatitude * radians, toLatitude * radians];
  const half = (difference: number) => Math.sin((difference * radians) / 2) ** 2;
  const chord = half(toLatitude - fromLatitude) + Math.cos(from) * Math.cos(to) * half(toLongitude - fromLongitude);
  return 2 * KILOMETRES_PER_RADIAN * Math.asin(Math.sqrt(chord));
}
