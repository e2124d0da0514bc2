/**
 * Leases: slices of a wallet that a node may spend without asking. A grant is durable in PostgreSQL (`available -= g, leased += g`)
 * before the node hears of it; what is not spent comes back by `release`, which names the count and the sum of the lease's settlements.
 * Pure: sizing and the wire. The node's half is `data-plane/admission/wallet-lease.ts`, the ledger's is
 * `control-plane/workers/grant-leases.ts`; both use the functions below, and so does the simulation.
 */
import { NANO_PER_USD, type NanoUsd } from './money.js';

/** PostgreSQL's clock decides; a node renews by heartbeat at a third of it. */
export const LEASE_TTL_MS = 60_000;
export const LEASE_RENEW_MS = 20_000;
/** A silent node's leases come back after this. What it settles later is `platform_loss`. */
export const LEASE_EXPIRY_MS = 15 * 60_000;
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
  return { amount: smaller(larger(smaller(wanted, ceiling), estimate), limit), strict: false };
}

function smaller(left: NanoUsd, right: NanoUsd): NanoUsd {
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
  /** Chosen by the node: asking again with it returns the same lease. UUID; becomes the lease's id. */
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

export type GrantRefusal = 'insufficient_quota' | 'key_budget_exceeded' | 'account_suspended' | 'account_frozen' | 'unknown_key';

export type GrantAnswer =
  | { readonly leaseId: string; readonly granted: true; readonly amountNano: string; readonly strict: boolean }
  | { readonly leaseId: string; readonly granted: false; readonly refusal: GrantRefusal; readonly availableNano: string };

export interface LeaseAnswer {
  readonly grants: readonly GrantAnswer[];
  /** Renewed; the node drops any other (expired, unknown) and admits no more on it. */
  readonly renewed: readonly string[];
  /** `pending`: settlements are still missing, ask again; `released`: done, now or before. */
  readonly releases: readonly { readonly leaseId: string; readonly state: 'released' | 'pending' | 'unknown' }[];
}
