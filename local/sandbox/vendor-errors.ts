/** The vendors' own error bodies and headers, as recorded or reported (fixtures/errors). */
import type { ErrorFamily } from './dialects.js';
import type { StatusFault } from './script.js';

export interface VendorError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const MESSAGES: Readonly<Record<StatusFault, string>> = {
  '400': 'Invalid value for this request.',
  '401': 'Incorrect API key provided.',
  '402': 'Insufficient Balance',
  '403': 'Access to this model is denied.',
  '404': 'The model does not exist or you do not have access to it.',
  '413': 'Request too large.',
  '429': 'Rate limit reached for requests. Please try again in 1s.',
  '500': 'The server had an error while processing your request.',
  '502': 'Bad gateway.',
  '503': 'The engine is currently overloaded, please try again later.',
  '504': 'The upstream timed out.',
  '529': 'Overloaded',
  quota: 'You exceeded your current quota, please check your plan and billing details.',
  context: "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
};

const STATUS: Readonly<Partial<Record<StatusFault, number>>> = { quota: 429, context: 400 };

/** `retryAfter` goes where the vendor puts it; `message` replaces the usual words. */
export function vendorError(family: ErrorFamily, fault: StatusFault, retryAfter?: string, message?: string): VendorError {
  const status = STATUS[fault] ?? Number(fault);
  const text = message ?? MESSAGES[fault];
  const headers: Record<string, string> = fault === '429' && retryAfter !== undefined ? { 'retry-after': retryAfter } : {};
  switch (family) {
    case 'anthropic':
      return anthropicError(fault, status, text, headers);
    case 'gemini':
    case 'vertex':
      return geminiError(family, fault, status, text, retryAfter);
    case 'mistral':
      return {
        status,
        headers,
        body: {
          object: 'error',
          message: text,
          type: fault === '429' ? 'rate_limited' : 'invalid_request_error',
          param: null,
          code: fault === '429' ? '1300' : null,
          raw_status_code: status,
        },
      };
    case 'xai':
      return {
        status,
        headers,
        body: {
          code: fault === 'quota' ? 'Some resource has been exhausted' : 'The system has an error',
          error: fault === 'quota' ? 'Your team has either used all available credits or reached its monthly spending limit.' : text,
        },
      };
    case 'zai':
      return { status, headers, body: { error: { code: zaiCode(fault), message: text }, request_id: '20260212064144579f5b8f457f4e06' } };
    case 'moonshot':
      return {
        status: fault === '503' || fault === '529' ? 429 : status,
        headers: {},
        body: { error: { message: text, type: moonshotType(fault) } },
      };
    case 'openrouter':
      return {
        status,
        headers,
        body: { error: { code: status, message: 'Provider returned error', metadata: { provider_name: 'Sandbox', raw: text } } },
      };
    case 'deepseek':
      return {
        status,
        headers: { ...headers, 'x-ds-trace-id': 'sandbox' },
        body: {
          error: {
            message: text,
            type: status === 402 ? 'unknown_error' : 'invalid_request_error',
            param: null,
            code: 'invalid_request_error',
          },
        },
      };
    case 'qwen':
      return {
        status,
        headers,
        body: {
          error: { message: text, type: openaiType(fault), param: null, code: fault === '429' ? 'limit_requests' : openaiCode(fault) },
          id: 'chatcmpl-sandbox',
          request_id: 'sandbox',
        },
      };
    default:
      return {
        status,
        headers: { ...headers, ...rateLimitHeaders(fault) },
        body: { error: { message: text, type: openaiType(fault), param: null, code: openaiCode(fault) } },
      };
  }
}

function anthropicError(fault: StatusFault, status: number, text: string, headers: Record<string, string>): VendorError {
  const types: Readonly<Partial<Record<StatusFault, string>>> = {
    '401': 'authentication_error',
    '403': 'permission_error',
    '404': 'not_found_error',
    '413': 'request_too_large',
    '429': 'rate_limit_error',
    quota: 'rate_limit_error',
    '500': 'api_error',
    '502': 'api_error',
    '503': 'api_error',
    '504': 'timeout_error',
    '529': 'overloaded_error',
  };
  const billing = fault === '402';
  const message = billing
    ? 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'
    : fault === 'context'
      ? 'prompt is too long: 210000 tokens > 200000 maximum'
      : text;
  const details = fault === 'quota' ? { details: { error_code: 'enforced_spend_limit_reached' } } : {};
  return {
    status: billing ? 400 : status,
    headers: {
      ...headers,
      'request-id': 'req_sandbox',
      ...(status === 400 || status === 401 || billing ? { 'x-should-retry': 'false' } : {}),
    },
    body: { type: 'error', error: { type: types[fault] ?? 'invalid_request_error', message, ...details }, request_id: 'req_sandbox' },
  };
}

function geminiError(
  family: 'gemini' | 'vertex',
  fault: StatusFault,
  status: number,
  text: string,
  retryAfter: string | undefined,
): VendorError {
  const names: Readonly<Partial<Record<StatusFault, string>>> = {
    '401': 'INVALID_ARGUMENT',
    '402': 'FAILED_PRECONDITION',
    '403': 'PERMISSION_DENIED',
    '404': 'NOT_FOUND',
    '429': 'RESOURCE_EXHAUSTED',
    quota: 'RESOURCE_EXHAUSTED',
    '500': 'INTERNAL',
    '503': 'UNAVAILABLE',
    '529': 'UNAVAILABLE',
    '504': 'DEADLINE_EXCEEDED',
  };
  const code = fault === '401' ? 400 : fault === '529' ? 503 : status;
  const details: unknown[] = [];
  if (fault === '401')
    details.push({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' });
  if (fault === '429') details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfter ?? '34.4'}s` });
  if (fault === 'quota')
    details.push({
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }],
    });
  const message =
    fault === '401'
      ? 'API key not valid. Please pass a valid API key.'
      : fault === 'context'
        ? 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).'
        : text;
  const body = { error: { code, message, status: names[fault] ?? 'INVALID_ARGUMENT', ...(details.length > 0 ? { details } : {}) } };
  return { status: code, headers: { 'x-gemini-service-tier': 'standard' }, body: family === 'vertex' ? [body] : body };
}

function openaiType(fault: StatusFault): string {
  if (fault === '429') return 'requests';
  if (fault === 'quota') return 'insufficient_quota';
  return Number(fault) >= 500 ? 'server_error' : 'invalid_request_error';
}

function openaiCode(fault: StatusFault): string | null {
  const codes: Readonly<Partial<Record<StatusFault, string>>> = {
    '401': 'invalid_api_key',
    '404': 'model_not_found',
    '429': 'rate_limit_exceeded',
    '413': 'rate_limit_exceeded',
    quota: 'insufficient_quota',
    context: 'context_length_exceeded',
  };
  return codes[fault] ?? null;
}

function rateLimitHeaders(fault: StatusFault): Record<string, string> {
  if (fault !== '429') return {};
  return { 'x-ratelimit-limit-requests': '500', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1s' };
}

function zaiCode(fault: StatusFault): string {
  const codes: Readonly<Partial<Record<StatusFault, string>>> = {
    '429': '1302',
    '503': '1305',
    '529': '1305',
    '402': '1113',
    quota: '1308',
    '400': '1214',
  };
  return codes[fault] ?? '1200';
}

function moonshotType(fault: StatusFault): string {
  if (fault === '429') return 'rate_limit_reached_error';
  if (fault === '503' || fault === '529') return 'engine_overloaded_error';
  if (fault === 'quota' || fault === '402') return 'exceeded_current_quota_error';
  return fault === '401' ? 'invalid_authentication_error' : 'invalid_request_error';
}
