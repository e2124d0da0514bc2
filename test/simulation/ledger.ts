/**
 * PostgreSQL's part, in memory: wallets, leases, settlements, journal, cursors. Each method is one transaction. The decisions are those of
 * `shared/lease-ledger.ts`, as in the control plane; what is written here by hand is what SQL does there: dedupe, cursor, postings.
 */
import { type GrantAnswer, type GrantRequest, LEASE_EXPIRY_MS, type LeaseAnswer, type LeaseCall } from '../../shared/lease.js';
import { decideExpiry, decideGrant, decideRelease, decideSettlement, type LeaseState } from '../../shared/lease-ledger.js';
import type { NanoUsd } from '../../shared/money.js';
import type { UsageBatch, UsageEvent } from '../../shared/usage-event.js';

type Mutable<T> = { -readonly [member in keyof T]: T[member] };

export interface LedgerLease extends Mutable<LeaseState> {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly nodeId: string;
  renewedAtMs: number;
}

export interface LedgerWallet {
  available: NanoUsd;
  leased: NanoUsd;
  debt: NanoUsd;
}

export interface LedgerSettlement {
  readonly event: UsageEvent;
  readonly paid: NanoUsd;
  readonly loss: NanoUsd;
  /** Of its lease, when it settled. */
  readonly leaseState: LeaseState['state'] | 'none';
}

interface Posting {
  readonly accountId: string;
  readonly customer: NanoUsd;
  readonly counterpart: NanoUsd;
}

export class Ledger {
  readonly wallets = new Map<string, LedgerWallet>();
  readonly leases = new Map<string, LedgerLease>();
  readonly settlements = new Map<string, LedgerSettlement>();
  /** The same request a second time, though not dropped: must stay empty. */
  readonly doubles: UsageEvent[] = [];
  readonly journal: Posting[] = [];
  readonly budgets = new Map<string, NanoUsd>();
  readonly rollups = new Map<string, { requests: number; paid: NanoUsd }>();
  readonly #acknowledged = new Map<string, number>();
  readonly #ahead = new Map<string, Set<number>>();

  constructor(
    private readonly now: () => number,
    private readonly liveNodes: () => number,
  ) {}

  topUp(accountId: string, amount: NanoUsd): void {
    const wallet = this.wallets.get(accountId) ?? { available: 0n, leased: 0n, debt: 0n };
    this.wallets.set(accountId, wallet);
    wallet.available += amount;
    this.journal.push({ accountId, customer: amount, counterpart: -amount });
  }

  /** Releases first: what they refund can be granted in the same call. */
  lease(call: LeaseCall): LeaseAnswer {
    const releases = call.releases.map(({ leaseId, count, sumNano }) => ({
      leaseId,
      state: this.#release(leaseId, count, BigInt(sumNano)),
    }));
    const renewed = call.renewals.filter((id) => this.#renew(id));
    return { releases, renewed, grants: call.grants.map((request) => this.#grant(request, call.nodeId)) };
  }

  /** Returns the acknowledged sequence. */
  settle(batch: UsageBatch): number {
    const cursor = `${batch.nodeId}/${batch.epoch}`;
    for (const event of batch.events) this.#settleOnce(event, cursor);
    return this.acknowledged(batch.nodeId, batch.epoch);
  }

  acknowledged(nodeId: string, epoch: number): number {
    return this.#acknowledged.get(`${nodeId}/${epoch}`) ?? 0;
  }

  /** Leases that nobody renewed go back to their wallets. */
  expire(): void {
    for (const lease of this.leases.values()) {
      if (lease.state !== 'open' || this.now() - lease.renewedAtMs < LEASE_EXPIRY_MS) continue;
      this.#refund(lease, decideExpiry(lease).refund);
      lease.state = 'expired';
    }
  }

  #grant(request: GrantRequest, nodeId: string): GrantAnswer {
    const { leaseId, accountId, keyId } = request;
    const wallet = this.wallets.get(accountId);
    if (!wallet) return { leaseId, granted: false, refusal: 'unknown_key', availableNano: '0' };
    const known = this.leases.get(leaseId);
    const decision = decideGrant(wallet, known, {
      estimate: BigInt(request.estimateNano),
      burnPerSecond: BigInt(request.burnPerSecondNano),
      liveNodes: this.liveNodes(),
      budgetLeft: this.#budgetLeft(keyId),
    });
    if (!decision.granted) return { leaseId, granted: false, refusal: decision.refusal, availableNano: wallet.available.toString() };
    wallet.available -= decision.added;
    wallet.leased += decision.added;
    const lease: LedgerLease = known ?? {
      ...{ id: leaseId, accountId, keyId, nodeId, granted: 0n, consumed: 0n, settledCount: 0, settledSum: 0n },
      ...{ strict: decision.strict, state: 'open', renewedAtMs: this.now() },
    };
    lease.granted = decision.amount;
    this.leases.set(leaseId, lease);
    return { leaseId, granted: true, amountNano: decision.amount.toString(), strict: decision.strict };
  }

  #budgetLeft(keyId: string): NanoUsd | null {
    const budget = this.budgets.get(keyId);
    if (budget === undefined) return null;
    let left = budget - (this.rollups.get(keyId)?.paid ?? 0n);
    for (const lease of this.leases.values()) if (lease.keyId === keyId && lease.state === 'open') left -= lease.granted - lease.consumed;
    return left;
  }

  #renew(leaseId: string): boolean {
    const lease = this.leases.get(leaseId);
    if (lease?.state !== 'open') return false;
    lease.renewedAtMs = this.now();
    return true;
  }

  #release(leaseId: string, count: number, sum: NanoUsd): 'released' | 'pending' | 'unknown' {
    const lease = this.leases.get(leaseId);
    const decision = decideRelease(lease, count, sum);
    if (lease?.state === 'open' && decision.state === 'released') {
      this.#refund(lease, decision.refund);
      lease.state = 'released';
    }
    return decision.state;
  }

  #refund(lease: LedgerLease, amount: NanoUsd): void {
    const wallet = this.wallets.get(lease.accountId);
    if (!wallet) throw new Error('a lease without a wallet');
    wallet.leased -= amount;
    wallet.available += amount;
  }

  #settleOnce(event: UsageEvent, cursor: string): void {
    const acknowledged = this.#acknowledged.get(cursor) ?? 0;
    const ahead = this.#ahead.get(cursor) ?? new Set();
    this.#ahead.set(cursor, ahead);
    if (event.sequence <= acknowledged || ahead.has(event.sequence)) return;
    ahead.add(event.sequence);
    let next = acknowledged;
    while (ahead.delete(next + 1)) next++;
    this.#acknowledged.set(cursor, next);
    if (this.settlements.has(event.requestId)) return;
    this.#post(event);
  }

  #post(event: UsageEvent): void {
    if (this.settlements.has(event.requestId)) this.doubles.push(event);
    const lease = event.leaseId === null ? undefined : this.leases.get(event.leaseId);
    const charge = BigInt(event.chargeNano);
    const leaseState = lease?.state ?? 'none';
    const { paid, loss } = decideSettlement(lease, charge);
    const wallet = this.wallets.get(event.accountId);
    if (lease && wallet) {
      lease.settledCount++;
      lease.settledSum += charge;
      lease.consumed += paid;
      wallet.leased -= paid;
    }
    this.settlements.set(event.requestId, { event, paid, loss, leaseState });
    this.journal.push({ accountId: event.accountId, customer: -paid, counterpart: paid });
    const rollup = this.rollups.get(event.keyId) ?? { requests: 0, paid: 0n };
    rollup.requests++;
    rollup.paid += paid;
    this.rollups.set(event.keyId, rollup);
  }
}
