/** Every envelope in which vendors put an error (conformance 4), read into one set of facts. Never throws. */
import { asArray, asRecord, asText, type JsonRecord, parseJson } from './json.js';

export interface ErrorFacts {
  readonly vendorId: string;
  /** HTTP status; for an error inside a 200 the one that the envelope names, else 0. */
  readonly status: number;
  /** Code, type, status word and reasons of the envelope, as they came. */
  readonly codes: readonly string[];
  readonly message: string;
  readonly param: string | undefined;
  /** Google's RetryInfo: "34.4s". */
  readonly retryDelay: string | undefined;
}

/** Logs need the sense, not a page of HTML. */
const MAX_MESSAGE_LENGTH = 2000;

export function readErrorText(text: string, status: number, vendorId: string): ErrorFacts {
  const body = parseJson(text);
  const facts = body === undefined ? undefined : readErrorBody(body, status, vendorId);
  return facts ?? { vendorId, status, codes: [], message: text.slice(0, MAX_MESSAGE_LENGTH), param: undefined, retryDelay: undefined };
}

/** Undefined when the value holds no error. `status` 200 looks for an error inside a success. */
export function readErrorBody(value: unknown, status: number, vendorId: string): ErrorFacts | undefined {
  // Vertex and OpenAI-compatible Gemini wrap the envelope in an array of one.
  const body = asRecord(Array.isArray(value) ? value[0] : value);
  if (body === undefined) return undefined;
  const inner = innerError(body, status >= 200 && status < 300);
  if (inner === undefined) return undefined;
  const details = asArray(inner['details'])
    .map(asRecord)
    .filter((detail) => detail !== undefined);
  const codes = [
    inner['code'],
    inner['type'],
    inner['status'],
    inner['error_code'],
    asRecord(inner['details'])?.['error_code'],
    asRecord(inner['innererror'])?.['code'],
    ...details.flatMap((detail) => [detail['reason'], detail['type'], ...quotaIds(detail)]),
    body['code'],
    body['type'],
  ].filter((code) => (typeof code === 'string' && code !== '' && code !== 'error') || typeof code === 'number');
  return {
    vendorId,
    status: status >= 200 && status < 300 ? namedStatus(inner, body) : status,
    codes: [...new Set(codes.map(String))],
    message: messageOf(inner, body).slice(0, MAX_MESSAGE_LENGTH),
    param: asText(inner['param']) ?? validationParam(inner),
    retryDelay: details.map((detail) => asText(detail['retryDelay'])).find((delay) => delay !== undefined),
  };
}

/** The record that says what happened. In a success only what cannot be an answer counts. */
function innerError(body: JsonRecord, insideSuccess: boolean): JsonRecord | undefined {
  const error = body['error'];
  if (typeof error === 'string' && error !== '') return { message: error, code: body['code'] }; // xAI
  if (asRecord(error) !== undefined) return asRecord(error);
  if (body['object'] === 'error' || body['type'] === 'error') return flattenMistral(body);
  if (body['choices'] !== undefined || body['candidates'] !== undefined || body['content'] !== undefined) return undefined;
  if (body['detail'] !== undefined) return flattenMistral(body);
  const said = asText(body['message']);
  if (said !== undefined && (!insideSuccess || typeof body['code'] === 'string')) return body; // DashScope native, Bedrock
  return insideSuccess ? undefined : body;
}

/** Mistral says `detail` or `message`, each a string or a list of validation errors. */
function flattenMistral(body: JsonRecord): JsonRecord {
  const detail = body['detail'] ?? asRecord(body['message'])?.['detail'];
  if (detail === undefined) return body;
  if (typeof detail === 'string') return { ...body, message: detail };
  return { ...body, message: JSON.stringify(detail), details: asArray(detail) };
}

function messageOf(inner: JsonRecord, body: JsonRecord): string {
  const raw = asRecord(inner['metadata'])?.['raw'];
  const said = asText(inner['message']) ?? asText(body['message']) ?? asText(inner['msg']) ?? JSON.stringify(inner);
  // OpenRouter: "Provider returned error", with what the provider said beside it.
  return raw === undefined ? said : `${said}: ${typeof raw === 'string' ? raw : JSON.stringify(raw)}`;
}

/** FastAPI's `loc: ["body", "store"]` as `store`. */
function validationParam(inner: JsonRecord): string | undefined {
  for (const detail of asArray(inner['details'])) {
    const location = asArray(asRecord(detail)?.['loc']).filter((part) => part !== 'body');
    if (location.length > 0) return location.join('.');
  }
  return undefined;
}

function quotaIds(detail: JsonRecord): unknown[] {
  return asArray(detail['violations']).map((violation) => asRecord(violation)?.['quotaId']);
}

function namedStatus(inner: JsonRecord, body: JsonRecord): number {
  for (const value of [inner['status_code'], inner['raw_status_code'], body['raw_status_code'], inner['code'], inner['status']]) {
    const status = Number(value);
    if (Number.isInteger(status) && status >= 400 && status < 600) return status;
  }
  return 0;
}
