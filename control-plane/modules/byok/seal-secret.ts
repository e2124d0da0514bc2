/**
 * Secrets of vendors, sealed for where they may be used. At save: a new data key, wrapped to every region that may use the secret and
 * once by the KMS. When a region joins, the data key is unwrapped by the KMS and wrapped for the new region; the secret itself is
 * never read again by the control plane.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import { generateDataKey, openSecret, type SealedSecret, type SecretBinding, sealSecret, wrapKey } from '../../../shared/sealed.js';
import type { Kms } from './kms.js';

/** Owner of the operator's own credentials. */
export const HOUSE = 'house';

export interface StoredSecret {
  readonly sealed: SealedSecret;
  readonly wrappedKey: string;
  readonly last4: string;
}

/** Raw public keys by region. */
export type RegionKeys = Readonly<Record<string, string>>;

export async function regionKeys(em: EntityManager): Promise<RegionKeys> {
  const rows = await em.execute<{ id: string; sealing_key: string }[]>('SELECT id, sealing_key FROM region ORDER BY id');
  return Object.fromEntries(rows.map((row) => [row.id, row.sealing_key]));
}

export async function sealForRegions(kms: Kms, secret: string, binding: SecretBinding, keys: RegionKeys): Promise<StoredSecret> {
  const dataKey = generateDataKey();
  const sealed = sealSecret(secret, binding, dataKey, keys);
  return { sealed, wrappedKey: await kms.wrap(dataKey, binding.id), last4: secret.length >= 12 ? secret.slice(-4) : '' };
}

/** The same secret with the wrappings of exactly these regions: those that it has are kept unless their region's key changed. */
export async function resealForRegions(
  kms: Kms,
  stored: { readonly sealed: SealedSecret; readonly wrappedKey: string },
  secretId: string,
  keys: RegionKeys,
  changedRegions: ReadonlySet<string>,
): Promise<SealedSecret> {
  const dataKey = await kms.unwrap(stored.wrappedKey, secretId);
  const wrappings = Object.entries(keys).map(([region, key]) => {
    const known = changedRegions.has(region) ? undefined : stored.sealed.keys[region];
    return [region, known ?? wrapKey(dataKey, key)] as const;
  });
  return { ...stored.sealed, keys: Object.fromEntries(wrappings) };
}

/** For the test of a credential on save, and nothing else. */
export async function openStoredSecret(
  kms: Kms,
  stored: { readonly sealed: SealedSecret; readonly wrappedKey: string },
  binding: Omit<SecretBinding, 'version'>,
): Promise<string> {
  return openSecret(stored.sealed, binding, await kms.unwrap(stored.wrappedKey, binding.id));
}
