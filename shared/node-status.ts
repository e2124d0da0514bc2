/**
 * What a node says of itself, every few seconds and at once after it applied or refused a revision (ack / nack). Travels by Redis
 * (hash and pub/sub) and, when Redis is away, in `POST /internal/status`. The fleet page and a key's revocation read it.
 */
export interface NodeStatus {
  readonly nodeId: string;
  readonly region: string;
  readonly epoch: number;
  readonly version: string;
  /** Where peers and batch workers reach it. */
  readonly url: string;
  readonly startedAtMs: number;
  readonly reportedAtMs: number;
  readonly ready: boolean;
  readonly draining: boolean;
  /** 0 when nothing was applied yet. */
  readonly appliedRevision: number;
  readonly appliedFrom: 'disk' | 'redis' | 'control-plane' | null;
  readonly rejected: { readonly revision: number; readonly reason: string } | null;
  /** Milliseconds since the control plane or Redis was last heard. */
  readonly silenceMs: number;
  readonly openRequests: number;
  readonly spool: { readonly unacknowledged: number; readonly bytes: number };
  readonly endpoints: readonly EndpointHealth[];
  /** Absent from a node of an earlier version. */
  readonly restingCredentials?: readonly CredentialRest[];
}

/** A credential of the operator that a vendor refused to this node; drawn no more until the rest is over and a probe succeeded. */
export interface CredentialRest {
  readonly credentialId: string;
  /** `CredentialRow.wakes` when it was refused: an operator's click counts up and ends rests of before. */
  readonly wakes: number;
  /** No funds or over its quota (402, insufficient_quota), or not accepted (401, 403). */
  readonly reason: 'exhausted' | 'refused';
  /** HTTP; null when the vendor said it inside a 200. */
  readonly status: number | null;
  /** Unix milliseconds of the node's clock. */
  readonly sinceMs: number;
  readonly forMs: number;
}

/** Measured from real traffic in decaying windows. */
export interface EndpointHealth {
  readonly endpointId: string;
  readonly successRate: number;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly requests: number;
  readonly circuit: 'closed' | 'open' | 'half-open';
}

/** A node is live when it reported within this. */
export const NODE_LIVE_MS = 15_000;
export const NODE_REPORT_MS = 5_000;
/** How long a revocation waits for acknowledgements. */
export const REVOCATION_WAIT_MS = 2_000;
