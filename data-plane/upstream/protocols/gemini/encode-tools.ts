/** Tools and tool choice as function declarations and `functionCallingConfig`. */
import type { FunctionTool } from '../../../../shared/chat.js';
import type { JsonRecord } from '../json.js';
import type { RequestParameters } from '../request-parameters.js';
import type { ToolSelection } from '../tool-selection.js';
import { openApiSchema } from './encode-schema.js';
import type { FunctionNames } from './function-names.js';
import type { GeminiTraits } from './gemini-traits.js';

export interface EncodedTools {
  readonly tools: readonly JsonRecord[] | undefined;
  readonly toolConfig: JsonRecord | undefined;
}

export function encodeTools(
  selection: ToolSelection,
  parameters: RequestParameters,
  traits: GeminiTraits,
  names: FunctionNames,
): EncodedTools {
  const { mode, allowed, parallel } = selection;
  // There is no word for one call at a time.
  if (parallel === false && mode !== 'none') parameters.drop('parallel_tool_calls');
  const offered =
    mode === 'auto' && allowed !== undefined ? selection.tools.filter((tool) => allowed.includes(tool.function.name)) : selection.tools;
  if (offered.length === 0) return { tools: undefined, toolConfig: undefined };
  const functionCallingConfig = encodeMode(
    mode,
    allowed?.map((name) => names.toGemini(name)),
  );
  return {
    tools: [{ functionDeclarations: offered.map((tool) => declare(tool, traits, names)) }],
    toolConfig: functionCallingConfig === undefined ? undefined : { functionCallingConfig },
  };
}

function encodeMode(mode: ToolSelection['mode'], allowed: readonly string[] | undefined): JsonRecord | undefined {
  if (mode === 'none') return { mode: 'NONE' };
  if (mode === 'required') return { mode: 'ANY', ...(allowed === undefined ? {} : { allowedFunctionNames: allowed }) };
  return mode === 'auto' ? { mode: 'AUTO' } : undefined;
}

function declare(tool: FunctionTool, traits: GeminiTraits, names: FunctionNames): JsonRecord {
  const { name, description, parameters } = tool.function;
  return {
    name: names.toGemini(name),
    ...(description == null ? {} : { description }),
    ...declareParameters(parameters, traits),
  };
}

/** OpenAPI's subset refuses an object without properties; JSON Schema does not. */
function declareParameters(schema: JsonRecord | null | undefined, traits: GeminiTraits): JsonRecord {
  if (schema == null || Object.keys(schema).length === 0) return {};
  if (traits.jsonSchema) return { parametersJsonSchema: schema };
  const parameters = openApiSchema(schema);
  return parameters['type'] === 'OBJECT' && parameters['properties'] === undefined ? {} : { parameters };
}
