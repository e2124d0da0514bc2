/**
 * Leases: slices of a wallet that a node may spend without asking. A grant is durable in PostgreSQL (`available -= g, leased += g`)
 * before the node hears of it; what is not spent comes back by `release`, which names the count and the sum of the lease's settlements.
 * Pure: sizing and the wire. The node's half is `lease-pool.ts` (driven by `data-plane/admission/wallet-lease.ts`), the ledger's
 * decisions are `lease-ledger.ts` (driven by `control-plane/workers/grant-leases.ts`); the simulation drives both, unchanged.
 */
import { NANO_PER_USD, type NanoUsd } from './money.js';

/** PostgreSQL's clock decides; a node renews by heartbeat at a third of it. */
export const LEASE_TTL_MS = 60_000;
export const LEASE_RENEW_MS = 20_000;
/** A silent node's leases come back after this. What it settles later is `platform_loss`. */
export const LEASE_EXPIRY_MS = 15 * 60_000;
/** A node that cannot renew admits on a lease for so long, by its own steady clock: what it admits last has time to settle. */
export const LEASE_TRUST_MS = 12 * 60_000;
/** A node gives a lease back at this age even if it is busy, so that none is open for long. */
export const LEASE_AGE_MS = 5 * 60_000;
/** ... and when nothing was admitted on it for so long. */
export const LEASE_IDLE_MS = 30_000;
export const MIN_GRANT: NanoUsd = NANO_PER_USD / 100n;
export const MAX_GRANT: NanoUsd = NANO_PER_USD;
/** Seconds of recent spending that a grant should cover. */
const BURN_SECONDS = 10n;
const STRICT_FLOOR: NanoUsd = NANO_PER_USD / 2n;

export interface GrantSizing {
  readonly estimate: NanoUsd;
  readonly burnPerSecond: NanoUsd;
  readonly available: NanoUsd;
  readonly liveNodes: number;
  /** What the key's own budgets leave; null is unlimited. */
  readonly budgetLeft: NanoUsd | null;
}

/** A wallet this small is leased request by request, so that nodes do not hold what another needs. */
export function isStrict(available: NanoUsd, estimate: NanoUsd): boolean {
  const threshold = 4n * estimate;
  return available < (threshold > STRICT_FLOOR ? threshold : STRICT_FLOOR);
}

/** How much to lease, at least `estimate`; undefined when the wallet or the budget cannot cover the estimate. */
export function sizeGrant(sizing: GrantSizing): { amount: NanoUsd; strict: boolean } | undefined {
  const { estimate, available, budgetLeft } = sizing;
  const limit = budgetLeft !== null && budgetLeft < available ? budgetLeft : available;
  if (limit < estimate || limit <= 0n) return undefined;
  if (isStrict(available, estimate)) return { amount: estimate, strict: true };
  const share = available / (2n * BigInt(Math.max(1, sizing.liveNodes)));
  const ceiling = smaller(MAX_GRANT, share);
  const wanted = larger(larger(2n * estimate, BURN_SECONDS * sizing.burnPerSecond), MIN_GRANT);
  const amount = smaller(larger(smaller(wanted, ceiling), estimate), limit);
  // Whole requests: a remainder that pays for none would lie on this node while another refuses a customer.
  return { amount: estimate > 0n ? amount - (amount % estimate) : amount, strict: false };
}

export function smaller(left: NanoUsd, right: NanoUsd): NanoUsd {
  return left < right ? left : right;
}
function larger(left: NanoUsd, right: NanoUsd): NanoUsd {
  return left > right ? left : right;
}

/** `POST /internal/leases`, bearer `NODE_TOKEN`. Everything in one call is independent; the answer keeps the order. */
export interface LeaseCall {
  readonly nodeId: string;
  readonly epoch: number;
  readonly grants: readonly GrantRequest[];
  readonly renewals: readonly string[];
  readonly releases: readonly ReleaseRequest[];
}

export interface GrantRequest {
  /**
   * Chosen by the node: asking again with it returns the same lease. UUID; becomes the lease's id. Asking again with an estimate
   * above what the lease has raises it to that, or as far as the wallet and the budget go (a stream that outgrew its hold).
   */
  readonly leaseId: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly estimateNano: string;
  readonly burnPerSecondNano: string;
}

export interface ReleaseRequest {
  readonly leaseId: string;
  /** Of the settlements (END records) that name this lease. */
  readonly count: number;
  readonly sumNano: string;
}

/** `lease_closed`: the id names a lease that was released or has expired. */
export type GrantRefusal =
  | 'insufficient_quota'
  | 'key_budget_exceeded'
  | 'account_suspended'
  | 'account_frozen'
  | 'unknown_key'
  | 'lease_closed';

export type GrantAnswer =
  /** `amountNano`: all that the lease has been granted, the same when asked twice. */
  | { readonly leaseId: string; readonly granted: true; readonly amountNano: string; readonly strict: boolean }
  | { readonly leaseId: string; readonly granted: false; readonly refusal: GrantRefusal; readonly availableNano: string };

export interface LeaseAnswer {
  readonly grants: readonly GrantAnswer[];
  /** Renewed; the node drops any other (expired, unknown) and admits no more on it. */
  readonly renewed: readonly string[];
  /** `pending`: settlements are still missing, ask again; `released`: done, now or before. */
  readonly releases: readonly { readonly leaseId: string; readonly state: 'released' | 'pending' | 'unknown' }[];
}
