/**
 * The key that wraps data keys of secrets at rest, behind an interface so that AWS KMS or an HSM can hold it. Each secret has a data
 * key of its own; the wrapping is bound to the secret's id, so a wrapped key moved to another row does not open.
 */
import { decrypt, encrypt } from '../../../shared/sealed.js';

export interface Kms {
  /** base64url. */
  wrap(dataKey: Buffer, secretId: string): Promise<string>;
  /** Throws when the key or the id is another, or a byte was altered. */
  unwrap(wrapped: string, secretId: string): Promise<Buffer>;
}

/** `key`: 32 bytes, from `KMS_KEY`. */
export function localKms(key: Buffer): Kms {
  const bound = (secretId: string) => Buffer.from(`modelapi kms v1 ${secretId}`);
  return {
    wrap: async (dataKey, secretId) => encrypt(key, dataKey, bound(secretId)).toString('base64url'),
    unwrap: async (wrapped, secretId) => decrypt(key, Buffer.from(wrapped, 'base64url'), bound(secretId)),
  };
}
