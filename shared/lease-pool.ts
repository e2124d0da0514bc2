/**
 * A node's leases as a pure state machine: no clock, no disk, no network, no randomness of its own. The node drives it
 * (`data-plane/admission/wallet-lease.ts`), the simulation drives the same code.
 *
 *   admit / ask -> holds          what a request may spend, in memory
 *   takeCall -> LeaseCall         what the ledger must be told or asked; several may be under way, each part of a call stands alone
 *   answered / failed             what came of it
 *   tick                          time passes: waiters give up, idle and old leases are given back
 *
 * When the ledger cannot be reached: requests are admitted on what the leases hold (for LEASE_TRUST_MS after the last renewal), then
 * `unavailable`. Every grant that was asked for is asked again, with its id, until it is answered, so none is lost; every release is
 * repeated until it is confirmed. A lease that could still be used is only given back to a ledger that has just answered.
 * All times are milliseconds of one steady clock.
 */
import { LEASE_AGE_MS, LEASE_IDLE_MS, LEASE_RENEW_MS, type LeaseAnswer, type LeaseCall } from './lease.js';
import { Lease, type LeaseHold } from './lease-hold.js';
import { type Ask, type AskOutcome, Purse, type PurseOwner, Waiter } from './lease-purse.js';
import type { NanoUsd } from './money.js';

/** Written down as it happens, so that the next life of this node knows its leases. */
export interface LeaseJournal {
  asked(leaseId: string, accountId: string, keyId: string): void;
  granted(leaseId: string, amount: NanoUsd): void;
  /** Its release is about to be sent, so it may be gone; or (false) nobody can have heard the release. On disk when this returns. */
  returning(leaseId: string, returning: boolean): void;
  closed(leaseId: string): void;
  /** The ledger has renewed the open leases. */
  renewed(): void;
}

/** A lease of an earlier life. `granted` is 0n when the answer never came. */
export interface InheritedLease {
  readonly leaseId: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly granted: NanoUsd;
  readonly settledCount: number;
  readonly settledSum: NanoUsd;
  /** Its release was sent, or was about to be. */
  readonly returning: boolean;
  readonly renewedAtMs: number;
}

export interface LeasePoolOptions {
  readonly nodeId: string;
  readonly epoch: number;
  readonly newLeaseId: () => string;
  readonly journal: LeaseJournal;
}

interface Release {
  readonly lease: Lease;
  inFlight: boolean;
  attempts: number;
  notBeforeMs: number;
}

/** A grant takes the ledger milliseconds: who waited so long should hear that it is away. */
export const ASK_WAIT_MS = 3_000;
/** Settlements reach the ledger some 150 ms after the request: a release that came before them is asked again soon. */
const RELEASE_RETRY_MS = { first: 50, most: 2_000 };
const CALL_RETRY_MS = { first: 100, most: 2_000 };
/** A strict lease that nobody came for. */
const STRICT_IDLE_MS = 1_000;
/** Bounds of one call: some 200 KB of JSON. */
const MAX_PER_CALL = { grants: 500, renewals: 2_000, releases: 1_000 };

export class LeasePool implements PurseOwner {
  readonly #purses = new Map<string, Purse>();
  readonly #leases = new Map<string, Lease>();
  readonly #asks = new Set<Ask>();
  /** Retiring, without a hold. */
  readonly #retired = new Set<Lease>();
  readonly #releases = new Map<string, Release>();
  #nowMs = 0;
  #renewedAtMs = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #retryAtMs = 0;
  #draining = false;

  constructor(
    private readonly options: LeasePoolOptions,
    nowMs: number,
  ) {
    this.#nowMs = this.#renewedAtMs = nowMs;
  }

  /** The hot path. Undefined: no lease has so much, `ask` for it. */
  admit(accountId: string, keyId: string, amount: NanoUsd, nowMs: number): LeaseHold | undefined {
    this.#nowMs = nowMs;
    return this.#purse(accountId, keyId).admit(amount, nowMs);
  }

  /** Resolves once the ledger answered, or `ASK_WAIT_MS` passed, with at least `minimum`. */
  ask(accountId: string, keyId: string, amount: NanoUsd, minimum: NanoUsd, nowMs: number, resolve: (outcome: AskOutcome) => void): void {
    this.#nowMs = nowMs;
    this.#purse(accountId, keyId).wait(new Waiter(amount, minimum, nowMs, resolve));
  }

  /** At start only. */
  inherit(inherited: InheritedLease): void {
    const lease = new Lease(inherited.leaseId, inherited.accountId, inherited.keyId);
    lease.granted = inherited.granted;
    lease.consumed = inherited.settledSum;
    lease.settledCount = inherited.settledCount;
    lease.inherited = true;
    lease.mayBeGone = inherited.returning;
    lease.grantedAtMs = lease.renewedAtMs = inherited.renewedAtMs;
    lease.usedAtMs = this.#nowMs;
    lease.phase = inherited.granted > 0n && !lease.mayBeGone ? 'open' : 'retiring';
    this.#leases.set(lease.id, lease);
    this.#purse(lease.accountId, lease.keyId).leases.push(lease);
    this.#renewedAtMs = Number.NEGATIVE_INFINITY; // ask at once whether somebody can take them
  }

  /** What to send now; undefined when there is nothing, or when it is too early after a failure. */
  takeCall(nowMs: number): LeaseCall | undefined {
    this.#nowMs = nowMs;
    if (nowMs < this.#retryAtMs) return undefined;
    const grants = this.#dueGrants(nowMs);
    const releases = this.#dueReleases(nowMs);
    const renewals = this.#dueRenewals(nowMs);
    if (grants.length + releases.length + renewals.length === 0) return undefined;
    return { nodeId: this.options.nodeId, epoch: this.options.epoch, grants, renewals, releases };
  }

  answered(call: LeaseCall, answer: LeaseAnswer, nowMs: number): void {
    this.#nowMs = this.#answeredAtMs = nowMs;
    this.#failures = this.#retryAtMs = 0;
    this.#applyRenewals(call.renewals, new Set(answer.renewed), nowMs);
    if (answer.renewed.length > 0) this.options.journal.renewed();
    const asked = this.#asksOf(call);
    for (const grant of answer.grants) {
      const ask = asked.get(grant.leaseId);
      if (!ask) continue;
      asked.delete(grant.leaseId);
      this.#asks.delete(ask);
      ask.purse.answered(ask, grant, nowMs);
      if (grant.granted) this.options.journal.granted(ask.lease.id, ask.lease.granted);
      else if (ask.lease.phase === 'lost') this.#forget(ask.lease);
    }
    for (const ask of asked.values()) ask.inFlight = false; // left out of the answer: asked again
    for (const { leaseId, state } of answer.releases) {
      const release = this.#releases.get(leaseId);
      if (!release) continue;
      release.inFlight = false;
      release.lease.mayBeGone = true;
      if (state !== 'pending') this.#forget(release.lease);
      else release.notBeforeMs = nowMs + backoff(RELEASE_RETRY_MS, release.attempts - 1);
    }
  }

  /** `reached`: the ledger may have read the call, though no answer came. */
  failed(call: LeaseCall, reached: boolean, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#answeredAtMs = Number.NEGATIVE_INFINITY;
    this.#retryAtMs = nowMs + backoff(CALL_RETRY_MS, this.#failures++);
    if (call.renewals.length > 0) this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    for (const { leaseId } of call.releases) this.#releaseFailed(leaseId, reached, nowMs);
    const purses = new Set<Purse>();
    for (const ask of this.#asksOf(call).values()) {
      ask.inFlight = false;
      purses.add(ask.purse);
    }
    for (const purse of purses) purse.unanswered(nowMs, nowMs);
  }

  /** A few times a second. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const purse of this.#purses.values()) {
      if (purse.waiting > 0) purse.unanswered(nowMs - ASK_WAIT_MS, nowMs);
      for (const lease of purse.leases) this.#retire(lease, nowMs);
      if (purse.empty) this.#purses.delete(purse.keyId);
    }
  }

  /** Gives everything back: idle leases now, the others as their holds end. Nothing is admitted on a lease any more. */
  drain(): void {
    this.#draining = true;
    this.#retryAtMs = 0;
    for (const lease of this.#leases.values()) this.#retire(lease, this.#nowMs);
  }

  /** Leases that the ledger still counts as this node's. */
  get openLeases(): number {
    return this.#leases.size;
  }

  get openHolds(): number {
    let holds = 0;
    for (const lease of this.#leases.values()) holds += lease.openHolds;
    return holds;
  }

  leases(): IterableIterator<Lease> {
    return this.#leases.values();
  }

  // ---- what purses and holds ask of the pool ----

  openLease(accountId: string, keyId: string): Lease {
    const lease = new Lease(this.options.newLeaseId(), accountId, keyId);
    this.#leases.set(lease.id, lease);
    this.options.journal.asked(lease.id, accountId, keyId);
    return lease;
  }

  send(ask: Ask): void {
    this.#asks.add(ask);
  }

  raise(lease: Lease, more: NanoUsd): boolean {
    if (this.#nowMs < lease.exhaustedUntilMs || lease.phase === 'lost') return false;
    this.#purse(lease.accountId, lease.keyId).raise(lease, more);
    return true;
  }

  returned(lease: Lease, charged: NanoUsd | undefined): void {
    if (charged !== undefined) this.#purse(lease.accountId, lease.keyId).burn.add(charged, this.#nowMs);
    if (lease.openHolds > 0) return;
    if (lease.phase === 'lost') this.#forget(lease);
    if (lease.phase === 'retiring') this.#retired.add(lease);
  }

  // ---- the parts of a call ----

  #dueGrants(nowMs: number): LeaseCall['grants'] {
    const grants: LeaseCall['grants'][number][] = [];
    for (const ask of this.#asks) {
      if (ask.inFlight) continue;
      if (grants.length === MAX_PER_CALL.grants) break;
      ask.inFlight = true;
      const { lease, purse, total } = ask;
      grants.push({
        leaseId: lease.id,
        accountId: lease.accountId,
        keyId: lease.keyId,
        estimateNano: total.toString(),
        burnPerSecondNano: purse.demandPerSecond(nowMs).toString(),
      });
    }
    return grants;
  }

  #dueReleases(nowMs: number): LeaseCall['releases'] {
    const releases: LeaseCall['releases'][number][] = [];
    for (const lease of this.#retired) {
      if (lease.openHolds > 0 || this.#purse(lease.accountId, lease.keyId).isAsked(lease)) continue;
      this.#retired.delete(lease);
      lease.phase = 'releasing';
      this.options.journal.returning(lease.id, true);
      this.#releases.set(lease.id, { lease, inFlight: false, attempts: 0, notBeforeMs: nowMs });
    }
    for (const release of this.#releases.values()) {
      if (release.inFlight || nowMs < release.notBeforeMs) continue;
      if (releases.length === MAX_PER_CALL.releases) break;
      release.inFlight = true;
      release.attempts++;
      const { id, settledCount, consumed } = release.lease;
      releases.push({ leaseId: id, count: settledCount, sumNano: consumed.toString() });
    }
    return releases;
  }

  #dueRenewals(nowMs: number): string[] {
    if (nowMs - this.#renewedAtMs < LEASE_RENEW_MS) return [];
    const renewals: string[] = [];
    for (const lease of this.#leases.values()) {
      if (lease.phase !== 'open' && lease.phase !== 'retiring') continue;
      if (nowMs - lease.renewedAtMs < LEASE_RENEW_MS / 2 && !lease.inherited) continue;
      if (renewals.length === MAX_PER_CALL.renewals) return renewals; // the rest with the next call
      renewals.push(lease.id);
    }
    this.#renewedAtMs = nowMs;
    return renewals;
  }

  #applyRenewals(asked: readonly string[], renewed: ReadonlySet<string>, nowMs: number): void {
    for (const id of asked) {
      const lease = this.#leases.get(id);
      if (!lease) continue;
      if (renewed.has(id)) lease.renewedAtMs = nowMs;
      else if (lease.phase === 'open' || lease.phase === 'retiring') {
        lease.phase = 'lost';
        if (lease.openHolds === 0) this.#forget(lease);
      }
    }
  }

  #asksOf(call: LeaseCall): Map<string, Ask> {
    const ids = new Set(call.grants.map((grant) => grant.leaseId));
    const asks = new Map<string, Ask>();
    for (const ask of this.#asks) if (ask.inFlight && ids.has(ask.lease.id)) asks.set(ask.lease.id, ask);
    return asks;
  }

  #releaseFailed(leaseId: string, reached: boolean, nowMs: number): void {
    const release = this.#releases.get(leaseId);
    if (!release) return;
    release.inFlight = false;
    release.notBeforeMs = nowMs;
    const { lease } = release;
    if (reached) lease.mayBeGone = true;
    if (lease.mayBeGone || lease.strict || this.#draining) return;
    lease.phase = 'open'; // nobody heard it: it can still be spent
    this.options.journal.returning(lease.id, false);
    this.#releases.delete(leaseId);
  }

  #retire(lease: Lease, nowMs: number): void {
    if (lease.phase === 'open') {
      const heard = nowMs - this.#answeredAtMs < LEASE_RENEW_MS * 1.5;
      const idle = lease.openHolds === 0 && nowMs - lease.usedAtMs >= (lease.strict ? STRICT_IDLE_MS : LEASE_IDLE_MS);
      const done = idle || lease.inherited || nowMs - lease.grantedAtMs >= LEASE_AGE_MS;
      if (this.#draining || (heard && done)) lease.phase = 'retiring';
    }
    if (lease.phase === 'retiring' && lease.openHolds === 0) this.#retired.add(lease);
  }

  #forget(lease: Lease): void {
    this.#leases.delete(lease.id);
    this.#releases.delete(lease.id);
    this.#retired.delete(lease);
    const { leases } = this.#purse(lease.accountId, lease.keyId);
    const index = leases.indexOf(lease);
    if (index >= 0) leases.splice(index, 1);
    this.options.journal.closed(lease.id);
  }

  #purse(accountId: string, keyId: string): Purse {
    const known = this.#purses.get(keyId);
    if (known) return known;
    const purse = new Purse(this, accountId, keyId);
    this.#purses.set(keyId, purse);
    return purse;
  }
}

function backoff(bounds: { readonly first: number; readonly most: number }, attempts: number): number {
  return Math.min(bounds.first * 2 ** Math.min(attempts, 10), bounds.most);
}
