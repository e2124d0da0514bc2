/**
 * Sealed secrets: vendor and BYOK credentials at rest, in snapshots, in Redis and on a node's disk.
 * A random 256-bit data key encrypts the secret (AES-256-GCM). The associated data is owner, vendor, id and version: a blob moved to
 * another account does not open. The data key is wrapped once per region to that region's X25519 key (ephemeral ECDH, HKDF-SHA256,
 * AES-256-GCM), so only nodes of a region that may use the secret can open it; the control plane keeps one more wrapping by its KMS.
 * Opening throws on any altered byte; callers treat that as a credential that does not exist.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** What binds a secret to its place. `owner` is the account id, or `house`. */
export interface SecretBinding {
  readonly owner: string;
  readonly vendorId: string;
  readonly id: string;
  readonly version: number;
}

/** Members are base64url. `keys` by region: ephemeral public key 32, nonce 12, wrapped key 32, tag 16, in one string. */
export interface SealedSecret {
  readonly version: number;
  readonly box: string;
  readonly keys: Readonly<Record<string, string>>;
}

export interface RegionKeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAP_INFO = 'modelapi region key v1';

/** Raw X25519 keys in base64url: the private one for `REGION_PRIVATE_KEY`, the public one for the region's row. */
export function generateRegionKey(): RegionKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: publicKey.export({ format: 'jwk' }).x ?? '', privateKey: privateKey.export({ format: 'jwk' }).d ?? '' };
}

export function generateDataKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** `regionKeys`: raw public keys by region id. */
export function sealSecret(
  secret: string,
  binding: SecretBinding,
  dataKey: Buffer,
  regionKeys: Readonly<Record<string, string>>,
): SealedSecret {
  const keys = Object.fromEntries(Object.entries(regionKeys).map(([region, key]) => [region, wrapKey(dataKey, key)]));
  return { version: binding.version, box: encrypt(dataKey, Buffer.from(secret), bindingBytes(binding)).toString('base64url'), keys };
}

/** Opens a secret with a data key that the caller unwrapped (a region's, or the KMS's). */
export function openSecret(sealed: SealedSecret, binding: Omit<SecretBinding, 'version'>, dataKey: Buffer): string {
  const bound = bindingBytes({ ...binding, version: sealed.version });
  return decrypt(dataKey, Buffer.from(sealed.box, 'base64url'), bound).toString('utf8');
}

/** Opens a secret on a node of `region`. Throws when it is not sealed for that region, or for another owner, vendor or id. */
export function openSealedSecret(
  sealed: SealedSecret,
  binding: Omit<SecretBinding, 'version'>,
  region: string,
  regionKey: RegionKeyPair,
): string {
  const wrapped = sealed.keys[region];
  if (wrapped === undefined) throw new Error(`secret ${binding.id} is not sealed for region ${region}`);
  return openSecret(sealed, binding, unwrapKey(wrapped, regionKey));
}

export function wrapKey(dataKey: Buffer, regionPublicKey: string): string {
  const ephemeral = generateKeyPairSync('x25519');
  const ephemeralPublic = Buffer.from(ephemeral.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: publicKeyOf(regionPublicKey) });
  const wrapping = wrappingKey(shared, ephemeralPublic, regionPublicKey);
  return Buffer.concat([ephemeralPublic, encrypt(wrapping, dataKey, Buffer.from(WRAP_INFO))]).toString('base64url');
}

function unwrapKey(wrapped: string, regionKey: RegionKeyPair): Buffer {
  const bytes = Buffer.from(wrapped, 'base64url');
  const ephemeralPublic = bytes.subarray(0, KEY_BYTES);
  const shared = diffieHellman({ privateKey: privateKeyOf(regionKey), publicKey: publicKeyOf(ephemeralPublic.toString('base64url')) });
  return decrypt(wrappingKey(shared, ephemeralPublic, regionKey.publicKey), bytes.subarray(KEY_BYTES), Buffer.from(WRAP_INFO));
}

function wrappingKey(shared: Buffer, ephemeralPublic: Buffer, regionPublicKey: string): Buffer {
  const salt = Buffer.concat([ephemeralPublic, Buffer.from(regionPublicKey, 'base64url')]);
  return Buffer.from(hkdfSync('sha256', shared, salt, WRAP_INFO, KEY_BYTES));
}

/** nonce | ciphertext | tag. */
export function encrypt(key: Buffer, plain: Buffer, associated: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the key, the associated data or a byte is wrong. */
export function decrypt(key: Buffer, boxed: Buffer, associated: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, boxed.subarray(0, NONCE_BYTES));
  decipher.setAAD(associated);
  decipher.setAuthTag(boxed.subarray(boxed.length - TAG_BYTES));
  return Buffer.concat([decipher.update(boxed.subarray(NONCE_BYTES, boxed.length - TAG_BYTES)), decipher.final()]);
}

function bindingBytes(binding: SecretBinding): Buffer {
  return Buffer.from(JSON.stringify([binding.owner, binding.vendorId, binding.id, binding.version]));
}

function publicKeyOf(raw: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw }, format: 'jwk' });
}

function privateKeyOf(pair: RegionKeyPair): KeyObject {
  return createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', x: pair.publicKey, d: pair.privateKey }, format: 'jwk' });
}
