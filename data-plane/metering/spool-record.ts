/**
 * Records of the spool and how they lie in a file. A record is
 *   u32 payload length | u32 CRC32 of the payload, started with the kind | u8 kind | payload
 * little endian. The payload is JSON; that of END begins with its sequence (u48), so that shipping parses nothing. A record whose
 * length or CRC is wrong ends a file: it was being written when the process died.
 */
import { crc32 } from 'node:zlib';
import type { TokenBuckets } from '../../shared/money.js';
import type { UsageEvent } from '../../shared/usage-event.js';

export const HEADER_BYTES = 9;
const SEQUENCE_BYTES = 6;
/** An event with a hundred attempts is 20 KB; a checkpoint of 100,000 leases 20 MB. More is garbage. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

export const KIND = {
  checkpoint: 1,
  start: 2,
  progress: 3,
  end: 4,
  cancel: 5,
  leaseAsked: 6,
  leaseGranted: 7,
  leaseClosed: 8,
  leasesRenewed: 9,
  acknowledged: 10,
  leaseReturning: 11,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** What an END needs that is known before the vendor is called. */
export type StartRecord = Pick<
  UsageEvent,
  | 'requestId'
  | 'region'
  | 'accountId'
  | 'keyId'
  | 'leaseId'
  | 'test'
  | 'modelAsked'
  | 'route'
  | 'tier'
  | 'sessionId'
  | 'multiplier'
  | 'streamed'
  | 'startedAtMs'
  | 'batchItemId'
>;

/** How far it has come: what it would be charged if it ended here. */
export type ProgressRecord = Pick<
  UsageEvent,
  | 'requestId'
  | 'model'
  | 'vendorId'
  | 'endpointId'
  | 'upstreamModel'
  | 'byok'
  | 'reasoningTokens'
  | 'priceRevision'
  | 'actualNano'
  | 'chargeNano'
  | 'usageMismatch'
  | 'attempts'
  | 'firstTokenMs'
  | 'totalMs'
> & { readonly buckets: TokenBuckets };

export interface LeaseRecord {
  readonly leaseId: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly grantedNano: string;
  readonly settledCount: number;
  readonly settledNano: string;
  readonly returning: boolean;
  /** Unix milliseconds. */
  readonly renewedAtMs: number;
}

/** The first record of every file: all that the files before it would tell. */
export interface CheckpointRecord {
  readonly epoch: number;
  /** Of the last END before this file, in this epoch. */
  readonly sequence: number;
  readonly writtenAtMs: number;
  readonly open: readonly { readonly start: StartRecord; readonly progress: ProgressRecord | null }[];
  readonly leases: readonly LeaseRecord[];
  /** Epochs with events that were not acknowledged yet. */
  readonly epochs: readonly { readonly epoch: number; readonly last: number; readonly acknowledged: number }[];
}

/** Where one record lies in a buffer. */
export interface RecordView {
  readonly kind: Kind;
  readonly payload: Buffer;
  /** Offset of the next record. */
  readonly next: number;
}

/** Collects records in one growing buffer until they are written. */
export class RecordBuffer {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(kind: Kind, json: string): void {
    this.#add(kind, json, 0);
  }

  /** Returns how many bytes of UTF-8 the JSON is. */
  addEnd(sequence: number, json: string): number {
    return this.#add(KIND.end, json, sequence) - SEQUENCE_BYTES;
  }

  /** The bytes so far; valid until the next `add`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the first `count` bytes. */
  consume(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  /** Returns the payload's bytes. */
  #add(kind: Kind, json: string, sequence: number): number {
    const prefix = kind === KIND.end ? SEQUENCE_BYTES : 0;
    // A UTF-16 unit is at most 3 bytes of UTF-8.
    this.#reserve(HEADER_BYTES + prefix + json.length * 3);
    const bytes = this.#bytes;
    const at = this.#length;
    const payloadAt = at + HEADER_BYTES;
    if (prefix > 0) bytes.writeUIntLE(sequence, payloadAt, SEQUENCE_BYTES);
    const length = prefix + bytes.write(json, payloadAt + prefix);
    bytes.writeUInt32LE(length, at);
    bytes.writeUInt32LE(crc32(bytes.subarray(payloadAt, payloadAt + length), kind), at + 4);
    bytes[at + 8] = kind;
    this.#length = payloadAt + length;
    return length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** The record at `at`; 'short' when the buffer ends inside it, 'torn' when it is not one. */
export function readRecord(bytes: Buffer, at: number): RecordView | 'short' | 'torn' {
  if (at + HEADER_BYTES > bytes.length) return 'short';
  const length = bytes.readUInt32LE(at);
  const kind = bytes[at + 8];
  if (length === 0 || length > MAX_PAYLOAD_BYTES || !isKind(kind)) return 'torn';
  const next = at + HEADER_BYTES + length;
  if (next > bytes.length) return 'short';
  const payload = bytes.subarray(at + HEADER_BYTES, next);
  return crc32(payload, kind) === bytes.readUInt32LE(at + 4) ? { kind, payload, next } : 'torn';
}

export function endSequence(payload: Buffer): number {
  return payload.readUIntLE(0, SEQUENCE_BYTES);
}

/** The event's JSON, as it is shipped. */
export function endJson(payload: Buffer): Buffer {
  return payload.subarray(SEQUENCE_BYTES);
}

function isKind(kind: number | undefined): kind is Kind {
  return kind !== undefined && kind >= KIND.checkpoint && kind <= KIND.leaseReturning;
}
