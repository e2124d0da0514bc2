/**
 * JSON Schema as the subset of OpenAPI that older Gemini models take (conformance 25): references inlined, unknown keywords gone, one
 * type, enums of strings, arrays with items. Current models take JSON Schema itself and never come here.
 */
import { asArray, asRecord, type JsonRecord } from '../json.js';

const KEPT: ReadonlySet<string> = new Set([
  'title',
  'description',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minProperties',
  'maxProperties',
  'pattern',
  'nullable',
  'required',
]);
const FORMATS: ReadonlySet<string> = new Set(['float', 'double', 'int32', 'int64', 'enum', 'date-time']);
/** A schema that contains itself cannot be inlined further than this. */
const MAX_DEPTH = 12;

export function openApiSchema(schema: JsonRecord): JsonRecord {
  return convert(schema, schema, 0);
}

function convert(given: JsonRecord, root: JsonRecord, depth: number): JsonRecord {
  if (depth > MAX_DEPTH) return { type: 'OBJECT' };
  const schema = resolve(given, root);
  const variants = asArray(schema['anyOf'] ?? schema['oneOf']).flatMap((variant): JsonRecord[] => [asRecord(variant) ?? {}]);
  const solid = variants.filter((variant) => variant['type'] !== 'null');
  const types = [schema['type']].flat().filter((type) => typeof type === 'string');
  const nullable = types.includes('null') || solid.length < variants.length ? { nullable: true } : {};
  const type = types.find((name) => name !== 'null');
  const only = solid[0];
  if (only !== undefined && solid.length === 1) return { ...convert({ ...only, ...described(schema) }, root, depth + 1), ...nullable };
  const converted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) if (KEPT.has(name)) converted[name] = value;
  if (typeof schema['format'] === 'string' && FORMATS.has(schema['format'])) converted['format'] = schema['format'];
  if (solid.length > 1) return { ...converted, anyOf: solid.map((variant) => convert(variant, root, depth + 1)), ...nullable };
  return { ...converted, ...convertTyped(schema, type, root, depth), ...nullable };
}

function convertTyped(schema: JsonRecord, type: string | undefined, root: JsonRecord, depth: number): JsonRecord {
  const allowed = schema['const'] === undefined ? schema['enum'] : [schema['const']];
  if (Array.isArray(allowed)) return { type: 'STRING', format: 'enum', enum: allowed.filter((value) => value !== null).map(String) };
  const properties = asRecord(schema['properties']);
  if (type === 'object' || properties !== undefined) return convertObject(schema, properties ?? {}, root, depth);
  if (type !== 'array') return type === undefined ? {} : { type: type.toUpperCase() };
  const items = asRecord(schema['items']) ?? asRecord(asArray(schema['prefixItems'])[0]) ?? { type: 'string' };
  return { type: 'ARRAY', items: convert(items, root, depth + 1) };
}

function convertObject(schema: JsonRecord, properties: JsonRecord, root: JsonRecord, depth: number): JsonRecord {
  const converted = Object.entries(properties).map(([name, value]) => [name, convert(asRecord(value) ?? {}, root, depth + 1)] as const);
  if (converted.length === 0) return { type: 'OBJECT' };
  const required = asArray(schema['required']).filter((name) => typeof name === 'string' && name in properties);
  return { type: 'OBJECT', properties: Object.fromEntries(converted), ...(required.length === 0 ? {} : { required }) };
}

/** `$ref` and `allOf` folded into the schema that holds them; its own members win. */
function resolve(schema: JsonRecord, root: JsonRecord): JsonRecord {
  const { $ref: reference, allOf, ...own } = schema;
  if (reference === undefined && allOf === undefined) return schema;
  const merged: Record<string, unknown> = {};
  for (const part of [lookUp(reference, root), ...asArray(allOf).map((item) => follow(asRecord(item), root)), own]) merge(merged, part);
  return merged;
}

function follow(schema: JsonRecord | undefined, root: JsonRecord): JsonRecord | undefined {
  return schema?.['$ref'] === undefined ? schema : { ...lookUp(schema['$ref'], root), ...schema };
}

function merge(into: Record<string, unknown>, part: JsonRecord | undefined): void {
  if (part === undefined) return;
  const properties = { ...asRecord(into['properties']), ...asRecord(part['properties']) };
  const required = [...asArray(into['required']), ...asArray(part['required'])];
  Object.assign(into, part);
  if (Object.keys(properties).length > 0) into['properties'] = properties;
  if (required.length > 0) into['required'] = [...new Set(required)];
}

function lookUp(reference: unknown, root: JsonRecord): JsonRecord | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return undefined;
  const names = reference.slice(2).split('/');
  return asRecord(names.reduce<unknown>((value, name) => asRecord(value)?.[name.replace(/~1/g, '/').replace(/~0/g, '~')], root));
}

function described(schema: JsonRecord): JsonRecord {
  return schema['description'] === undefined ? {} : { description: schema['description'] };
}
