/**
 * What one API key may spend on one node: its leases, the requests that wait for one, and what was asked of the ledger.
 *
 * - A burst asks once: the first request that does not fit asks, the others wait for the answer and share the lease.
 * - When the wallet is small (a strict lease, a refusal) each waiting request asks for itself: the ledger decides one by one, so that
 *   over all nodes exactly the affordable ones are admitted.
 * - Half used, the next lease is fetched before it is needed.
 */

import type { GrantAnswer, GrantRefusal } from './lease.js';
import { LEASE_TRUST_MS, smaller } from './lease.js';
import { BurnRate } from './lease-burn.js';
import { type HoldOwner, Lease, LeaseHold } from './lease-hold.js';
import type { NanoUsd } from './money.js';

export type AskOutcome =
  | { readonly kind: 'held'; readonly hold: LeaseHold }
  | { readonly kind: 'refused'; readonly refusal: GrantRefusal; readonly available: NanoUsd }
  /** The ledger cannot be reached. */
  | { readonly kind: 'unavailable' };

export class Waiter {
  /** How often it was asked for. */
  rounds = 0;

  constructor(
    readonly amount: NanoUsd,
    /** Less than `amount` helps too, down to this. */
    readonly minimum: NanoUsd,
    readonly askedAtMs: number,
    readonly resolve: (outcome: AskOutcome) => void,
  ) {}
}

/** A grant that was asked for; `waiter` is who asked, if anybody. Stays until it is answered, however often it must be sent. */
export interface Ask {
  readonly lease: Lease;
  readonly purse: Purse;
  readonly total: NanoUsd;
  readonly waiter: Waiter | undefined;
  inFlight: boolean;
}

export interface PurseOwner extends HoldOwner {
  /** A lease of a new id, already in the journal. */
  openLease(accountId: string, keyId: string): Lease;
  send(ask: Ask): void;
}

/** A refused prefetch is not repeated at once. */
const PREFETCH_PAUSE_MS = 2_000;
/** A lease of which so little (a quarter) is left that a request passed over it is given back. */
const REMNANT = 4n;
/** How often one request asks again for less. */
const MAX_ROUNDS = 3;
const FINAL: ReadonlySet<GrantRefusal> = new Set(['account_suspended', 'account_frozen', 'unknown_key']);

export class Purse {
  readonly leases: Lease[] = [];
  readonly asks = new Set<Ask>();
  readonly burn = new BurnRate();
  readonly #waiters = new Set<Waiter>();
  /** Each waiting request asks for itself. */
  #individually = false;
  #prefetchAfterMs = 0;

  constructor(
    private readonly owner: PurseOwner,
    readonly accountId: string,
    readonly keyId: string,
  ) {}

  get empty(): boolean {
    return this.leases.length === 0 && this.asks.size === 0 && this.#waiters.size === 0;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** In memory, at once; undefined when no lease has so much. */
  admit(amount: NanoUsd, nowMs: number): LeaseHold | undefined {
    const hold = this.#take(amount, nowMs);
    if (hold) this.#prefetch(hold.lease, amount, nowMs);
    return hold;
  }

  wait(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#pump();
  }

  answered(ask: Ask, answer: GrantAnswer, nowMs: number): void {
    this.asks.delete(ask);
    if (answer.granted) this.#granted(ask, BigInt(answer.amountNano), answer.strict, nowMs);
    else this.#refused(ask, answer.refusal, BigInt(answer.availableNano), nowMs);
    this.#pump();
  }

  /** The ledger did not answer: those who wait get what is left here, or hear so. Their asks stay. */
  unanswered(olderThanMs: number, nowMs: number): void {
    for (const waiter of this.#waiters) if (waiter.askedAtMs <= olderThanMs) this.#settleFor(waiter, { kind: 'unavailable' }, nowMs);
  }

  #granted(ask: Ask, amount: NanoUsd, strict: boolean, nowMs: number): void {
    const { lease, waiter } = ask;
    const isNew = lease.phase === 'asked';
    lease.granted = amount > lease.granted ? amount : lease.granted;
    if (lease.granted < ask.total) lease.exhaustedUntilMs = nowMs + PREFETCH_PAUSE_MS;
    if (isNew) {
      lease.phase = 'open';
      lease.strict = strict;
      lease.grantedAtMs = lease.renewedAtMs = lease.usedAtMs = nowMs;
      this.leases.push(lease);
      this.#individually = strict;
    }
    if (waiter && this.#waiters.has(waiter)) {
      if (isNew || lease.free >= waiter.amount) this.#settleFor(waiter, { kind: 'unavailable' }, nowMs, lease);
      else this.#refuse(waiter, 'insufficient_quota', 0n, nowMs);
    }
    this.#serve(nowMs);
  }

  #refused(ask: Ask, refusal: GrantRefusal, available: NanoUsd, nowMs: number): void {
    const { lease, waiter } = ask;
    if (lease.phase === 'asked') lease.phase = 'lost';
    else lease.exhaustedUntilMs = nowMs + PREFETCH_PAUSE_MS;
    this.#prefetchAfterMs = nowMs + PREFETCH_PAUSE_MS;
    this.#individually = true;
    if (FINAL.has(refusal)) for (const one of this.#waiters) this.#settleFor(one, { kind: 'refused', refusal, available }, nowMs);
    else if (waiter && this.#waiters.has(waiter)) this.#refuse(waiter, refusal, available, nowMs);
  }

  /** Before a request is told that there is no money: what is left here with what the wallet has, or less than it wished for. */
  #refuse(waiter: Waiter, refusal: GrantRefusal, available: NanoUsd, nowMs: number): void {
    if (refusal === 'lease_closed') return; // of a call that came late: asked anew
    waiter.rounds++;
    if (refusal === 'insufficient_quota' && available > 0n && waiter.rounds < MAX_ROUNDS) {
      const richest = this.#richest(nowMs);
      const missing = waiter.amount - (richest?.free ?? 0n);
      if (richest && missing > 0n && richest.free + available >= waiter.minimum && !this.isAsked(richest)) {
        this.#ask(richest, richest.granted + smaller(missing, available), waiter);
        return;
      }
      if (available >= waiter.minimum) {
        this.#ask(this.owner.openLease(this.accountId, this.keyId), smaller(available, waiter.amount), waiter);
        return;
      }
    }
    this.#settleFor(waiter, { kind: 'refused', refusal, available }, nowMs);
  }

  /** Resolves a waiter: with a hold on `lease`, else on any lease that has the least it needs, else with `otherwise`. */
  #settleFor(waiter: Waiter, otherwise: AskOutcome, nowMs: number, lease: Lease | undefined = this.#richest(nowMs)): void {
    this.#waiters.delete(waiter);
    if (!lease || lease.free < waiter.minimum || lease.free <= 0n) {
      waiter.resolve(otherwise);
      return;
    }
    waiter.resolve({ kind: 'held', hold: this.#hold(lease, smaller(lease.free, waiter.amount), nowMs) });
  }

  #serve(nowMs: number): void {
    for (const waiter of this.#waiters) {
      const hold = this.#take(waiter.amount, nowMs);
      if (!hold) return;
      this.#waiters.delete(waiter);
      waiter.resolve({ kind: 'held', hold });
    }
  }

  /** Sees to it that whoever waits has been asked for. */
  #pump(): void {
    if (this.#waiters.size === 0) return;
    const asking = new Set<Waiter>();
    for (const ask of this.asks) if (ask.waiter) asking.add(ask.waiter);
    for (const waiter of this.#waiters) {
      if (!this.#individually && this.asks.size > 0) return;
      if (!asking.has(waiter)) this.#ask(this.owner.openLease(this.accountId, this.keyId), waiter.amount, waiter);
    }
  }

  #prefetch(lease: Lease, estimate: NanoUsd, nowMs: number): void {
    if (lease.strict || this.#individually || this.asks.size > 0 || nowMs < this.#prefetchAfterMs) return;
    if (lease.free * 2n >= lease.granted || lease !== this.leases.at(-1)) return;
    this.#ask(this.owner.openLease(this.accountId, this.keyId), estimate, undefined);
  }

  #ask(lease: Lease, total: NanoUsd, waiter: Waiter | undefined): void {
    const ask: Ask = { lease, purse: this, total, waiter, inFlight: false };
    this.asks.add(ask);
    this.owner.send(ask);
  }

  /** Sets aside more for a lease that a running request outgrew; at most one such ask at a time. */
  raise(lease: Lease, more: NanoUsd): void {
    if (this.isAsked(lease)) return;
    this.#ask(lease, lease.granted + more - (lease.free > 0n ? lease.free : 0n), undefined);
  }

  /** The ledger is being asked for it, or for more of it. One at a time: answers are told apart by the lease's id. */
  isAsked(lease: Lease): boolean {
    for (const ask of this.asks) if (ask.lease === lease) return true;
    return false;
  }

  /** Nano-USD a second that the next lease should be sized for: what was spent, and what is waiting. */
  demandPerSecond(nowMs: number): NanoUsd {
    let waiting = 0n;
    for (const waiter of this.#waiters) waiting += waiter.amount;
    return this.burn.perSecond(nowMs) + waiting / 10n;
  }

  #take(amount: NanoUsd, nowMs: number): LeaseHold | undefined {
    for (const lease of this.leases) {
      if (lease.phase !== 'open' || !isTrusted(lease, nowMs)) continue;
      if (lease.free >= amount) return this.#hold(lease, amount, nowMs);
      if (lease.free * REMNANT < lease.granted && lease !== this.leases.at(-1)) lease.phase = 'retiring';
    }
    return undefined;
  }

  #hold(lease: Lease, amount: NanoUsd, nowMs: number): LeaseHold {
    lease.usedAtMs = nowMs;
    if (lease.strict) lease.phase = 'retiring';
    return new LeaseHold(this.owner, lease, amount);
  }

  #richest(nowMs: number): Lease | undefined {
    let richest: Lease | undefined;
    for (const lease of this.leases) {
      if (lease.phase !== 'open' || !isTrusted(lease, nowMs)) continue;
      if (!richest || lease.free > richest.free) richest = lease;
    }
    return richest;
  }
}

/** The ledger refunds a lease that nobody renews: long before, this node stops admitting on it. */
function isTrusted(lease: Lease, nowMs: number): boolean {
  return nowMs - lease.renewedAtMs < LEASE_TRUST_MS;
}
