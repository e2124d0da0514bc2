/**
 * A value that satisfies a JSON schema: for structured output and for tool arguments. Knows what vendors accept there ($ref, enum,
 * const, anyOf / oneOf / allOf, ranges, lengths, common formats) and Gemini's upper-case types. Patterns are not satisfied.
 */
import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from './json-value.js';

/** A recursive schema is cut here: deeper objects keep only what is required. */
const MAX_DEPTH = 5;

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-15',
  'date-time': '2026-01-15T10:30:00Z',
  time: '10:30:00Z',
  duration: 'P1D',
  email: 'sandbox@example.com',
  uri: 'https://example.com/sandbox',
  url: 'https://example.com/sandbox',
  uuid: '0190a2b4-7c1e-7d3a-8f55-2f6b1c9e4d10',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
};

export function answerSchema(schema: JsonObject): unknown {
  return answer(schema, schema, 0, 'value');
}

function answer(schema: JsonObject, root: JsonObject, depth: number, name: string): unknown {
  const reference = asString(schema['$ref']);
  if (reference !== '') return answer(resolve(reference, root), root, depth + 1, name);
  if ('const' in schema) return schema['const'];
  const options = asArray(schema['enum']);
  if (options.length > 0) return options[0];
  const alternatives = [...asArray(schema['anyOf']), ...asArray(schema['oneOf'])].filter(isObject);
  if (alternatives.length > 0) return answer(simplest(alternatives, depth), root, depth + 1, name);
  const parts = asArray(schema['allOf']).filter(isObject);
  if (parts.length > 0) return answerAll([schema, ...parts], root, depth, name);

  switch (typeOf(schema)) {
    case 'object':
      return answerObject(schema, root, depth);
    case 'array': {
      const item = asObject(schema['items']);
      const count = asNumber(schema['minItems']) ?? (depth >= MAX_DEPTH ? 0 : 1);
      return Array.from({ length: count }, () => answer(item, root, depth + 1, name));
    }
    case 'string':
      return answerString(schema, name);
    case 'integer':
      return Math.ceil(answerNumber(schema, 1));
    case 'number':
      return answerNumber(schema, 0.5);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return answerObject(schema, root, depth);
  }
}

function answerObject(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const required = new Set(asArray(schema['required']).map(asString));
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(asObject(schema['properties']))) {
    if (depth < MAX_DEPTH || required.has(key)) result[key] = answer(asObject(value), root, depth + 1, key);
  }
  return result;
}

function answerAll(parts: readonly JsonObject[], root: JsonObject, depth: number, name: string): unknown {
  const merged: Record<string, unknown> = {};
  const properties: Record<string, unknown> = {};
  const required: unknown[] = [];
  for (const part of parts) {
    const whole = '$ref' in part ? resolve(asString(part['$ref']), root) : part;
    Object.assign(merged, whole);
    Object.assign(properties, asObject(whole['properties']));
    required.push(...asArray(whole['required']));
  }
  const { allOf: _, $ref: __, ...rest } = merged;
  return answer({ ...rest, ...(Object.keys(properties).length > 0 ? { properties, required } : {}) }, root, depth + 1, name);
}

function answerString(schema: JsonObject, name: string): string {
  const format = FORMATS[asString(schema['format'])];
  if (format !== undefined) return format;
  const shortest = asNumber(schema['minLength']) ?? 0;
  const longest = asNumber(schema['maxLength']) ?? Number.POSITIVE_INFINITY;
  return `sandbox ${name}`.padEnd(shortest, '.').slice(0, longest);
}

function answerNumber(schema: JsonObject, step: number): number {
  const above = asNumber(schema['exclusiveMinimum']);
  const lowest = asNumber(schema['minimum']) ?? (above === undefined ? undefined : above + step);
  const below = asNumber(schema['exclusiveMaximum']);
  const highest = asNumber(schema['maximum']) ?? (below === undefined ? undefined : below - step);
  const value = Math.min(Math.max(step === 1 ? 7 : 7.5, lowest ?? Number.NEGATIVE_INFINITY), highest ?? Number.POSITIVE_INFINITY);
  const multiple = asNumber(schema['multipleOf']);
  return multiple === undefined || multiple === 0 ? value : Math.ceil(value / multiple) * multiple;
}

/** A recursive alternative would never end: deep down, `null` or a scalar is taken first. */
function simplest(alternatives: readonly JsonObject[], depth: number): JsonObject {
  const scalar = alternatives.find((option) => !('$ref' in option) && !['object', 'array'].includes(typeOf(option)));
  return (depth >= MAX_DEPTH ? scalar : undefined) ?? alternatives[0] ?? {};
}

function typeOf(schema: JsonObject): string {
  const type = schema['type'];
  const named = Array.isArray(type) ? (type.find((one) => one !== 'null') ?? type[0]) : type;
  if (typeof named === 'string') return named.toLowerCase();
  if ('items' in schema) return 'array';
  return 'object';
}

function resolve(reference: string, root: JsonObject): JsonObject {
  let at: unknown = root;
  for (const step of reference.replace(/^#\/?/, '').split('/')) {
    if (step !== '') at = asObject(at)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return asObject(at);
}
