/**
 * JSON Schema as Anthropic's constrained decoding takes it: every object closed, and none of the bounds it refuses with a 400. A bound
 * that had to go is told in the description, so that the model still knows of it. Source: Anthropic's structured-output page.
 */
import { asRecord, type JsonRecord } from '../json.js';

const REFUSED: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'maxItems',
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
  'propertyNames',
  'patternProperties',
  'dependentRequired',
  'dependentSchemas',
  'unevaluatedProperties',
  'unevaluatedItems',
  'if',
  'then',
  'else',
  'not',
]);
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', 'strict']);
const FORMATS: ReadonlySet<string> = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']);
const SCHEMA_MAPS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
/** Anything deeper is a loop or an attack. */
const MAX_DEPTH = 64;

export function closedSchema(schema: JsonRecord, depth = 0): JsonRecord {
  if (depth > MAX_DEPTH) return {};
  const closed: Record<string, unknown> = {};
  const told: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (SILENT.has(name)) continue;
    if (isRefused(name, value)) told.push(`${name}: ${JSON.stringify(value)}`);
    else if (SCHEMA_MAPS.has(name)) closed[name] = mapSchemas(value, depth);
    else if (name === 'oneOf') closed['anyOf'] = closeValue(value, depth);
    else if (name !== 'enum' && name !== 'const' && name !== 'default' && name !== 'examples') closed[name] = closeValue(value, depth);
    else closed[name] = value;
  }
  if (closed['type'] === 'object' || closed['properties'] !== undefined) {
    closed['type'] ??= 'object';
    if (asRecord(schema['additionalProperties'])) told.push(`additionalProperties: ${JSON.stringify(schema['additionalProperties'])}`);
    closed['additionalProperties'] = false;
  }
  if (told.length > 0) closed['description'] = [closed['description'], `{${told.join(', ')}}`].filter(Boolean).join('\n\n');
  return closed;
}

function isRefused(name: string, value: unknown): boolean {
  if (name === 'format') return !FORMATS.has(String(value));
  if (name === 'minItems') return value !== 0 && value !== 1;
  return REFUSED.has(name);
}

function closeValue(value: unknown, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => closeValue(item, depth + 1));
  const schema = asRecord(value);
  return schema === undefined ? value : closedSchema(schema, depth + 1);
}

function mapSchemas(value: unknown, depth: number): unknown {
  return Object.fromEntries(Object.entries(asRecord(value) ?? {}).map(([name, schema]) => [name, closeValue(schema, depth)]));
}
