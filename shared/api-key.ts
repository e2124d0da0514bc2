/**
 * The format of API keys: `sk-ama-` (or `sk-ama-test-`), 32 base62 characters, and 6 base62 characters of the CRC32 of all before
 * them, so that a typing error is refused offline and a secret scanner can match exactly. Stored only as HMAC-SHA256 under a pepper.
 */
import { createHmac, hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const LIVE_PREFIX = 'sk-ama-';
const TEST_PREFIX = 'sk-ama-test-';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const MAX_KEY_LENGTH = TEST_PREFIX.length + RANDOM_LENGTH + CHECKSUM_LENGTH;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PATTERN = /^sk-ama-(test-)?[0-9A-Za-z]{38}$/;
/** The largest multiple of 62 in a byte: bytes at or above it are drawn again, so that every character is as likely. */
const FAIR_BYTES = 248;

export interface MintedKey {
  /** The secret: shown once. */
  readonly key: string;
  readonly prefix: string;
  readonly last4: string;
  readonly hash: Buffer;
}

export function mintApiKey(pepper: string, options: { test: boolean }): MintedKey {
  const prefix = options.test ? TEST_PREFIX : LIVE_PREFIX;
  const body = prefix + randomBase62(RANDOM_LENGTH);
  const key = body + checksum(body);
  return { key, prefix, last4: key.slice(-4), hash: hashApiKey(key, pepper) };
}

/** True when the shape and the checksum are right. Says nothing of whether the key exists. */
export function isWellFormedApiKey(text: string): boolean {
  if (!PATTERN.test(text)) return false;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return checksum(body) === text.slice(-CHECKSUM_LENGTH);
}

/** 32 bytes: what PostgreSQL and the snapshot hold instead of the key. */
export function hashApiKey(key: string, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(key).digest();
}

/**
 * The same for many keys under one pepper, in two thirds of the time: the pepper is padded once (RFC 2104), and the two digests are
 * one call each. Not for keys longer than `isWellFormedApiKey` takes.
 */
export function createKeyHasher(pepper: string): (key: string) => Buffer {
  const secret = Buffer.byteLength(pepper) > BLOCK_BYTES ? hash('sha256', pepper, 'buffer') : Buffer.from(pepper);
  const inner = Buffer.alloc(BLOCK_BYTES + MAX_KEY_LENGTH, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const [at, byte] of secret.entries()) {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  return (key) => {
    if (key.length > MAX_KEY_LENGTH) throw new RangeError('this is no API key');
    const length = inner.write(key, BLOCK_BYTES, 'latin1');
    hash('sha256', inner.subarray(0, BLOCK_BYTES + length), 'buffer').copy(outer, BLOCK_BYTES);
    return hash('sha256', outer, 'buffer');
  };
}

function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < FAIR_BYTES && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
}

function checksum(body: string): string {
  let value = crc32(body);
  let text = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    text = ALPHABET[value % 62] + text;
    value = Math.floor(value / 62);
  }
  return text;
}
