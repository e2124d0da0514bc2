/** The headers of an answer (api.md 3), flat as `ServerResponse.writeHead` takes them: built once, at the commit point. */
import type { RateLimitReading, ServedBy } from '../types.js';

const NOT_HEADER_TEXT = /[^\x20-\x7e]/g;

export function answerHeaders(requestId: string, region: string, served: ServedBy, limits: RateLimitReading): string[] {
  const { candidate, plan } = served;
  const headers = [
    'x-request-id',
    requestId,
    'x-modelapi-generation',
    requestId,
    'x-modelapi-model',
    headerText(candidate.model.id),
    'x-modelapi-vendor',
    headerText(candidate.endpoint.vendor.id),
    'x-modelapi-region',
    region,
    'x-modelapi-route',
    headerText(plan.reason),
    'x-modelapi-attempts',
    String(served.attempts),
    'x-ratelimit-limit-requests',
    String(limits.requests.limit),
    'x-ratelimit-remaining-requests',
    String(limits.requests.remaining),
    'x-ratelimit-reset-requests',
    duration(limits.requests.resetMs),
    'x-ratelimit-limit-tokens',
    String(limits.tokens.limit),
    'x-ratelimit-remaining-tokens',
    String(limits.tokens.remaining),
    'x-ratelimit-reset-tokens',
    duration(limits.tokens.resetMs),
  ];
  if (served.dropped.length > 0) headers.push('x-modelapi-dropped', headerText(served.dropped.join(',')));
  return headers;
}

/** A reason can carry a model's name in any script; a header cannot. */
function headerText(text: string): string {
  return text.replace(NOT_HEADER_TEXT, '?');
}

/** As OpenAI writes it: `120ms`, `7.66s`. */
function duration(milliseconds: number): string {
  const whole = Math.max(0, Math.ceil(milliseconds));
  return whole < 1000 ? `${whole}ms` : `${whole / 1000}s`;
}
