/**
 * Tools in the words that every OpenAI-speaking vendor has: function tools, `tool_calls`, four tool choices. What OpenAI alone knows
 * becomes that: `functions` and their calls are tools, `allowed_tools` is a shorter list of tools, custom tools are left out and named.
 */
import type { ChatMessage, ToolCall } from '../../../../shared/chat.js';
import { asArray, asRecord, asText, type JsonRecord } from '../json.js';
import type { BodyDraft } from './encode.js';

export function simplifyTools(draft: BodyDraft): void {
  turnFunctionsToTools(draft);
  leaveOutCustomTools(draft);
  shortenToAllowed(draft);
  const messages = asArray(draft.get('messages')) as readonly ChatMessage[];
  if (messages.some(isUnusual)) draft.set('messages', messages.map(plainMessage));
}

function turnFunctionsToTools(draft: BodyDraft): void {
  const functions = asArray(draft.get('functions'));
  const call = draft.get('function_call');
  draft.set('functions', undefined);
  draft.set('function_call', undefined);
  if (functions.length === 0 || asArray(draft.get('tools')).length > 0) return;
  draft.set(
    'tools',
    functions.map((declared) => ({ type: 'function', function: declared })),
  );
  if (call != null) draft.set('tool_choice', asRecord(call) === undefined ? call : { type: 'function', function: call });
}

function leaveOutCustomTools(draft: BodyDraft): void {
  const tools = asArray(draft.get('tools'));
  const kept = tools.filter((tool) => asRecord(tool)?.['type'] !== 'custom');
  if (kept.length === tools.length) return;
  draft.name('tools');
  draft.set('tools', kept.length === 0 ? undefined : kept);
  if (kept.length === 0 || asRecord(draft.get('tool_choice'))?.['type'] === 'custom') draft.set('tool_choice', undefined);
}

function shortenToAllowed(draft: BodyDraft): void {
  const choice = asRecord(draft.get('tool_choice'));
  if (choice?.['type'] !== 'allowed_tools') return;
  const allowance = asRecord(choice['allowed_tools']);
  const names = new Set(asArray(allowance?.['tools']).map(functionName));
  const allowed = asArray(draft.get('tools')).filter((tool) => names.has(functionName(tool)));
  draft.set('tools', allowed.length === 0 ? undefined : allowed);
  draft.set('tool_choice', allowed.length === 0 ? undefined : allowance?.['mode']);
}

function functionName(tool: unknown): string | undefined {
  return asText(asRecord(asRecord(tool)?.['function'])?.['name']);
}

function isUnusual(message: ChatMessage): boolean {
  const { function_call: legacy } = message as ChatMessage & { readonly function_call?: unknown };
  return message.role === 'function' || legacy != null || (message.tool_calls ?? []).some((call) => call.function === undefined);
}

/** A call of the old shape has no id: its function's name stands for it, here and on the result. */
function plainMessage(message: ChatMessage): ChatMessage {
  const { function_call: legacy, ...rest } = message as ChatMessage & { readonly function_call?: ToolCall['function'] | null };
  if (rest.role === 'function') return { role: 'tool', tool_call_id: `call_${rest.name}`, content: rest.content ?? '' };
  const calls = legacy == null ? rest.tool_calls : [{ id: `call_${legacy.name}`, type: 'function' as const, function: legacy }];
  return calls == null ? rest : { ...rest, tool_calls: calls.map(plainCall) };
}

function plainCall(call: ToolCall): ToolCall {
  const custom = asRecord((call as unknown as JsonRecord)['custom']);
  if (custom === undefined) return call;
  return {
    id: call.id,
    type: 'function',
    function: { name: asText(custom['name']) ?? '', arguments: JSON.stringify({ input: custom['input'] }) },
  };
}
