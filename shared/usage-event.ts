/**
 * What leaves a node about one admitted request: written to the spool as END, shipped, settled exactly once by `requestId` and by
 * (node, epoch, sequence). Contains no prompt and no completion. Money is a decimal string of nano-USD in JSON.
 */
import type { QualityTier } from './chat.js';
import type { Multiplier, TokenBuckets } from './money.js';

/** Why a charge is what it is (billing.md 3): published to customers on each ledger line. */
export type SettlementReason =
  | 'completed'
  | 'client_closed'
  | 'upstream_cut'
  | 'no_output'
  | 'estimated'
  | 'node_crash'
  | 'funds_ended'
  | 'rejected';

export interface AttemptRecord {
  readonly vendorId: string;
  readonly endpointId: string;
  readonly model: string;
  readonly credential: 'house' | 'byok';
  /** `ok`, `failover`, or the kind of the failure (`rate_limited`, `timeout`, ...). */
  readonly outcome: string;
  readonly status: number | null;
  readonly durationMs: number;
  /** Null until a first good frame came. */
  readonly firstTokenMs: number | null;
}

export interface ExclusionRecord {
  readonly model: string;
  readonly vendorId: string | null;
  readonly reason: string;
}

export interface UsageEvent {
  readonly requestId: string;
  readonly nodeId: string;
  /** Rises by one at each start of the node. */
  readonly epoch: number;
  /** 1, 2, 3, ... without a hole within (node, epoch), over END records only. */
  readonly sequence: number;
  readonly region: string;
  readonly accountId: string;
  readonly keyId: string;
  /** Null for test keys: they never cost money. */
  readonly leaseId: string | null;
  readonly test: boolean;

  readonly modelAsked: string;
  /** Public id that served, and who served it; null when nothing did. */
  readonly model: string | null;
  readonly vendorId: string | null;
  readonly endpointId: string | null;
  readonly upstreamModel: string | null;
  readonly byok: boolean;
  readonly route: string;
  readonly tier: QualityTier | null;
  readonly attempts: readonly AttemptRecord[];
  readonly excluded: readonly ExclusionRecord[];
  readonly sessionId: string | null;

  readonly buckets: TokenBuckets;
  /** Part of `buckets.output`; for display. */
  readonly reasoningTokens: number;
  readonly priceRevision: number | null;
  readonly multiplier: Multiplier;
  /** What the buckets cost, before the hold bounds it. */
  readonly actualNano: string;
  /** What the customer pays: min(actual, hold and what the lease had left). The rest is `platform_loss`. */
  readonly chargeNano: string;
  readonly reason: SettlementReason;
  /** Tokens were counted here, not reported by the vendor. */
  readonly estimated: boolean;
  /** The vendor's own total disagreed with its buckets. */
  readonly usageMismatch: boolean;

  readonly streamed: boolean;
  /** HTTP status that the customer saw; 499 when the customer had left. */
  readonly status: number;
  readonly errorCode: string | null;
  readonly finishReason: string | null;
  /** Unix milliseconds, node clock: for display and for the day of the rollup only after PostgreSQL bounded it. */
  readonly startedAtMs: number;
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  /** Set when a batch worker sent the request. */
  readonly batchItemId: string | null;
}

/** A group of events of one node and epoch, in ascending sequence: one entry of the stream, or one HTTP call. */
export interface UsageBatch {
  readonly nodeId: string;
  readonly epoch: number;
  readonly events: readonly UsageEvent[];
}

/** Answer to a UsageBatch over HTTP; over Redis the same figure stands in `usageAcknowledged`. */
export interface UsageAcknowledgement {
  /** Every sequence up to this one is settled or quarantined. */
  readonly acknowledged: number;
}
