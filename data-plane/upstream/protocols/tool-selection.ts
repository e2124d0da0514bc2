/** The tools of a request and which of them the model may or must call, with OpenAI's four shapes of `tool_choice` made one. */
import type { FunctionTool } from '../../../shared/chat.js';
import { asArray, asRecord, asText } from './json.js';
import type { RequestParameters } from './request-parameters.js';

export interface ToolSelection {
  readonly tools: readonly FunctionTool[];
  /** Undefined: the client left it open. */
  readonly mode: 'auto' | 'none' | 'required' | undefined;
  /** Only these may be called; undefined is all of them. One name with mode `required` is OpenAI's named choice. */
  readonly allowed: readonly string[] | undefined;
  readonly parallel: boolean | undefined;
}

export function selectTools(parameters: RequestParameters): ToolSelection {
  const asked = parameters.take('tools') ?? legacyFunctions(parameters.takeForeign('functions'));
  const tools = asked.filter((tool) => tool.type === 'function');
  if (tools.length < asked.length) parameters.drop('tools');
  const parallel = parameters.take('parallel_tool_calls');
  const legacyChoice = parameters.takeForeign('function_call');
  const choice: unknown = parameters.take('tool_choice') ?? (asRecord(legacyChoice) ? { function: legacyChoice } : legacyChoice);
  if (tools.length === 0) return { tools, mode: undefined, allowed: undefined, parallel: undefined };
  if (choice === 'none' || choice === 'auto' || choice === 'required') return { tools, mode: choice, allowed: undefined, parallel };
  const named = asRecord(choice);
  if (named === undefined) return { tools, mode: undefined, allowed: undefined, parallel };
  if (named['type'] === 'allowed_tools') {
    const allowance = asRecord(named['allowed_tools']);
    const allowed = asArray(allowance?.['tools']).flatMap((tool) => asText(asRecord(asRecord(tool)?.['function'])?.['name']) ?? []);
    return { tools, mode: allowance?.['mode'] === 'required' ? 'required' : 'auto', allowed, parallel };
  }
  const name = asText(asRecord(named['function'])?.['name']);
  return { tools, mode: 'required', allowed: name === undefined ? undefined : [name], parallel };
}

/** OpenAI's first shape of tools; their calls come back as `tool_calls`. */
function legacyFunctions(functions: unknown): readonly FunctionTool[] {
  return asArray(functions).map((declared) => ({ type: 'function', function: declared as FunctionTool['function'] }));
}
