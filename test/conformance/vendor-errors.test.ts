/** Every error that vendors were recorded or reported to send (../shared/fixtures/errors), against what must follow from it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeError, errorInside } from '../../data-plane/upstream/protocols/decode-error.js';
import { parseJson } from '../../data-plane/upstream/protocols/json.js';
import { parseRetryAfter } from '../../data-plane/upstream/protocols/retry-after.js';
import { FIXTURES, HAS_FIXTURES } from './gemini-and-anthropic-recordings.js';

interface VendorError {
  readonly provider: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly sse?: string;
}

function errors(file: string): VendorError[] {
  const path = join(FIXTURES, 'errors', file);
  return HAS_FIXTURES && existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as VendorError[]) : [];
}

function outcome(error: VendorError): string {
  const body = Buffer.from(typeof error.body === 'string' ? error.body : JSON.stringify(error.body));
  const { kind, retryable, failover } = decodeError({ status: error.status, headers: error.headers ?? {}, body }, error.provider);
  return `${kind}${retryable ? ' retry' : ''}${failover ? ' failover' : ''}`;
}

/** In the order of the files: written by hand from conformance 4. */
const RECORDED: readonly (readonly [from: number, to: number, expected: string])[] = [
  [0, 1, 'not_found failover'],
  [2, 2, 'auth failover'],
  [3, 3, 'billing failover'],
  [4, 4, 'invalid_request'],
  [5, 5, 'not_found failover'],
  [6, 6, 'auth failover'],
  [7, 7, 'context_length failover'],
  [8, 8, 'auth failover'],
  [9, 9, 'rate_limited retry failover'],
  [10, 10, 'not_found failover'],
  [11, 11, 'auth failover'],
  [12, 12, 'context_length failover'],
  [13, 14, 'not_found failover'],
  [15, 15, 'auth failover'],
  [16, 16, 'rate_limited retry failover'],
  [17, 17, 'not_found failover'],
  [18, 19, 'server_error retry failover'],
  [20, 20, 'not_found failover'],
  [21, 21, 'auth failover'],
  [22, 23, 'not_found failover'],
  [24, 24, 'auth failover'],
  [25, 25, 'context_length failover'],
  [26, 27, 'invalid_request'],
  [28, 28, 'not_found failover'],
  [29, 29, 'invalid_request'],
  [30, 30, 'auth failover'],
  [31, 32, 'not_found failover'],
  [33, 34, 'invalid_request'],
  [35, 37, 'rate_limited retry failover'],
  [38, 38, 'auth failover'],
  [39, 39, 'context_length failover'],
  [40, 40, 'auth failover'],
  [41, 41, 'context_length failover'],
  [42, 43, 'auth failover'],
  [44, 45, 'invalid_request'],
  [46, 46, 'not_found failover'],
  [47, 47, 'invalid_request'],
  [48, 48, 'context_length failover'],
  [49, 49, 'auth failover'],
];

const REPORTED: readonly (readonly [from: number, to: number, expected: string])[] = [
  [0, 0, 'rate_limited retry failover'],
  [1, 1, 'request_too_large failover'],
  [2, 3, 'billing failover'],
  [4, 4, 'rate_limited retry failover'],
  [5, 5, 'invalid_request'],
  [7, 8, 'overloaded retry failover'],
  [10, 11, 'rate_limited retry failover'],
  [12, 13, 'billing failover'],
  [14, 19, 'invalid_request'],
  [20, 20, 'overloaded retry failover'],
  [21, 21, 'rate_limited retry failover'],
  [22, 22, 'rate_limited failover'],
  [23, 23, 'rate_limited retry failover'],
  [24, 25, 'invalid_request'],
  [26, 26, 'billing failover'],
  [27, 28, 'invalid_request'],
  [29, 29, 'content_filter failover'],
  [30, 30, 'invalid_request'],
  [31, 31, 'rate_limited retry failover'],
  [32, 32, 'auth failover'],
  [33, 34, 'rate_limited retry failover'],
  [35, 35, 'rate_limited failover'],
  [36, 36, 'billing failover'],
  [37, 37, 'invalid_request failover'],
  [38, 38, 'rate_limited retry failover'],
  [39, 39, 'overloaded retry failover'],
  [40, 40, 'billing failover'],
  [41, 41, 'rate_limited retry failover'],
  [42, 42, 'overloaded retry failover'],
  [43, 46, 'invalid_request failover'],
  [47, 47, 'request_too_large failover'],
  [48, 48, 'rate_limited retry failover'],
  [49, 49, 'billing failover'],
  [50, 50, 'auth failover'],
];

describe.each([
  ['recorded.json', RECORDED],
  ['reported.json', REPORTED],
] as const)('%s', (file, table) => {
  const known = errors(file);
  const rows = table.flatMap(([from, to, expected]) =>
    known.slice(from, to + 1).map((error, index) => ({ error, expected, at: from + index })),
  );

  test.each(rows)('$at: $error.provider $error.status is $expected', ({ error, expected }) => {
    expect(outcome(error)).toBe(expected);
  });

  test.each(rows)('$at: what the customer reads names no key, organisation or host of $error.provider', ({ error }) => {
    const body = Buffer.from(typeof error.body === 'string' ? error.body : JSON.stringify(error.body));
    const { publicMessage } = decodeError({ status: error.status, headers: {}, body }, error.provider);
    expect(publicMessage ?? '').not.toMatch(/https?:|org[-_]|sk-|api[_ ]key|\bak-|fake-project/i);
  });
});

describe('inside a 200', () => {
  const streamed = errors('reported.json').filter((error) => error.sse !== undefined);
  test.each(streamed)('$provider', (error) => {
    const text = /data: ?(\{.*)/.exec(error.sse ?? '')?.[1] ?? '';
    expect(errorInside(parseJson(text), error.provider)).toMatchObject({ failover: true, retryable: true });
  });

  test('an answer is no error', () => {
    expect(errorInside({ id: 'x', choices: [], error: null }, 'openai')).toBeUndefined();
    expect(errorInside({ choices: [{ message: { content: 'error' } }] }, 'openai')).toBeUndefined();
  });

  test('OpenRouter says error beside choices', () => {
    const chunk = { error: { code: 502, message: 'Provider disconnected' }, choices: [{ index: 0, delta: { content: '' } }] };
    expect(errorInside(chunk, 'openrouter')).toMatchObject({ kind: 'server_error', status: 502 });
  });
});

describe('49: retry-after', () => {
  test.each([
    [{ 'retry-after': '2' }, undefined, 2_000],
    [{ 'retry-after-ms': '1500' }, undefined, 1_500],
    [{ 'retry-after': '1', 'retry-after-ms': '0' }, undefined, 1_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined, 10_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT' }, undefined, undefined],
    [{ 'retry-after': 'soon' }, undefined, undefined],
    [{}, { message: 'Please try again in 644ms.', retryDelay: undefined }, 644],
    [{}, { message: 'Please try again in 1m2s. Visit', retryDelay: undefined }, 62_000],
    [{}, { message: 'try again in 2m59.56s', retryDelay: undefined }, 179_560],
    [{}, { message: 'Please retry in 48.939935699s.', retryDelay: undefined }, 48_940],
    [{}, { message: '', retryDelay: '34.4s' }, 34_400],
    [{}, { message: 'Rate limit reached', retryDelay: undefined }, undefined],
  ])('%o %o is %s ms', (headers, facts, expected) => {
    expect(parseRetryAfter(headers, facts)).toBe(expected);
  });

  test('x-should-retry: false is obeyed', () => {
    const body = Buffer.from('{"type":"error","error":{"type":"api_error","message":"x"}}');
    expect(decodeError({ status: 500, headers: { 'x-should-retry': 'false' }, body }, 'anthropic').retryable).toBe(false);
  });

  test('HTML of a CDN is a server error', () => {
    const body = Buffer.from('<html><head><title>502 Bad Gateway</title></head></html>');
    expect(decodeError({ status: 502, headers: {}, body }, 'openai')).toMatchObject({
      kind: 'server_error',
      retryable: true,
      failover: true,
    });
  });
});
