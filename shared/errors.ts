/**
 * The catalogue of every error that a customer can see (api.md 3). Code throws `GatewayError(code, message, ...)`; only
 * `data-plane/http/error-handler.ts` and the control plane's GraphQL formatter render one. `cause` is for logs and never rendered.
 */

export const ERRORS = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error' },
  unsupported_parameter: { status: 400, type: 'invalid_request_error' },
  content_filter: { status: 400, type: 'invalid_request_error' },
  invalid_api_key: { status: 401, type: 'authentication_error' },
  invalid_session: { status: 401, type: 'authentication_error' },
  insufficient_quota: { status: 402, type: 'insufficient_quota' },
  max_cost_exceeded: { status: 402, type: 'insufficient_quota' },
  key_budget_exceeded: { status: 402, type: 'insufficient_quota' },
  model_not_allowed: { status: 403, type: 'permission_error' },
  ip_not_allowed: { status: 403, type: 'permission_error' },
  region_not_allowed: { status: 403, type: 'permission_error' },
  account_suspended: { status: 403, type: 'permission_error' },
  forbidden: { status: 403, type: 'permission_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'invalid_request_error' },
  request_too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  misdirected_region: { status: 421, type: 'invalid_request_error' },
  unprocessable: { status: 422, type: 'invalid_request_error' },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error' },
  byok_credential_failed: { status: 424, type: 'byok_error' },
  internal_error: { status: 500, type: 'server_error' },
  upstream_error: { status: 502, type: 'upstream_error' },
  all_providers_failed: { status: 502, type: 'upstream_error' },
  service_unavailable: { status: 503, type: 'server_error' },
  no_available_provider: { status: 503, type: 'server_error' },
  not_ready: { status: 503, type: 'server_error' },
  upstream_timeout: { status: 504, type: 'upstream_error' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** The field of the request that is wrong, as a path: `messages[0].content`. */
  readonly param?: string;
  readonly retryAfterMs?: number;
  /** Extra members of the `error` object that a customer may see (`availability`, `balance_usd`, ...). */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class GatewayError extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly retryAfterMs: number | undefined;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'GatewayError';
    this.status = ERRORS[code].status;
    this.type = ERRORS[code].type;
    this.param = details.param ?? null;
    this.retryAfterMs = details.retryAfterMs;
    this.extra = details.extra ?? {};
  }

  /** OpenAI's error object: the only shape that leaves a process. */
  toBody(): { error: Record<string, unknown> } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code, ...this.extra } };
  }
}
