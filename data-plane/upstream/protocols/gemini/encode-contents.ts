/**
 * A conversation as Gemini's contents. A result needs its function's name, found through the call that it answers; thought signatures
 * go back to the part that they came with, or Gemini 3 refuses the turn ("missing a thought_signature").
 */
import type { ChatMessage, ToolCall } from '../../../../shared/chat.js';
import { CONTINUED, type ConversationTurn, isSystem, NO_RESULT, readConversation, type ToolAnswer, toolCalls } from '../conversation.js';
import { asRecord, type JsonRecord, parseJson } from '../json.js';
import { encodeParts } from './encode-parts.js';
import type { FunctionNames } from './function-names.js';
import type { GeminiTraits } from './gemini-traits.js';
import { type Content, GEMINI_REASONING, type Part } from './wire.js';

/** Google's documented stand-in for turns that another model made. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

interface EncodedContents {
  readonly system: readonly Part[];
  readonly contents: readonly Content[];
}

export function encodeContents(messages: readonly ChatMessage[], traits: GeminiTraits, names: FunctionNames): EncodedContents {
  const conversation = readConversation(messages);
  const contents = conversation.turns.map((turn): Content => {
    if (turn.role === 'user') return { role: 'user', parts: encodeUserTurn(turn, traits, names) };
    return { role: 'model', parts: turn.messages.flatMap(({ message, path }) => encodeAssistant(message, path, traits, names)) };
  });
  // "Please ensure that multiturn requests end with a user role".
  if (contents.at(-1)?.role !== 'user') contents.push({ role: 'user', parts: [{ text: CONTINUED }] });
  return { system: conversation.system.flatMap(({ message, path }) => encodeParts(message, path)), contents };
}

function encodeUserTurn(turn: Extract<ConversationTurn, { role: 'user' }>, traits: GeminiTraits, names: FunctionNames): Part[] {
  const parts = turn.results.flatMap((result) => encodeResult(result, traits, names));
  for (const { message, path } of turn.messages) {
    const encoded = encodeParts(message, path);
    if (isSystem(message))
      parts.push(...encoded.map((part) => (part.text === undefined ? part : { text: `<system>${part.text}</system>` })));
    else if (message.role === 'user') parts.push(...encoded);
    else parts.push({ text: `Result of the tool call ${message.tool_call_id ?? message.name ?? ''}:` }, ...encoded);
  }
  return parts.length === 0 ? [{ text: CONTINUED }] : parts;
}

/** Text is wrapped as a string, never spread as an object: a `$ref` among its keys is refused with a 400. */
function encodeResult({ call, answers }: ToolAnswer, traits: GeminiTraits, names: FunctionNames): Part[] {
  const parts = answers.flatMap(({ message, path }) => encodeParts(message, path));
  const text = parts.flatMap((part) => part.text ?? []).join('\n');
  const media = parts.filter((part) => part.text === undefined);
  const response = {
    ...callId(call),
    name: names.toGemini(call.function.name),
    response: { result: answers.length === 0 ? NO_RESULT : text },
  };
  if (media.length === 0) return [{ functionResponse: response }];
  return traits.toolImages ? [{ functionResponse: { ...response, parts: media } }] : [{ functionResponse: response }, ...media];
}

function encodeAssistant(message: ChatMessage, path: string, traits: GeminiTraits, names: FunctionNames): Part[] {
  const parts = encodeParts(message, path);
  if (message.refusal) parts.push({ text: message.refusal });
  const calls = toolCalls(message);
  const own = (message.reasoning_details ?? []).filter((detail) => detail.format === GEMINI_REASONING && detail.data);
  const onText = own.find((detail) => !calls.some((call) => call.id === detail.id))?.data;
  if (onText !== undefined) {
    const text = parts.findLast((part) => part.text !== undefined);
    if (text === undefined) parts.unshift({ text: '', thoughtSignature: onText });
    else text.thoughtSignature = onText;
  }
  const signatures = calls.map(
    (call) => call.extra_content?.google?.thought_signature ?? own.find((detail) => detail.id === call.id)?.data,
  );
  const unsigned = traits.signaturesRequired && signatures.every((signature) => signature === undefined);
  for (const [index, call] of calls.entries()) {
    const signature = signatures[index] ?? (unsigned && index === 0 ? NO_SIGNATURE : undefined);
    parts.push({
      functionCall: { ...callId(call), name: names.toGemini(call.function.name), args: callArguments(call.function.arguments) },
      ...(signature === undefined ? {} : { thoughtSignature: signature }),
    });
  }
  return parts;
}

/** Ids that Gemini gave must come back; those made up for it (`call_...`) mean nothing there. */
function callId(call: ToolCall): { id?: string } {
  return call.id === '' || call.id.startsWith('call_') ? {} : { id: call.id };
}

function callArguments(text: string): JsonRecord {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  return asRecord(value) ?? { arguments: value ?? text };
}
