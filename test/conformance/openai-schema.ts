/**
 * OpenAI's own schemas (../shared/specs/openai-openapi.yaml) as validators of what the gateway sends. The document has 70,000 lines:
 * only the schemas that an answer can reach are parsed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const DOCUMENT = resolve(import.meta.dirname, '../../../shared/specs/openai-openapi.yaml');
export const HAS_OPENAI_SCHEMA = existsSync(DOCUMENT);
if (!HAS_OPENAI_SCHEMA) console.warn(`SKIPPED: OpenAI's schemas are not at ${DOCUMENT}`);

type SchemaName = 'CreateChatCompletionResponse' | 'CreateChatCompletionStreamResponse';

let ajv: Ajv2020 | undefined;
const validators = new Map<SchemaName, ValidateFunction>();

/** What is wrong with a body or chunk; empty when it is right (or when the document is not here). */
export function violations(schema: SchemaName, value: unknown): readonly string[] {
  if (!HAS_OPENAI_SCHEMA) return [];
  ajv ??= loadSchemas(['CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse']);
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `openai#/components/schemas/${schema}` });
    validators.set(schema, validate);
  }
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

function loadSchemas(roots: readonly SchemaName[]): Ajv2020 {
  const sections = readSections(readFileSync(DOCUMENT, 'utf8'));
  const schemas: Record<string, unknown> = {};
  const wanted: string[] = [...roots];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const text = sections.get(name);
    if (text === undefined || name in schemas) continue;
    schemas[name] = withoutNullable((parse(text) as Record<string, unknown>)[name]);
    wanted.push(...[...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1] ?? ''));
  }
  const compiler = new Ajv2020({ strict: false, allErrors: true, formats: { unixtime: true, uri: true, 'date-time': true } });
  compiler.addSchema({ $id: 'openai', components: { schemas } });
  return compiler;
}

/** Each schema of `components.schemas` as its own YAML text. */
function readSections(document: string): Map<string, string> {
  const sections = new Map<string, string>();
  const start = document.indexOf('\n  schemas:\n') + '\n  schemas:\n'.length;
  for (const text of document.slice(start).split(/\n(?= {4}\w)/)) {
    const name = /^\s*(\w+):/.exec(text)?.[1];
    if (name !== undefined) sections.set(name, text);
  }
  return sections;
}

/** The document is 3.1 and still says `nullable` here and there, which JSON Schema does not know. */
function withoutNullable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNullable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const converted = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, withoutNullable(value)]));
  return nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}
