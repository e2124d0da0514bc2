/**
 * `Idempotency-Key` between the planes: a node claims (account, key) before it admits a request, renews the claim while the request
 * runs, and leaves the answer or gives the claim up. PostgreSQL decides who runs: Redis may be flushed at any time.
 */

/** How long an answer is kept. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;
/** A claim that its node has not renewed for so long is free again: the node died, and its request settled as `node_crash`. */
export const CLAIM_TTL_MS = 15_000;
export const CLAIM_RENEW_MS = 5_000;
/** How often a request that waits for another's answer asks. */
export const CLAIM_POLL_MS = 250;
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

/** `POST /internal/idempotency/claims` takes a list of these and answers with as many `ClaimAnswer`. */
export interface ClaimCall {
  readonly accountId: string;
  readonly key: string;
  /** SHA-256 of the body, hex. */
  readonly requestHash: string;
  readonly requestId: string;
  readonly nodeId: string;
}

export type ClaimAnswer =
  | { readonly outcome: 'claimed' }
  /** Another request with this key is under way: ask again. */
  | { readonly outcome: 'running' }
  /** The key was used with another body. */
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'answered'; readonly answer: StoredAnswer };

export interface StoredAnswer {
  readonly status: number;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
  /** base64. */
  readonly body: string;
}

/** `POST /internal/idempotency/renew`, `/release`: only the claim's own request may. */
export interface ClaimReference {
  readonly accountId: string;
  readonly key: string;
  readonly requestId: string;
}

/** `POST /internal/idempotency/answers` takes a list of these and answers which were stored. */
export interface AnswerCall extends ClaimReference {
  readonly answer: StoredAnswer;
}
