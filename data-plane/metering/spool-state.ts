/**
 * What the spool knows, as a pure function of its records: requests without an END, leases with count and sum of their ENDs, what was
 * acknowledged. Kept while records are written, so that every new file can begin with it; rebuilt from records after a crash, when
 * it says what must be recovered. The simulation uses it unchanged.
 */

import type { InheritedLease } from '../../shared/lease-pool.js';
import { type NanoUsd, NO_TOKENS } from '../../shared/money.js';
import type { UsageEvent } from '../../shared/usage-event.js';
import type { CheckpointRecord, ProgressRecord, StartRecord } from './spool-record.js';

interface OpenRequest {
  readonly start: StartRecord;
  progress: ProgressRecord | null;
}

interface LeaseTotals {
  readonly accountId: string;
  readonly keyId: string;
  granted: NanoUsd;
  settledCount: number;
  settledSum: NanoUsd;
  returning: boolean;
  renewedAtMs: number;
}

export interface EpochRange {
  /** Sequence of its last END. */
  last: number;
  acknowledged: number;
}

export const EPOCHS_PER_SECOND = 1_024;

/**
 * An epoch rises by one at every start. On an empty disk it begins at the time, with a random part: so that, whatever the clock says, no
 * event has the number of one from a disk that was lost, and none is taken for settled that is not. `chance` is below EPOCHS_PER_SECOND.
 */
export function firstEpoch(nowMs: number, chance: number): number {
  return Math.floor(nowMs / 1_000) * EPOCHS_PER_SECOND + chance;
}

export class SpoolState {
  readonly open = new Map<string, OpenRequest>();
  readonly leases = new Map<string, LeaseTotals>();
  /** Every epoch that still has unacknowledged events, and the current one. */
  readonly epochs = new Map<number, EpochRange>();

  constructor(public epoch: number) {
    this.epochs.set(epoch, { last: 0, acknowledged: 0 });
  }

  static from(checkpoint: CheckpointRecord): SpoolState {
    const state = new SpoolState(checkpoint.epoch);
    for (const { start, progress } of checkpoint.open) state.open.set(start.requestId, { start, progress });
    for (const lease of checkpoint.leases) {
      const { leaseId, grantedNano, settledNano, ...totals } = lease;
      state.leases.set(leaseId, { ...totals, granted: BigInt(grantedNano), settledSum: BigInt(settledNano) });
    }
    for (const { epoch, last, acknowledged } of checkpoint.epochs) state.epochs.set(epoch, { last, acknowledged });
    return state;
  }

  checkpoint(nowMs: number): CheckpointRecord {
    return {
      epoch: this.epoch,
      sequence: this.range(this.epoch).last,
      writtenAtMs: nowMs,
      open: [...this.open.values()],
      leases: [...this.leases].map(([leaseId, { granted, settledSum, ...totals }]) => ({
        ...totals,
        leaseId,
        grantedNano: granted.toString(),
        settledNano: settledSum.toString(),
      })),
      epochs: [...this.epochs].map(([epoch, { last, acknowledged }]) => ({ epoch, last, acknowledged })),
    };
  }

  /** The next life begins. */
  beginEpoch(epoch: number): void {
    this.#dropIfDone(this.epoch);
    this.epoch = epoch;
    this.epochs.set(epoch, { last: 0, acknowledged: 0 });
  }

  range(epoch: number): EpochRange {
    return this.epochs.get(epoch) ?? { last: 0, acknowledged: 0 };
  }

  start(start: StartRecord): void {
    this.open.set(start.requestId, { start, progress: null });
  }

  progress(progress: ProgressRecord): void {
    const request = this.open.get(progress.requestId);
    if (request) request.progress = progress;
  }

  cancel(requestId: string): void {
    this.open.delete(requestId);
  }

  end(requestId: string, leaseId: string | null, charge: NanoUsd, epoch: number, sequence: number): void {
    this.open.delete(requestId);
    const range = this.epochs.get(epoch);
    if (range && sequence > range.last) range.last = sequence;
    const lease = leaseId === null ? undefined : this.leases.get(leaseId);
    if (!lease) return;
    lease.settledCount++;
    lease.settledSum += charge;
  }

  leaseAsked(leaseId: string, accountId: string, keyId: string): void {
    this.leases.set(leaseId, { accountId, keyId, granted: 0n, settledCount: 0, settledSum: 0n, returning: false, renewedAtMs: 0 });
  }

  leaseGranted(leaseId: string, amount: NanoUsd, nowMs: number): void {
    const lease = this.leases.get(leaseId);
    if (!lease) return;
    lease.granted = amount;
    lease.renewedAtMs = nowMs;
  }

  leaseReturning(leaseId: string, returning: boolean): void {
    const lease = this.leases.get(leaseId);
    if (lease) lease.returning = returning;
  }

  leaseClosed(leaseId: string): void {
    this.leases.delete(leaseId);
  }

  leasesRenewed(nowMs: number): void {
    for (const lease of this.leases.values()) if (lease.granted > 0n) lease.renewedAtMs = nowMs;
  }

  acknowledged(epoch: number, sequence: number): void {
    const range = this.epochs.get(epoch);
    if (!range) return;
    range.acknowledged = Math.max(range.acknowledged, sequence);
    if (epoch !== this.epoch) this.#dropIfDone(epoch);
  }

  /** Leases of an earlier life, for the pool. */
  inheritedLeases(): InheritedLease[] {
    return [...this.leases].map(([leaseId, lease]) => ({ leaseId, ...lease }));
  }

  /** ENDs for requests that died with the process: charged as of their last progress, marked as estimated. */
  crashed(nodeId: string): UsageEvent[] {
    const { last } = this.range(this.epoch);
    return [...this.open.values()].map(({ start, progress }, index) => crashEvent(start, progress, nodeId, this.epoch, last + index + 1));
  }

  #dropIfDone(epoch: number): void {
    const range = this.epochs.get(epoch);
    if (range && range.acknowledged >= range.last) this.epochs.delete(epoch);
  }
}

function crashEvent(start: StartRecord, progress: ProgressRecord | null, nodeId: string, epoch: number, sequence: number): UsageEvent {
  return {
    ...start,
    nodeId,
    epoch,
    sequence,
    model: progress?.model ?? null,
    vendorId: progress?.vendorId ?? null,
    endpointId: progress?.endpointId ?? null,
    upstreamModel: progress?.upstreamModel ?? null,
    byok: progress?.byok ?? false,
    attempts: progress?.attempts ?? [],
    excluded: [],
    buckets: progress?.buckets ?? NO_TOKENS,
    reasoningTokens: progress?.reasoningTokens ?? 0,
    priceRevision: progress?.priceRevision ?? null,
    actualNano: progress?.actualNano ?? '0',
    chargeNano: progress?.chargeNano ?? '0',
    reason: 'node_crash',
    estimated: true,
    usageMismatch: progress?.usageMismatch ?? false,
    status: progress ? 200 : 502,
    errorCode: 'internal_error',
    finishReason: null,
    firstTokenMs: progress?.firstTokenMs ?? null,
    totalMs: progress?.totalMs ?? 0,
  };
}
