/**
 * Credentials in the clear, in this process's memory only. Each is opened once: a later revision that carries the same blob reuses it.
 * One that is not sealed for this region, or was altered, counts as absent.
 */
import type { ByokRow } from '../../shared/access-document.js';
import { openSealedSecret, type RegionKeyPair, type SealedSecret } from '../../shared/sealed.js';
import type { VendorRow } from '../../shared/snapshot.js';
import type { Credential } from '../types.js';

/** Customers' own keys in use on one node at a time; opening one again costs a tenth of a millisecond. */
const MAX_OPEN_BYOK = 10_000;

export class CredentialOpener {
  readonly #house = new Map<string, string>();
  readonly #byok = new Map<string, Credential | undefined>();

  constructor(
    private readonly region: string,
    private readonly regionKey: RegionKeyPair,
  ) {}

  openHouse(vendors: readonly VendorRow[]): ReadonlyMap<string, readonly Credential[]> {
    const opened = new Map<string, readonly Credential[]>();
    for (const vendor of vendors) {
      const credentials = vendor.credentials.flatMap(({ id, weight, wakes, sealed }) => {
        const secret = this.#openOnce(sealed, vendor.id, id);
        return secret === undefined
          ? []
          : [Object.freeze<Credential>({ id, secret, weight, owner: 'house', ...(wakes === undefined ? {} : { wakes }) })];
      });
      if (credentials.length > 0) opened.set(vendor.id, credentials);
    }
    return opened;
  }

  openByok(row: ByokRow, accountId: string): Credential | undefined {
    const cacheKey = `${accountId}/${row.id}/${row.sealed.box}`;
    if (this.#byok.has(cacheKey)) return this.#byok.get(cacheKey);
    const secret = this.#open(row.sealed, accountId, row.vendorId, row.id);
    const base = { id: row.id, weight: 1, owner: 'byok' } as const;
    const credential =
      secret === undefined ? undefined : { ...base, secret, ...(row.baseUrl === undefined ? {} : { baseUrl: row.baseUrl }) };
    if (this.#byok.size >= MAX_OPEN_BYOK) {
      const [oldest] = this.#byok.keys();
      if (oldest !== undefined) this.#byok.delete(oldest);
    }
    this.#byok.set(cacheKey, credential);
    return credential;
  }

  #openOnce(sealed: SealedSecret, vendorId: string, id: string): string | undefined {
    const cacheKey = `${vendorId}/${id}/${sealed.box}`;
    const known = this.#house.get(cacheKey);
    if (known !== undefined) return known;
    const secret = this.#open(sealed, 'house', vendorId, id);
    if (secret !== undefined) this.#house.set(cacheKey, secret);
    return secret;
  }

  #open(sealed: SealedSecret, owner: string, vendorId: string, id: string): string | undefined {
    try {
      return openSealedSecret(sealed, { owner, vendorId, id }, this.region, this.regionKey);
    } catch {
      return undefined;
    }
  }
}
