/**
 * The spool: what this node owes the ledger, on its own disk, before anybody acts on it.
 *
 * - START is in the file before the vendor is called; END is written exactly once. Records of one turn of the event loop are one write;
 *   a START is written at once, with all that waits (a write into the page cache takes 2 us here, a round through the thread pool 45).
 * - Killed at any moment, the process loses nothing: the page cache survives it. A power failure loses at most `SYNC_MS` of records
 *   (fdatasync runs in the background): bounded by the open leases, booked as `platform_loss`, never at the customer's cost.
 * - When the disk refuses a write or is nearly full, `start` throws 503 (`service_unavailable`): nothing is served unbilled. What could
 *   not be written stays in memory and is tried again.
 * - Files are kept 24 h and until acknowledged, and at most `maxBytes` of them; more unacknowledged than that stops admission too.
 * Used by metering only; one process per directory.
 */
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { statfs, unlink } from 'node:fs/promises';
import { GatewayError } from '../../shared/errors.js';
import type { InheritedLease, LeaseJournal } from '../../shared/lease-pool.js';
import type { UsageEvent } from '../../shared/usage-event.js';
import { eventJson, startJson } from './event-json.js';
import { RecentEnds } from './recent-ends.js';
import { nextEpoch, recoverSpool, type Segment, segmentPath, syncDirectory } from './spool-files.js';
import { KIND, type ProgressRecord, RecordBuffer, type StartRecord } from './spool-record.js';
import { SpoolState } from './spool-state.js';

export interface SpoolOptions {
  readonly directory: string;
  readonly nodeId: string;
  /** All files together. */
  readonly maxBytes: number;
  /** A new file after so many bytes: what a start reads. */
  readonly segmentBytes: number;
  readonly warn: (message: string, error?: unknown) => void;
}

const SYNC_MS = 1_000;
const KEEP_MS = 24 * 60 * 60_000;
const TIDY_MS = 5_000;
/** Room for the ENDs of everything that runs, and for whoever else shares the disk. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const RETRY_AFTER_MS = 5_000;

export class Spool implements LeaseJournal {
  readonly epoch: number;
  readonly inherited: readonly InheritedLease[];
  /** Of the earlier life: requests that it left open, now ended. */
  readonly recovered: number;
  readonly state: SpoolState;
  /** Of this epoch. */
  readonly recent = new RecentEnds();
  readonly #segments: Segment[];
  readonly #pending = new RecordBuffer();
  readonly #timers: NodeJS.Timeout[];
  #current: Segment;
  #file: number;
  #flushScheduled = false;
  #dirty = false;
  #syncing = false;
  #refusal: string | undefined;
  #diskRefusal: string | undefined;

  /** Reads the earlier life, ends its open requests and begins a new epoch: all on disk when it returns. Throws when the disk refuses. */
  constructor(private readonly options: SpoolOptions) {
    const { state, segments, tornBytes } = recoverSpool(options.directory);
    if (tornBytes > 0) options.warn(`spool: ${tornBytes} bytes of a record that was never finished were left out`);
    this.epoch = nextEpoch(options.directory, segments.at(-1)?.epoch ?? 0, Date.now());
    this.state = state ?? new SpoolState(this.epoch);
    if (state) state.beginEpoch(this.epoch);
    this.#segments = [...segments];
    ({ segment: this.#current, file: this.#file } = this.#begin(1));
    const crashed = this.state.crashed(options.nodeId);
    for (const event of crashed) this.end(event);
    this.recovered = crashed.length;
    this.#flush();
    if (this.#refusal) throw new Error(`spool: ${options.directory} cannot be written: ${this.#refusal}`);
    syncDirectory(options.directory);
    this.inherited = this.state.inheritedLeases();
    this.#timers = [setInterval(() => this.#sync(), SYNC_MS).unref(), setInterval(() => void this.#tidy(), TIDY_MS).unref()];
  }

  // ---- requests ----

  /** Throws `service_unavailable` when it could not be written; then it is as if it had never been. */
  start(start: StartRecord): void {
    this.#checkRoom();
    this.state.start(start);
    this.#pending.add(KIND.start, startJson(start));
    this.#flush();
    if (this.#refusal === undefined) return;
    this.state.cancel(start.requestId);
    this.#add(KIND.cancel, start.requestId);
    this.#checkRoom();
  }

  progress(progress: ProgressRecord): void {
    this.state.progress(progress);
    this.#add(KIND.progress, progress);
  }

  /** The sequence that the next END must carry. */
  get nextSequence(): number {
    return this.state.range(this.epoch).last + 1;
  }

  /** Never throws: what cannot be written now is written later. */
  end(event: UsageEvent): void {
    this.state.end(event.requestId, event.leaseId, BigInt(event.chargeNano), event.epoch, event.sequence);
    const json = eventJson(event);
    const bytes = this.#pending.addEnd(event.sequence, json);
    if (event.epoch === this.epoch) this.recent.add({ sequence: event.sequence, json, bytes });
    this.#schedule();
  }

  acknowledged(epoch: number, sequence: number): void {
    this.state.acknowledged(epoch, sequence);
    this.#add(KIND.acknowledged, [epoch, sequence]);
  }

  // ---- leases ----

  asked(leaseId: string, accountId: string, keyId: string): void {
    this.state.leaseAsked(leaseId, accountId, keyId);
    this.#add(KIND.leaseAsked, [leaseId, accountId, keyId]);
  }

  granted(leaseId: string, amount: bigint): void {
    const nowMs = Date.now();
    this.state.leaseGranted(leaseId, amount, nowMs);
    this.#add(KIND.leaseGranted, [leaseId, amount.toString(), nowMs]);
  }

  returning(leaseId: string, returning: boolean): void {
    this.state.leaseReturning(leaseId, returning);
    this.#pending.add(KIND.leaseReturning, JSON.stringify([leaseId, returning]));
    this.#flush();
  }

  closed(leaseId: string): void {
    this.state.leaseClosed(leaseId);
    this.#add(KIND.leaseClosed, leaseId);
  }

  renewed(): void {
    const nowMs = Date.now();
    this.state.leasesRenewed(nowMs);
    this.#add(KIND.leasesRenewed, nowMs);
  }

  // ---- files ----

  /** Oldest first; `bytes` of each may be read. */
  segments(): readonly Segment[] {
    return this.#segments;
  }

  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.bytes;
    return bytes;
  }

  get unacknowledged(): number {
    let events = 0;
    for (const { last, acknowledged } of this.state.epochs.values()) events += last - acknowledged;
    return events;
  }

  /** Why nothing is admitted; undefined when all is well. */
  get refusal(): string | undefined {
    return this.#refusal ?? this.#diskRefusal;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#flush();
    closeSync(this.#file);
  }

  #checkRoom(): void {
    if (this.refusal === undefined) return;
    throw new GatewayError('service_unavailable', 'This node cannot record usage at the moment, so it serves nothing. Try again shortly.', {
      retryAfterMs: RETRY_AFTER_MS,
      cause: new Error(this.refusal),
    });
  }

  #add(kind: Parameters<RecordBuffer['add']>[0], value: unknown): void {
    this.#pending.add(kind, JSON.stringify(value));
    this.#schedule();
  }

  #schedule(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  /** Writes all that is pending. A short write goes on where it stopped, now or at the next attempt. */
  #flush(): void {
    try {
      while (this.#pending.length > 0) {
        const written = writeSync(this.#file, this.#pending.view());
        this.#pending.consume(written);
        this.#current.bytes += written;
        this.#dirty = true;
      }
      this.recent.wrote();
      this.#current.writtenAtMs = Date.now();
      if (this.#refusal !== undefined) this.options.warn('spool: the disk takes writes again');
      this.#refusal = undefined;
      if (this.#current.bytes >= this.options.segmentBytes) this.#rotate();
    } catch (error) {
      if (this.#refusal === undefined) this.options.warn('spool: the disk refuses a write; nothing is admitted until it takes it', error);
      this.#refusal = error instanceof Error ? error.message : String(error);
    }
  }

  #rotate(): void {
    const finished = this.#file;
    ({ segment: this.#current, file: this.#file } = this.#begin(this.#current.number + 1));
    fdatasync(finished, () => closeSync(finished));
    this.#flush();
  }

  /** A new file begins with all that the files before it would tell. */
  #begin(number: number): { segment: Segment; file: number } {
    const after = this.state.range(this.epoch).last;
    const path = segmentPath(this.options.directory, this.epoch, number, after);
    const file = openSync(path, 'a');
    const segment: Segment = { path, epoch: this.epoch, number, after, bytes: 0, writtenAtMs: Date.now() };
    this.#segments.push(segment);
    this.#pending.add(KIND.checkpoint, JSON.stringify(this.state.checkpoint(segment.writtenAtMs)));
    return { segment, file };
  }

  #sync(): void {
    if (this.#refusal !== undefined) this.#flush();
    if (!this.#dirty || this.#syncing) return;
    this.#dirty = false;
    this.#syncing = true;
    fdatasync(this.#file, (error) => {
      this.#syncing = false;
      if (error) this.options.warn('spool: fdatasync failed', error);
    });
  }

  /** Drops what is acknowledged and old, or acknowledged and too much; sees whether the disk has room. */
  async #tidy(): Promise<void> {
    try {
      let bytes = this.bytes;
      for (;;) {
        const [segment, next] = this.#segments;
        if (!segment || segment === this.#current || !this.#isAcknowledged(segment, next)) break;
        if (Date.now() - segment.writtenAtMs < KEEP_MS && bytes <= this.options.maxBytes) break;
        bytes -= segment.bytes;
        this.#segments.shift();
        await unlink(segment.path);
      }
      const { bavail, bsize } = await statfs(this.options.directory);
      this.#refuse(
        bavail * bsize < LEAST_FREE_BYTES ? 'the disk is nearly full' : bytes > this.options.maxBytes ? 'the spool is full' : undefined,
      );
    } catch (error) {
      this.options.warn('spool: tidying failed', error);
    }
  }

  #isAcknowledged(segment: Segment, next: Segment | undefined): boolean {
    const range = this.state.epochs.get(segment.epoch);
    const last = next?.epoch === segment.epoch ? next.after : (range?.last ?? 0);
    return range === undefined || range.acknowledged >= last;
  }

  #refuse(reason: string | undefined): void {
    if (reason !== this.#diskRefusal) this.options.warn(reason ? `spool: ${reason}; nothing is admitted` : 'spool: there is room again');
    this.#diskRefusal = reason;
  }
}
