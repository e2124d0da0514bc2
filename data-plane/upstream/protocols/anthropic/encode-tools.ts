/** Tools, tool choice and structured output: all three meet in `tools` and `tool_choice` on models without `output_config.format`. */
import type { FunctionTool, ResponseFormat } from '../../../../shared/chat.js';
import type { JsonRecord } from '../json.js';
import type { AttemptTarget } from '../protocol-adapter.js';
import type { ToolSelection } from '../tool-selection.js';
import { type ClaudeTraits, claudeTraits } from './claude-traits.js';
import { closedSchema } from './encode-schema.js';

type JsonSchemaFormat = Extract<ResponseFormat, { type: 'json_schema' }>['json_schema'];

export interface EncodedTools {
  readonly tools: readonly JsonRecord[];
  readonly choice: JsonRecord | undefined;
  /** The choice forces a call: thinking must be off. */
  readonly forced: boolean;
}

export function encodeTools(selection: ToolSelection, emulated: JsonSchemaFormat | undefined, traits: ClaudeTraits): EncodedTools {
  const { allowed } = selection;
  const isNamed = selection.mode === 'required' && allowed?.length === 1;
  // A named choice keeps the other tools: the history may call them. A longer allow-list has no word here but leaving the others out.
  const offered =
    allowed === undefined || isNamed ? selection.tools : selection.tools.filter((tool) => allowed.includes(tool.function.name));
  const tools = offered.map((tool) => encodeTool(tool, traits));
  if (emulated === undefined) {
    if (tools.length === 0) return { tools, choice: undefined, forced: false };
    const choice = encodeChoice(selection, isNamed ? allowed[0] : undefined);
    return { tools, choice, forced: selection.mode === 'required' };
  }
  const name = outputToolName(emulated);
  const output = {
    name,
    description: emulated.description ?? 'Answer with this tool: its input is the answer.',
    input_schema: objectSchema(emulated.schema),
  };
  const callable = selection.mode !== 'none' && tools.length > 0;
  const choice = callable ? { type: 'any' } : { type: 'tool', name };
  return { tools: [...tools, output], choice: { ...choice, disable_parallel_tool_use: true }, forced: true };
}

/** The tool that stands in for `response_format` on this target: its call is the answer's text. Undefined when none does. */
export function outputTool(target: AttemptTarget): string | undefined {
  const format = target.body.response_format;
  if (format?.type !== 'json_schema' || format.json_schema.schema == null || target.quirks.drop?.includes('response_format'))
    return undefined;
  return claudeTraits(target).jsonSchema ? undefined : outputToolName(format.json_schema);
}

function outputToolName(format: JsonSchemaFormat): string {
  return `output_${format.name}`.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64);
}

function encodeTool(tool: FunctionTool, traits: ClaudeTraits): JsonRecord {
  const { name, description, parameters, strict } = tool.function;
  const isStrict = strict === true && traits.strictTools;
  const schema = objectSchema(parameters);
  return {
    name,
    ...(description == null ? {} : { description }),
    input_schema: isStrict ? closedSchema(schema) : schema,
    ...(isStrict ? { strict: true } : {}),
    ...(tool.cache_control == null ? {} : { cache_control: tool.cache_control }),
  };
}

/** The root must be an object (conformance 24). */
function objectSchema(schema: JsonRecord | null | undefined): JsonRecord {
  if (schema == null || Object.keys(schema).length === 0) return { type: 'object', properties: {} };
  return schema['type'] === 'object' ? schema : { ...schema, type: 'object' };
}

function encodeChoice(selection: ToolSelection, named: string | undefined): JsonRecord | undefined {
  const { mode, parallel } = selection;
  if (mode === 'none') return { type: 'none' };
  const serial = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (named !== undefined) return { type: 'tool', name: named, ...serial };
  if (mode === 'required') return { type: 'any', ...serial };
  return mode === 'auto' || parallel === false ? { type: 'auto', ...serial } : undefined;
}
