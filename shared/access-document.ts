/**
 * The access document: which keys exist and what each may do. 1,000,000 keys are 64 MB of fixed-size records in one buffer, sorted by
 * hash, with a table of where each two-byte prefix begins: a lookup is a table read and about four comparisons, and loading builds
 * nothing. Changes since the base are an overlay of small objects, until the publisher makes a new base.
 *
 * Layout, little endian: header 32 | prefix table 65,537 x u32 | key records 64 each | account records 32 each | policy heap.
 * Key record: hash 32, key id 16, account index u32, policy offset u32, expires at u32 (Unix seconds, 0 never), flags u32.
 * Account record: account id 16, policy offset u32, flags u32, 8 spare. Policy: u32 length, UTF-8 JSON.
 */
import { createHash } from 'node:crypto';
import type { SealedSecret } from './sealed.js';

const MAGIC = 0x58414d41; // "AMAX"
const HEADER_BYTES = 32;
const PREFIXES = 65_536;
const TABLE_BYTES = (PREFIXES + 1) * 4;
const KEY_BYTES = 64;
const ACCOUNT_BYTES = 32;
const NO_POLICY = 0xffff_ffff;

export const KEY_ACTIVE = 1;
export const KEY_TEST = 2;
/** Stopped by the burn-rate breaker or by its owner; resumes with one click. */
export const KEY_PAUSED = 4;
export const ACCOUNT_ACTIVE = 1;
/** A chargeback left a debt, or the reconciler found a mismatch: no new admission. */
export const ACCOUNT_FROZEN = 2;

export interface ByokRow {
  readonly id: string;
  readonly vendorId: string;
  readonly mode: 'prefer' | 'only';
  readonly baseUrl?: string;
  readonly sealed: SealedSecret;
}

export interface KeyPolicy {
  /** Public model ids, aliases and groups; absent is all. */
  readonly models?: readonly string[];
  /** CIDR ranges, v4 and v6; absent is all. */
  readonly ipRanges?: readonly string[];
  readonly regions?: readonly string[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly concurrency?: number;
  /** Only this key may use these. */
  readonly byok?: readonly ByokRow[];
}

export interface AccountPolicy {
  /** Every key of the account may use these. */
  readonly byok?: readonly ByokRow[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly dataCollection?: 'allow' | 'deny';
}

export interface KeyRecord {
  /** 32 bytes, `hashApiKey`. */
  readonly hash: Buffer;
  readonly keyId: string;
  readonly accountId: string;
  /** Unix seconds; 0 is never. */
  readonly expiresAt: number;
  readonly flags: number;
  readonly policy: KeyPolicy;
}

export interface AccountRecord {
  readonly accountId: string;
  readonly flags: number;
  readonly policy: AccountPolicy;
}

/** What one configuration revision did to keys and accounts. `key: null` removes it. Hashes are hex. */
export interface AccessChange {
  readonly revision: number;
  readonly keys: readonly { readonly hash: string; readonly key: Omit<KeyRecord, 'hash'> | null }[];
  readonly accounts: readonly AccountRecord[];
}

/** `digest` of a manifest: each change hashed onto the digest of those before it. The first `previous` is the base's SHA-256. */
export function nextChangeDigest(previous: string, changeJson: string): string {
  return createHash('sha256').update(previous).update('\n').update(changeJson).digest('hex');
}

/**
 * Writes the base. `keys` must come sorted by hash (PostgreSQL's `ORDER BY hash` is), every key's account must be in `accounts`.
 * Throws Error on an unsorted or dangling key.
 */
export function encodeAccessBase(keys: readonly KeyRecord[], accounts: readonly AccountRecord[]): Buffer {
  const heap = new PolicyHeap();
  const keyStart = HEADER_BYTES + TABLE_BYTES;
  const accountStart = keyStart + keys.length * KEY_BYTES;
  const records = Buffer.alloc(accountStart + accounts.length * ACCOUNT_BYTES);
  const accountIndex = new Map<string, number>();

  accounts.forEach((account, index) => {
    const at = accountStart + index * ACCOUNT_BYTES;
    writeUuid(records, at, account.accountId);
    records.writeUInt32LE(heap.add(account.policy), at + 16);
    records.writeUInt32LE(account.flags, at + 20);
    accountIndex.set(account.accountId, index);
  });

  let prefix = 0;
  keys.forEach((key, index) => {
    const previous = keys[index - 1];
    if (previous && previous.hash.compare(key.hash) >= 0) throw new Error(`access base: key ${key.keyId} is out of order`);
    const account = accountIndex.get(key.accountId);
    if (account === undefined) throw new Error(`access base: key ${key.keyId} has no account`);
    for (; prefix <= key.hash.readUInt16BE(0); prefix++) records.writeUInt32LE(index, HEADER_BYTES + prefix * 4);
    const at = keyStart + index * KEY_BYTES;
    key.hash.copy(records, at, 0, 32);
    writeUuid(records, at + 32, key.keyId);
    records.writeUInt32LE(account, at + 48);
    records.writeUInt32LE(heap.add(key.policy), at + 52);
    records.writeUInt32LE(key.expiresAt, at + 56);
    records.writeUInt32LE(key.flags, at + 60);
  });
  for (; prefix <= PREFIXES; prefix++) records.writeUInt32LE(keys.length, HEADER_BYTES + prefix * 4);

  records.writeUInt32LE(MAGIC, 0);
  records.writeUInt32LE(1, 4);
  records.writeUInt32LE(keys.length, 8);
  records.writeUInt32LE(accounts.length, 12);
  return Buffer.concat([records, heap.bytes()]);
}

export interface AccessEntry {
  readonly keyId: string;
  readonly accountId: string;
  readonly expiresAt: number;
  readonly keyFlags: number;
  readonly accountFlags: number;
  readonly keyPolicy: KeyPolicy;
  readonly accountPolicy: AccountPolicy;
}

/** Reads the base in place. Construction checks the header and the sizes only; integrity is the manifest's SHA-256. */
export class AccessBase {
  readonly keyCount: number;
  readonly accountCount: number;
  readonly #accountStart: number;
  readonly #heapStart: number;
  readonly #policies = new Map<number, object>();

  constructor(private readonly bytes: Buffer) {
    if (bytes.length < HEADER_BYTES + TABLE_BYTES || bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== 1)
      throw new Error('access base: unknown format');
    this.keyCount = bytes.readUInt32LE(8);
    this.accountCount = bytes.readUInt32LE(12);
    this.#accountStart = HEADER_BYTES + TABLE_BYTES + this.keyCount * KEY_BYTES;
    this.#heapStart = this.#accountStart + this.accountCount * ACCOUNT_BYTES;
    if (bytes.length < this.#heapStart) throw new Error('access base: truncated');
  }

  /** `hash` is 32 bytes. */
  find(hash: Buffer): AccessEntry | undefined {
    const prefix = hash.readUInt16BE(0);
    // The bytes after the prefix, as a number: all but the match is decided without a call into native code.
    const wanted = hash.readUInt32BE(2);
    let low = this.bytes.readUInt32LE(HEADER_BYTES + prefix * 4);
    let high = this.bytes.readUInt32LE(HEADER_BYTES + (prefix + 1) * 4) - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = HEADER_BYTES + TABLE_BYTES + middle * KEY_BYTES;
      const order = this.bytes.readUInt32BE(at + 2) - wanted || this.bytes.compare(hash, 0, 32, at, at + 32);
      if (order === 0) return this.#entry(at);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** A scan at the speed of memory (about 10 ms at a million accounts): for the rare change that names a key but not its account. */
  findAccount(accountId: string): AccountRecord | undefined {
    const id = Buffer.alloc(16);
    writeUuid(id, 0, accountId);
    for (let at = this.bytes.indexOf(id, this.#accountStart); at >= 0 && at < this.#heapStart; at = this.bytes.indexOf(id, at + 1)) {
      if ((at - this.#accountStart) % ACCOUNT_BYTES !== 0) continue;
      return { accountId, flags: this.bytes.readUInt32LE(at + 20), policy: this.#policy(this.bytes.readUInt32LE(at + 16)) };
    }
    return undefined;
  }

  #entry(at: number): AccessEntry {
    const accountAt = this.#accountStart + this.bytes.readUInt32LE(at + 48) * ACCOUNT_BYTES;
    return {
      keyId: readUuid(this.bytes, at + 32),
      accountId: readUuid(this.bytes, accountAt),
      expiresAt: this.bytes.readUInt32LE(at + 56),
      keyFlags: this.bytes.readUInt32LE(at + 60),
      accountFlags: this.bytes.readUInt32LE(accountAt + 20),
      keyPolicy: this.#policy(this.bytes.readUInt32LE(at + 52)),
      accountPolicy: this.#policy(this.bytes.readUInt32LE(accountAt + 16)),
    };
  }

  #policy(offset: number): object {
    if (offset === NO_POLICY) return NOTHING;
    const known = this.#policies.get(offset);
    if (known) return known;
    const at = this.#heapStart + offset;
    const length = this.bytes.readUInt32LE(at);
    const policy: object = JSON.parse(this.bytes.toString('utf8', at + 4, at + 4 + length));
    this.#policies.set(offset, policy);
    return policy;
  }
}

const NOTHING = Object.freeze({});

/** Equal policies are stored once: most keys of an installation have one of a few. */
class PolicyHeap {
  readonly #offsets = new Map<string, number>();
  readonly #parts: Buffer[] = [];
  #length = 0;

  add(policy: object): number {
    const json = JSON.stringify(policy);
    if (json === '{}') return NO_POLICY;
    const known = this.#offsets.get(json);
    if (known !== undefined) return known;
    const text = Buffer.from(json);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    const offset = this.#length;
    this.#parts.push(length, text);
    this.#length += 4 + text.length;
    this.#offsets.set(json, offset);
    return offset;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function writeUuid(target: Buffer, at: number, uuid: string): void {
  target.write(uuid.replaceAll('-', ''), at, 16, 'hex');
}

function readUuid(source: Buffer, at: number): string {
  const hex = source.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
