/**
 * What a customer is told when no candidate answered: an error of the catalogue, with each attempt's outcome and no vendor's words.
 * A vendor's own billing or credential trouble is never shown as the customer's, unless the credential is the customer's.
 */
import { type ErrorCode, GatewayError } from '../../shared/errors.js';
import type { Candidate } from '../types.js';
import type { FailureKind, UpstreamFailure } from './protocols/protocol-adapter.js';

export interface FailedAttempt {
  readonly candidate: Candidate;
  readonly failure: UpstreamFailure;
}

/** The request itself is at fault: said even when other candidates failed otherwise, because the customer can mend it. */
const REQUEST_AT_FAULT: Partial<Readonly<Record<FailureKind, ErrorCode>>> = {
  context_length: 'context_length_exceeded',
  content_filter: 'content_filter',
  request_too_large: 'request_too_large',
  invalid_request: 'invalid_request',
};
const CREDENTIAL_KINDS: ReadonlySet<FailureKind> = new Set(['auth', 'billing']);
const DEFAULT_RETRY_MS = 1_000;

export function reportFailures(failed: readonly FailedAttempt[]): GatewayError {
  const last = failed.at(-1);
  if (last === undefined) return new GatewayError('no_available_provider', 'No provider is available for this model now. Try again.');
  const atFault = failed.find(({ failure }) => REQUEST_AT_FAULT[failure.kind] !== undefined);
  if (atFault !== undefined) return requestError(atFault.failure);
  const kinds = new Set(failed.map(({ failure }) => failure.kind));
  const details = { extra: { attempts: failed.map(describe) }, cause: last.failure };
  const own = failed.filter(({ candidate, failure }) => candidate.byok && isOwnFault(failure));
  if (own.length === failed.length) return byokError(last, details);
  const retryAfterMs = shortestRetry(failed);
  if (onlyOf(kinds, ['rate_limited'])) {
    return new GatewayError('rate_limit_exceeded', 'Every provider of this model is at its rate limit. Try again shortly.', {
      ...details,
      retryAfterMs,
    });
  }
  if (onlyOf(kinds, ['timeout'])) return new GatewayError('upstream_timeout', 'No provider began to answer in time. Try again.', details);
  if (onlyOf(kinds, ['rate_limited', 'overloaded'])) {
    return new GatewayError('service_unavailable', 'Every provider of this model is overloaded. Try again shortly.', {
      ...details,
      retryAfterMs,
    });
  }
  return new GatewayError(
    'all_providers_failed',
    `All ${failed.length} attempts failed. Try again, or name more models in \`models\`.`,
    details,
  );
}

function requestError(failure: UpstreamFailure): GatewayError {
  const code = REQUEST_AT_FAULT[failure.kind] ?? 'invalid_request';
  return new GatewayError(code, failure.publicMessage ?? "The model's vendor refused the request.", {
    cause: failure,
    ...(failure.param !== undefined && /^[\w.[\]-]{1,80}$/.test(failure.param) && { param: failure.param }),
  });
}

function byokError(last: FailedAttempt, details: { extra: Record<string, unknown>; cause: unknown }): GatewayError {
  const vendor = last.candidate.endpoint.vendor.name;
  const why = last.failure.kind === 'billing' ? 'has no funds or has reached its limit there' : 'was refused';
  const message = last.failure.publicMessage ?? `Your own key for ${vendor} ${why}. Mend it, or use mode \`prefer\`.`;
  return new GatewayError('byok_credential_failed', message, details);
}

/** A refused base URL of the customer's says why in `publicMessage`. */
function isOwnFault(failure: UpstreamFailure): boolean {
  return CREDENTIAL_KINDS.has(failure.kind) || (failure.kind === 'connection' && failure.publicMessage !== undefined);
}

function describe({ candidate, failure }: FailedAttempt): Record<string, unknown> {
  return {
    model: candidate.model.id,
    vendor: candidate.endpoint.vendorId,
    outcome: candidate.byok || !CREDENTIAL_KINDS.has(failure.kind) ? failure.kind : 'unavailable',
    status: failure.status ?? null,
  };
}

function shortestRetry(failed: readonly FailedAttempt[]): number {
  const known = failed.flatMap(({ failure }) => failure.retryAfterMs ?? []);
  return known.length === 0 ? DEFAULT_RETRY_MS : Math.min(...known);
}

function onlyOf(kinds: ReadonlySet<FailureKind>, allowed: readonly FailureKind[]): boolean {
  return [...kinds].every((kind) => allowed.includes(kind));
}
