/**
 * A lease as its node sees it, and what one request sets aside of it. Plain arithmetic on amounts in memory: no clock, no I/O.
 * Always: 0 <= consumed + held <= granted, for every lease, at every moment (billing I2).
 */
import { smaller } from './lease.js';
import type { NanoUsd } from './money.js';

/**
 * `asked` is not granted yet. `open` admits. `retiring` admits no more and is given back when its last hold is gone. `releasing` was,
 * or is being, given back. `lost` expired or is unknown to the ledger: what still runs on it settles at the platform's cost.
 */
export type LeasePhase = 'asked' | 'open' | 'retiring' | 'releasing' | 'lost';

export class Lease {
  granted: NanoUsd = 0n;
  /** Sum and number of the settlements that name this lease. */
  consumed: NanoUsd = 0n;
  settledCount = 0;
  held: NanoUsd = 0n;
  openHolds = 0;
  phase: LeasePhase = 'asked';
  /** For one request only. */
  strict = false;
  /** Of an earlier life of this node: given back as soon as somebody can take it. */
  inherited = false;
  /** A release of it may have been read, in this life or an earlier one: it is spent no more. */
  mayBeGone = false;
  grantedAtMs = 0;
  renewedAtMs = 0;
  usedAtMs = 0;
  /** Until then the ledger is not asked again to raise it: it had no more. */
  exhaustedUntilMs = 0;

  constructor(
    readonly id: string,
    readonly accountId: string,
    readonly keyId: string,
  ) {}

  get free(): NanoUsd {
    return this.granted - this.consumed - this.held;
  }
}

/** What a hold needs from the pool that made it. */
export interface HoldOwner {
  /** The lease has too little: ask for more in the background. False when the ledger said that there is no more. */
  raise(lease: Lease, more: NanoUsd): boolean;
  /** A hold is gone; `charged` is undefined when it was cancelled. */
  returned(lease: Lease, charged: NanoUsd | undefined): void;
}

export class LeaseHold {
  #refused = false;
  #closed = false;

  /** Takes `amount` of the lease, which has it free. */
  constructor(
    private readonly owner: HoldOwner,
    readonly lease: Lease,
    public amount: NanoUsd,
  ) {
    lease.held += amount;
    lease.openHolds++;
  }

  /** The ledger has no more for this lease. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Sets aside `more`, or the last that there is; false when there was nothing (yet). */
  extend(more: NanoUsd): boolean {
    const { free } = this.lease;
    const enough = free >= more;
    if (!enough && this.owner.raise(this.lease, more)) return false;
    const taken = enough ? more : free;
    this.#refused = !enough && taken <= 0n;
    if (taken <= 0n) return false;
    this.lease.held += taken;
    this.amount += taken;
    return true;
  }

  /** Charges min(actual, hold + what is left of the lease) and gives the rest back. Returns the charge. Once only. */
  settle(actual: NanoUsd): NanoUsd {
    this.#close();
    const { lease } = this;
    const charge = smaller(actual, lease.free);
    lease.consumed += charge;
    lease.settledCount++;
    this.owner.returned(lease, charge);
    return charge;
  }

  /** As if it had never been. */
  cancel(): void {
    this.#close();
    this.owner.returned(this.lease, undefined);
  }

  #close(): void {
    if (this.#closed) throw new Error('a hold is settled once');
    this.#closed = true;
    this.lease.held -= this.amount;
    this.lease.openHolds--;
  }
}
