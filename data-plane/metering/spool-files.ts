/**
 * The files of the spool: `<epoch>-<number>-<after>.spool`, append-only; the ENDs in one have sequences above `after`. Each begins
 * with a checkpoint, so that a start reads the newest and no more, however many are kept. `epoch` holds the number of this process's
 * life; it is durable before anything else happens.
 */
import { randomInt } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { UsageEvent } from '../../shared/usage-event.js';
import { endJson, endSequence, KIND, type Kind, type RecordView, readRecord } from './spool-record.js';
import { EPOCHS_PER_SECOND, firstEpoch, SpoolState } from './spool-state.js';

export interface Segment {
  readonly path: string;
  readonly epoch: number;
  readonly number: number;
  readonly after: number;
  /** Bytes that were written whole; what is behind them is torn, or still in memory. */
  bytes: number;
  /** Unix milliseconds. */
  writtenAtMs: number;
}

const NAME = /^(\d+)-(\d+)-(\d+)\.spool$/;

export function segmentPath(directory: string, epoch: number, number: number, after: number): string {
  return join(directory, `${epoch}-${number}-${after}.spool`);
}

export interface RecoveredSpool {
  /** Undefined on an empty disk. */
  readonly state: SpoolState | undefined;
  /** Oldest first. */
  readonly segments: readonly Segment[];
  /** Bytes behind the last whole record: they were being written when the process died. */
  readonly tornBytes: number;
}

/** Reads what an earlier life left. */
export function recoverSpool(directory: string): RecoveredSpool {
  mkdirSync(directory, { recursive: true });
  const segments = listSegments(directory);
  let tornBytes = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index];
    if (!segment) break;
    const bytes = readFileSync(segment.path);
    const first = readRecord(bytes, 0);
    if (typeof first === 'string' || first.kind !== KIND.checkpoint) {
      tornBytes += segment.bytes; // died while it began this file: the one before tells all
      segment.bytes = 0;
      continue;
    }
    const state = SpoolState.from(JSON.parse(first.payload.toString()));
    const whole = replay(bytes, first.next, state);
    tornBytes += segment.bytes - whole;
    segment.bytes = whole;
    return { state, segments, tornBytes };
  }
  return { state: undefined, segments, tornBytes };
}

function listSegments(directory: string): Segment[] {
  const segments: Segment[] = [];
  for (const name of readdirSync(directory)) {
    const [, epoch, number, after] = NAME.exec(name) ?? [];
    if (epoch === undefined) continue;
    const path = join(directory, name);
    const { size, mtimeMs } = statSync(path);
    segments.push({ path, epoch: Number(epoch), number: Number(number), after: Number(after), bytes: size, writtenAtMs: mtimeMs });
  }
  return segments.sort((left, right) => left.epoch - right.epoch || left.number - right.number);
}

/** Applies records from `at` on; returns where the last whole one ends. */
function replay(bytes: Buffer, at: number, state: SpoolState): number {
  for (;;) {
    const record = readRecord(bytes, at);
    if (typeof record === 'string') return at;
    applyRecord(record, state);
    at = record.next;
  }
}

function applyRecord({ kind, payload }: RecordView, state: SpoolState): void {
  const apply = APPLY[kind];
  apply(kind === KIND.end ? endJson(payload).toString() : payload.toString(), state, payload);
}

const APPLY: { readonly [kind in Kind]: (json: string, state: SpoolState, payload: Buffer) => void } = {
  [KIND.checkpoint]: () => undefined,
  [KIND.start]: (json, state) => state.start(JSON.parse(json)),
  [KIND.progress]: (json, state) => state.progress(JSON.parse(json)),
  [KIND.cancel]: (json, state) => state.cancel(JSON.parse(json)),
  [KIND.end]: (json, state, payload) => {
    const event: UsageEvent = JSON.parse(json);
    state.end(event.requestId, event.leaseId, BigInt(event.chargeNano), event.epoch, endSequence(payload));
  },
  [KIND.leaseAsked]: (json, state) => {
    const [leaseId, accountId, keyId]: [string, string, string] = JSON.parse(json);
    state.leaseAsked(leaseId, accountId, keyId);
  },
  [KIND.leaseGranted]: (json, state) => {
    const [leaseId, amount, nowMs]: [string, string, number] = JSON.parse(json);
    state.leaseGranted(leaseId, BigInt(amount), nowMs);
  },
  [KIND.leaseReturning]: (json, state) => {
    const [leaseId, returning]: [string, boolean] = JSON.parse(json);
    state.leaseReturning(leaseId, returning);
  },
  [KIND.leaseClosed]: (json, state) => state.leaseClosed(JSON.parse(json)),
  [KIND.leasesRenewed]: (json, state) => state.leasesRenewed(JSON.parse(json)),
  [KIND.acknowledged]: (json, state) => {
    const [epoch, sequence]: [number, number] = JSON.parse(json);
    state.acknowledged(epoch, sequence);
  },
};

/** `last` is the highest epoch seen in a file. Durable when it returns. */
export function nextEpoch(directory: string, last: number, nowMs: number): number {
  const path = join(directory, 'epoch');
  const stored = Math.max(last, readEpoch(path));
  const epoch = stored === 0 ? firstEpoch(nowMs, randomInt(EPOCHS_PER_SECOND)) : stored + 1;
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w');
  writeSync(file, String(epoch));
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
  syncDirectory(directory);
  return epoch;
}

export function syncDirectory(directory: string): void {
  const file = openSync(directory, 'r');
  fsyncSync(file);
  closeSync(file);
}

function readEpoch(path: string): number {
  try {
    const epoch = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0;
  } catch {
    return 0;
  }
}
