/**
 * The ledger's half of a lease: what a grant, a settlement, a release and an expiry do to a wallet and a lease. Decisions only:
 * `control-plane/workers` reads the rows under their locks, asks here, and writes what comes back in the same transaction; the
 * simulation does the same in memory. Nothing here can make an amount negative (billing I2), and what a customer is charged comes
 * out of what was leased for it, never out of the wallet: the rest is `platform_loss`.
 */
import { type GrantRefusal, type GrantSizing, isStrict, sizeGrant, smaller } from './lease.js';
import type { NanoUsd } from './money.js';

export interface WalletState {
  readonly available: NanoUsd;
  readonly leased: NanoUsd;
  readonly debt: NanoUsd;
}

export interface LeaseState {
  readonly granted: NanoUsd;
  readonly consumed: NanoUsd;
  /** Of the settlements that name this lease, as the node charged them. */
  readonly settledCount: number;
  readonly settledSum: NanoUsd;
  readonly strict: boolean;
  readonly state: 'open' | 'released' | 'expired';
}

export type GrantDecision =
  /** `amount`: all that the lease has then; `added` moves from `available` to `leased`. */
  | { readonly granted: true; readonly amount: NanoUsd; readonly added: NanoUsd; readonly strict: boolean }
  | { readonly granted: false; readonly refusal: GrantRefusal };

/**
 * A new lease (`lease` undefined), the same lease again, or the same raised to `sizing.estimate`. The caller has checked that the
 * account and the key may spend at all. `lease`, when given, belongs to the node, the account and the key that ask.
 */
export function decideGrant(wallet: WalletState, lease: LeaseState | undefined, sizing: Omit<GrantSizing, 'available'>): GrantDecision {
  if (wallet.debt > 0n) return { granted: false, refusal: 'account_frozen' };
  if (lease) return lease.state === 'open' ? raise(wallet, lease, sizing) : { granted: false, refusal: 'lease_closed' };
  const size = sizeGrant({ ...sizing, available: wallet.available });
  if (size) return { granted: true, amount: size.amount, added: size.amount, strict: size.strict };
  const budgetIsShort = sizing.budgetLeft !== null && sizing.budgetLeft < sizing.estimate;
  return { granted: false, refusal: budgetIsShort && wallet.available >= sizing.estimate ? 'key_budget_exceeded' : 'insufficient_quota' };
}

function raise(wallet: WalletState, lease: LeaseState, sizing: Omit<GrantSizing, 'available'>): GrantDecision {
  const wanted = sizing.estimate - lease.granted;
  const limit = sizing.budgetLeft === null ? wallet.available : smaller(sizing.budgetLeft, wallet.available);
  const affordable = smaller(wanted, limit);
  const added = affordable > 0n ? affordable : 0n;
  return { granted: true, amount: lease.granted + added, added, strict: lease.strict || isStrict(wallet.available, wanted) };
}

/** How a settlement's charge is paid: `paid` leaves the lease (`consumed += paid`, `leased -= paid`), `loss` is the platform's. */
export function decideSettlement(lease: LeaseState | undefined, charge: NanoUsd): { readonly paid: NanoUsd; readonly loss: NanoUsd } {
  if (lease?.state !== 'open') return { paid: 0n, loss: charge };
  const paid = smaller(charge, lease.granted - lease.consumed);
  return { paid, loss: charge - paid };
}

/** Count AND sum must match: a sum alone lets a settlement of 0 slip in after the release. `refund` moves from `leased` to `available`. */
export function decideRelease(
  lease: LeaseState | undefined,
  count: number,
  sum: NanoUsd,
): { readonly state: 'released' | 'pending' | 'unknown'; readonly refund: NanoUsd } {
  if (!lease) return { state: 'unknown', refund: 0n };
  if (lease.state !== 'open') return { state: 'released', refund: 0n };
  if (lease.settledCount !== count || lease.settledSum !== sum) return { state: 'pending', refund: 0n };
  return { state: 'released', refund: lease.granted - lease.consumed };
}

/** For a lease that nobody renewed for `LEASE_EXPIRY_MS`: what goes back to the wallet. */
export function decideExpiry(lease: LeaseState): { readonly refund: NanoUsd } {
  return { refund: lease.state === 'open' ? lease.granted - lease.consumed : 0n };
}
