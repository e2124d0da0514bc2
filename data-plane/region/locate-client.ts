/** A client's country, from an address. The data are a package's (CC0, country level); no look-up leaves the process. */
import { createRequire } from 'node:module';
import { getCountryData, type TCountryCode } from 'countries-list';
import { open, type Reader, type Response } from 'maxmind';
import type { ClientPlace } from './rank-regions.js';

const NOWHERE: ClientPlace = { country: undefined, continent: undefined };
/** Addresses of recent clients: the same few thousand come back. */
const REMEMBERED = 10_000;

export class ClientLocator {
  readonly #places = new Map<string, ClientPlace>();

  private constructor(private readonly reader: Reader<Response>) {}

  /** Reads the data (8 MB) once. */
  static async open(): Promise<ClientLocator> {
    const path = createRequire(import.meta.url).resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
    return new ClientLocator(await open(path));
  }

  /** Never throws: private, malformed and unknown addresses are nowhere. */
  locate(address: string): ClientPlace {
    const known = this.#places.get(address);
    if (known) return known;
    const place = this.#read(address);
    if (this.#places.size >= REMEMBERED) this.#places.clear();
    this.#places.set(address, place);
    return place;
  }

  #read(address: string): ClientPlace {
    try {
      // The package's records are `{country_code}`, which is none of MaxMind's own shapes.
      const record = this.reader.get(address) as { readonly country_code?: string } | null;
      const country = record?.country_code?.toUpperCase();
      if (country === undefined) return NOWHERE;
      return { country, continent: getCountryData(country as TCountryCode)?.continent };
    } catch {
      return NOWHERE;
    }
  }
}
