/**
 * Vendors' errors as UpstreamFailure, by one ordered table (conformance 4): the first row that matches decides. Used by every protocol.
 * A vendor's words stay in `message`, for logs and the operator; `publicMessage` is written here.
 */
import { type ErrorFacts, readErrorBody, readErrorText } from './error-envelope.js';
import { type ErrorResponse, type FailureKind, UpstreamFailure } from './protocol-adapter.js';
import { publicMessageFor } from './public-message.js';
import { parseRetryAfter } from './retry-after.js';

interface Row {
  readonly vendor?: RegExp;
  readonly status?: readonly number[];
  readonly code?: RegExp;
  readonly message?: RegExp;
  readonly kind: FailureKind;
  /** Default false: do not hammer. */
  readonly retryable?: boolean;
  /** Default true: another candidate may. */
  readonly failover?: boolean;
}

/** Statuses of a refused request; 0 is an error inside a 200 that names none. */
const REFUSED = [0, 400, 413, 422];

const TABLE: readonly Row[] = [
  // DashScope calls throttling by tokens per minute a quota; it passes within the minute (help page, #token-limit).
  { vendor: /qwen|dashscope|alibaba/, code: /^insufficient_quota$/, kind: 'rate_limited', retryable: true },
  { message: /error-code#token-limit/, kind: 'rate_limited', retryable: true },
  // The vendor's wallet is empty: the operator's business, whatever status says it.
  { status: [402], kind: 'billing' },
  {
    code: /^(insufficient_quota|credit_balance_exhausted|organization_spend_limit_exceeded|enforced_spend_limit_reached)$/,
    kind: 'billing',
  },
  { code: /^(exceeded_current_quota_error|billing_hard_limit_reached|billing_not_active|Arrearage|1113)$/, kind: 'billing' },
  {
    message: /credit balance is too low|insufficient (balance|credits|funds)|used all available credits|no credits remaining/i,
    kind: 'billing',
  },
  { message: /monthly spending limit|overdue.payment|余额不足/i, kind: 'billing' },
  // Limits that time alone does not lift soon.
  { code: /^1308$/, kind: 'rate_limited' },
  { status: [429], code: /PerDay/, kind: 'rate_limited' },
  { status: [429], message: /limit: 0\b/, kind: 'rate_limited' },
  { status: [413, 429], message: /request too large/i, kind: 'request_too_large' },
  { code: /^(context_length_exceeded|too_many_prompt_tokens|string_above_max_length)$/, kind: 'context_length' },
  {
    status: REFUSED,
    message:
      /maximum (context|prompt|input) length|context (window|length)|prompt is too long|input is too long|input token count|exceeds the maximum number of tokens|total length of all messages|range of input length|too many tokens/i,
    kind: 'context_length',
  },
  { code: /data_?inspection_?failed|^content_filter$|content_policy|ResponsibleAIPolicy|^1301$/i, kind: 'content_filter' },
  { status: REFUSED, message: /inappropriate content|content management policy|considered high risk/i, kind: 'content_filter' },
  { status: [401], kind: 'auth' },
  { code: /^(invalid_api_key|API_KEY_INVALID|UNAUTHENTICATED|authentication_error|InvalidApiKey|100[0-4])$/, kind: 'auth' },
  // xAI and Gemini answer 400 to a wrong key.
  { status: [400], message: /api key (not valid|expired)|(incorrect|invalid) api key|api key.*(invalid|expired)/i, kind: 'auth' },
  { status: [403], kind: 'auth' },
  { code: /^(model_not_found|not_found_error|NOT_FOUND|ModelNotFound|1211)$/, kind: 'not_found' },
  { status: [404], kind: 'not_found' },
  { status: REFUSED, message: /model .*(does not exist|not found)|model identifier is invalid/i, kind: 'not_found' },
  // Groq: the model's own tool call was wrong; it depends on the sample.
  { code: /^tool_use_failed$/, kind: 'server_error', retryable: true },
  // What a vendor refuses and others would not: members it does not know, its order of messages, its form of ids.
  { status: [400, 422], code: /^(extra_forbidden|3230|3280|1214)$/, kind: 'invalid_request' },
  { status: [413], kind: 'request_too_large' },
  { code: /^(overloaded_error|engine_overloaded_error|UNAVAILABLE|1305|ServiceUnavailable)$/, kind: 'overloaded', retryable: true },
  { message: /service tier capacity exceeded|overloaded/i, kind: 'overloaded', retryable: true },
  // 498: Groq's flex capacity; 529: Anthropic.
  { status: [498, 503, 529], kind: 'overloaded', retryable: true },
  { status: [429], kind: 'rate_limited', retryable: true },
  { code: /rate_?limit|^Throttling|^limit_requests$|RESOURCE_EXHAUSTED|^130[02]$/i, kind: 'rate_limited', retryable: true },
  { status: [408, 504, 522, 524], kind: 'timeout', retryable: true },
  { status: [300, 301, 302, 303, 304, 307, 308], kind: 'connection' },
  { status: [0], code: /invalid_request|INVALID_ARGUMENT/, kind: 'invalid_request', failover: false },
];

export function decodeError(response: ErrorResponse, vendorId: string): UpstreamFailure {
  const facts = readErrorText(response.body.toString('utf8'), response.status, vendorId);
  const failure = failureOf(facts, parseRetryAfter(response.headers, facts));
  const advice = response.headers['x-should-retry'];
  return advice === 'false' && failure.retryable ? failureOf(facts, undefined, { retryable: false }) : failure;
}

/** An error inside a success (a 200's body, an event of a stream). Undefined when there is none. */
export function errorInside(value: unknown, vendorId: string): UpstreamFailure | undefined {
  const facts = readErrorBody(value, 200, vendorId);
  return facts === undefined ? undefined : failureOf(facts, parseRetryAfter({}, facts));
}

function failureOf(facts: ErrorFacts, retryAfterMs: number | undefined, override: { retryable?: boolean } = {}): UpstreamFailure {
  const row = TABLE.find((candidate) => matches(candidate, facts)) ?? byStatus(facts.status);
  const publicMessage = publicMessageFor(row.kind, facts);
  const vendorCode = facts.codes[0];
  return new UpstreamFailure(row.kind, facts.message, {
    retryable: override.retryable ?? row.retryable ?? false,
    failover: row.failover ?? true,
    ...(facts.status !== 0 && { status: facts.status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(publicMessage !== undefined && { publicMessage }),
    ...(facts.param !== undefined && { param: facts.param }),
    ...(vendorCode !== undefined && { vendorCode }),
  });
}

function matches(row: Row, facts: ErrorFacts): boolean {
  if (row.vendor !== undefined && !row.vendor.test(facts.vendorId)) return false;
  if (row.status !== undefined && !row.status.includes(facts.status)) return false;
  if (row.code !== undefined && !facts.codes.some((code) => row.code?.test(code))) return false;
  return row.message === undefined || row.message.test(facts.message);
}

function byStatus(status: number): Row {
  if (status >= 400 && status < 500) return { kind: 'invalid_request', failover: false };
  return { kind: 'server_error', retryable: true };
}
