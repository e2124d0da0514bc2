/**
 * The ENDs of one epoch in order of sequence: those just written from memory, else from the spool's files, in blocks, so that memory
 * stays flat however much waits to be shipped. Gives only what the spool says was written. Used by shipping alone.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { RecentEnd } from './recent-ends.js';
import type { Spool } from './spool.js';
import type { Segment } from './spool-files.js';
import { endJson, endSequence, HEADER_BYTES, KIND, readRecord } from './spool-record.js';

const BLOCK_BYTES = 256 * 1024;

export interface Batch {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  /** Each event's JSON. */
  readonly events: readonly string[];
}

export class SpoolReader {
  #segment: Segment | undefined;
  #handle: FileHandle | undefined;
  #offset = 0;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(
    private readonly spool: Spool,
    readonly epoch: number,
    /** The next END to read. */
    private next: number,
  ) {}

  get position(): number {
    return this.next;
  }

  /** Up to `most` events and about `mostBytes`; undefined when there is none yet. Throws when a file cannot be read. */
  async read(most: number, mostBytes: number): Promise<Batch | undefined> {
    const recent = this.epoch === this.spool.epoch ? this.spool.recent.take(this.next, most, mostBytes) : [];
    if (recent.length > 0) return this.#readRecent(recent);
    const events: string[] = [];
    const first = this.next;
    let bytes = 0;
    while (events.length < most && bytes < mostBytes) {
      const payload = await this.#nextEnd();
      if (!payload) break;
      events.push(endJson(payload).toString());
      bytes += payload.length;
    }
    return events.length > 0 ? { epoch: this.epoch, first, last: this.next - 1, events } : undefined;
  }

  /** Whatever file was open lies behind now. */
  async #readRecent(recent: readonly RecentEnd[]): Promise<Batch> {
    const first = this.next;
    await this.seek(first + recent.length);
    return { epoch: this.epoch, first, last: this.next - 1, events: recent.map(({ json }) => json) };
  }

  /** Goes back (or on) to this sequence. */
  async seek(sequence: number): Promise<void> {
    await this.close();
    this.next = sequence;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    this.#segment = undefined;
  }

  async #nextEnd(): Promise<Buffer | undefined> {
    for (;;) {
      if (!this.#segment && !(await this.#open())) return undefined;
      const record = readRecord(this.#block, this.#at);
      if (record === 'torn') throw new Error(`spool: ${this.#segment?.path} is damaged at ${this.#offset + this.#at}`);
      if (record === 'short') {
        if (await this.#fill()) continue;
        if (!(await this.#advance())) return undefined;
        continue;
      }
      this.#at = record.next;
      if (record.kind !== KIND.end || endSequence(record.payload) < this.next) continue;
      this.next = endSequence(record.payload) + 1;
      return record.payload;
    }
  }

  /** The last file of this epoch that begins at or before the next event. */
  async #open(): Promise<boolean> {
    const segment = this.spool.segments().findLast(({ epoch, after }) => epoch === this.epoch && after < this.next);
    if (!segment) return false;
    await this.#use(segment);
    return true;
  }

  async #advance(): Promise<boolean> {
    const segments = this.spool.segments();
    const next = segments.find(({ epoch, number }) => epoch === this.epoch && number > (this.#segment?.number ?? 0));
    if (!next || !this.#segment || this.#offset + this.#at < this.#segment.bytes) return false;
    await this.#use(next);
    return true;
  }

  async #use(segment: Segment): Promise<void> {
    await this.close();
    this.#handle = await open(segment.path, 'r');
    this.#segment = segment;
    this.#offset = 0;
    this.#block = Buffer.alloc(0);
    this.#at = 0;
  }

  /** Reads on in the file; false when nothing more was written. */
  async #fill(): Promise<boolean> {
    if (!this.#segment || !this.#handle) return false;
    const rest = this.#block.subarray(this.#at);
    const from = this.#offset + this.#block.length;
    const wanted = Math.max(BLOCK_BYTES, rest.length >= HEADER_BYTES ? rest.readUInt32LE(0) + HEADER_BYTES - rest.length : 0);
    const length = Math.min(wanted, this.#segment.bytes - from);
    if (length <= 0) return false;
    const block = Buffer.allocUnsafe(rest.length + length);
    rest.copy(block);
    const { bytesRead } = await this.#handle.read(block, rest.length, length, from);
    this.#offset += this.#at;
    this.#block = block.subarray(0, rest.length + bytesRead);
    this.#at = 0;
    return bytesRead > 0;
  }
}
