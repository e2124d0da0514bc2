/** What follows from a failure's kind: whether the same vendor may be asked again, whether another may. */
import { type FailureKind, UpstreamFailure } from './protocol-adapter.js';

export interface FailureFacts {
  readonly kind: FailureKind;
  readonly message: string;
  readonly status: number | undefined;
  readonly vendorCode: string | undefined;
  readonly publicMessage: string | undefined;
}

const RETRYABLE: ReadonlySet<FailureKind> = new Set(['rate_limited', 'overloaded', 'server_error', 'timeout', 'connection', 'cut']);
/** The client's own fault is so at every vendor; a window that is too small here may be larger elsewhere. */
const FINAL: ReadonlySet<FailureKind> = new Set(['invalid_request', 'content_filter', 'aborted']);

export function failure(facts: FailureFacts, overrides: { retryable?: boolean; retryAfterMs?: number }): UpstreamFailure {
  return new UpstreamFailure(facts.kind, facts.message, {
    retryable: overrides.retryable ?? RETRYABLE.has(facts.kind),
    failover: !FINAL.has(facts.kind),
    ...(overrides.retryAfterMs === undefined ? {} : { retryAfterMs: overrides.retryAfterMs }),
    ...(facts.status === undefined ? {} : { status: facts.status }),
    ...(facts.vendorCode === undefined ? {} : { vendorCode: facts.vendorCode }),
    ...(facts.publicMessage === undefined ? {} : { publicMessage: facts.publicMessage }),
  });
}

const MAX_PUBLIC_CHARACTERS = 300;

/** A vendor's reason for a 400 without what is the operator's own: links, request, organisation and project ids, keys. */
export function publicReason(message: string): string {
  const clean = message
    .replace(/https?:\/\/\S+/g, '')
    .replace(/\b(req|org|proj|key|sk|acct|wrkspc)[-_][A-Za-z0-9_-]{6,}/g, '…')
    .replace(/\bAIza[A-Za-z0-9_-]{10,}/g, '…')
    .replace(/projects\/[^/\s`]+/g, 'projects/…')
    .replace(/\s+/g, ' ')
    .trim();
  return clean.length > MAX_PUBLIC_CHARACTERS ? `${clean.slice(0, MAX_PUBLIC_CHARACTERS)}…` : clean;
}
