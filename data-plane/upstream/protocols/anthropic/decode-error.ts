/**
 * Anthropic's errors, as an HTTP answer and as an event of a stream: `{type: "error", error: {type, message, details?}, request_id}`.
 * Anything else (a CDN's HTML) is judged by its status alone.
 */
import { type FailureFacts, failure, publicReason } from '../failure.js';
import { asRecord, asText, type JsonRecord, parseJson } from '../json.js';
import type { AttemptTarget, ErrorResponse, FailureKind, UpstreamFailure } from '../protocol-adapter.js';
import { headerText, readRetryAfter } from '../retry-delay.js';

const KINDS: Readonly<Record<string, FailureKind>> = {
  authentication_error: 'auth',
  permission_error: 'auth',
  billing_error: 'billing',
  not_found_error: 'not_found',
  request_too_large: 'request_too_large',
  rate_limit_error: 'rate_limited',
  overloaded_error: 'overloaded',
  timeout_error: 'timeout',
  api_error: 'server_error',
  invalid_request_error: 'invalid_request',
};

export function decodeError(response: ErrorResponse, _target: AttemptTarget): UpstreamFailure {
  const text = response.body.toString('utf8');
  const facts = readFacts(asRecord(parseJson(text)), response.status, text);
  const retryAfterMs = readRetryAfter(response.headers, Date.now());
  const advice = headerText(response.headers, 'x-should-retry');
  return failure(facts, {
    ...(facts.kind === 'billing' || retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(advice === 'true' || advice === 'false' ? { retryable: advice === 'true' && facts.kind !== 'billing' } : {}),
  });
}

/** An error where an answer was expected: with status 200, or in the middle of a stream. */
export function readErrorEvent(body: JsonRecord | undefined): UpstreamFailure {
  return failure(readFacts(body, undefined, JSON.stringify(body ?? null)), {});
}

function readFacts(body: JsonRecord | undefined, status: number | undefined, text: string): FailureFacts {
  const error = asRecord(body?.['error']);
  const type = asText(error?.['type']);
  const message = asText(error?.['message']) ?? text.slice(0, 500);
  const code = asText(asRecord(error?.['details'])?.['error_code']) ?? type;
  const kind = readKind(type, code, message, status);
  return { kind, message, status, vendorCode: code, publicMessage: kind === 'invalid_request' ? publicReason(message) : undefined };
}

function readKind(type: string | undefined, code: string | undefined, message: string, status: number | undefined): FailureKind {
  if (status === 402 || code === 'enforced_spend_limit_reached') return 'billing';
  if (/credit balance is too low|spend(ing)? (limit|cap)|purchase credits/i.test(message)) return 'billing';
  const byType = type === undefined ? undefined : KINDS[type];
  const kind = byType ?? kindOfStatus(status);
  if (kind !== 'invalid_request') return kind;
  if (/prompt is too long|exceeds? (the )?(context|maximum context)|input length and `max_tokens` exceed/i.test(message))
    return 'context_length';
  return /content filtering policy/i.test(message) ? 'content_filter' : 'invalid_request';
}

function kindOfStatus(status: number | undefined): FailureKind {
  switch (status) {
    case 401:
    case 403:
      return 'auth';
    case 404:
      return 'not_found';
    case 408:
    case 504:
      return 'timeout';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limited';
    case 503:
    case 529:
      return 'overloaded';
    default:
      return status !== undefined && status >= 400 && status < 500 ? 'invalid_request' : 'server_error';
  }
}
