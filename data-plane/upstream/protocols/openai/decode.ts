/**
 * A sync answer of an OpenAI-speaking vendor as OpenAI's exact object. The body is parsed once; what is sent is stringified when the
 * meter has priced the usage. Garbage and errors inside a 200 throw UpstreamFailure: they fail over.
 */
import type { ChatUsage } from '../../../../shared/chat.js';
import type { Frame } from '../../../types.js';
import { errorInside } from '../decode-error.js';
import { asArray, asRecord, asText, type JsonRecord } from '../json.js';
import { malformed, readJson } from '../malformed.js';
import { type AttemptTarget, UpstreamFailure } from '../protocol-adapter.js';
import { extraMembers, pick, readArguments, readContent, readServiceTier, SOURCE_MEMBERS, syntheticToolCallId } from './content.js';
import { readFinishReason } from './finish-reason.js';
import { readUsage } from './usage.js';

const NO_BYTES = Buffer.alloc(0);

interface DecodedChoice {
  readonly json: Record<string, unknown>;
  readonly bytes: number;
  readonly finishReason: string;
}

export function decodeResponse(bytes: Buffer, target: AttemptTarget): Frame {
  const parsed = readJson(bytes.toString('utf8'));
  const failure = errorInside(parsed, target.vendorId);
  if (failure !== undefined) throw failure;
  const body = asRecord(parsed);
  if (body === undefined) throw malformed('the answer is not a JSON object');
  const choices = asArray(body['choices']);
  if (choices.length === 0) throw malformed('the answer has no choices');
  const decoded = choices.map((choice, position) => decodeChoice(asRecord(choice), position, target));
  const usage = readUsage(body['usage'] ?? asRecord(choices[0])?.['usage'], target.quirks);
  const nativeId = asText(body['id']);
  const nativeFinish = asText(asRecord(choices[0])?.['native_finish_reason']) ?? asText(asRecord(choices[0])?.['finish_reason']);
  return {
    data: NO_BYTES,
    deliveredBytes: decoded.reduce((sum, choice) => sum + choice.bytes, 0),
    ...(usage !== undefined && { usage }),
    render: (priced) => renderAnswer(body, decoded, target, priced),
    finishReason: decoded[0]?.finishReason ?? 'stop',
    native: { ...(nativeId !== undefined && { id: nativeId }), ...(nativeFinish !== undefined && { finishReason: nativeFinish }) },
  };
}

function renderAnswer(body: JsonRecord, choices: readonly DecodedChoice[], target: AttemptTarget, usage: ChatUsage): Buffer {
  const serviceTier = readServiceTier(body);
  return Buffer.from(
    JSON.stringify({
      id: `chatcmpl-${target.requestId}`,
      object: 'chat.completion',
      created: target.createdAt,
      model: target.model.id,
      choices: choices.map((choice) => choice.json),
      usage,
      ...(serviceTier !== undefined && { service_tier: serviceTier }),
      // The strictest of the SDKs (@openrouter/sdk) refuses an answer without this key.
      system_fingerprint: asText(body['system_fingerprint']) ?? '',
      ...pick(body, SOURCE_MEMBERS),
    }),
  );
}

function decodeChoice(choice: JsonRecord | undefined, position: number, target: AttemptTarget): DecodedChoice {
  // Azure leaves the message out when its content filter took it.
  const message = asRecord(choice?.['message']) ?? (choice?.['finish_reason'] === 'content_filter' ? {} : undefined);
  if (choice === undefined || message === undefined) throw malformed('a choice of the answer has no message');
  const excludeReasoning = target.body.reasoning?.exclude === true;
  const spoken = readContent(message);
  const reasoning = excludeReasoning ? undefined : spoken.reasoning;
  const toolCalls = asArray(message['tool_calls']).map((call, index) =>
    decodeToolCall(asRecord(call) ?? {}, target.requestId, position, index),
  );
  const finishReason = readFinishReason(choice['finish_reason'], toolCalls.length > 0);
  if (finishReason === 'failed') throw vendorGaveUp(choice['finish_reason']);
  const refusal = asText(message['refusal']) ?? null;
  const silent = toolCalls.length > 0 && (spoken.text ?? '') === '';
  return {
    json: {
      index: position,
      message: {
        role: 'assistant',
        content: silent || (refusal !== null && (spoken.text ?? '') === '') ? null : (spoken.text ?? null),
        refusal,
        ...(reasoning !== undefined && { reasoning_content: reasoning }),
        ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
        ...extraMembers(message, excludeReasoning),
      },
      logprobs: asRecord(choice['logprobs']) ?? null,
      finish_reason: finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    },
    bytes: countBytes(spoken.text, spoken.reasoning, refusal, ...toolCalls.map((call) => call.function?.arguments ?? call.custom?.input)),
    finishReason: finishReason ?? 'stop',
  };
}

interface DecodedToolCall {
  readonly id: string;
  readonly type: 'function' | 'custom';
  readonly function?: { readonly name: string; readonly arguments: string };
  readonly custom?: { readonly name: string; readonly input: string };
}

function decodeToolCall(call: JsonRecord, requestId: string, choice: number, index: number): DecodedToolCall {
  const custom = asRecord(call['custom']);
  const called = asRecord(call['function']) ?? custom ?? {};
  const name = asText(called['name']);
  if (name === undefined) throw malformed('a tool call of the answer has no name');
  const id = asText(call['id']) ?? syntheticToolCallId(requestId, choice, index);
  if (custom !== undefined) return { id, type: 'custom', custom: { name, input: readArguments(custom['input']) } };
  const text = readArguments(called['arguments']);
  return {
    id,
    type: 'function',
    // 27: no arguments is an empty object, never an empty string.
    function: { name, arguments: text.trim() === '' ? '{}' : text },
    ...pick(call, ['extra_content']),
  };
}

function countBytes(...texts: readonly (string | null | undefined)[]): number {
  return texts.reduce((sum, text) => sum + (text ? Buffer.byteLength(text) : 0), 0);
}

/** `finish_reason: "error"` and its like: the vendor's own failure, whatever was said before. */
export function vendorGaveUp(reason: unknown): UpstreamFailure {
  return new UpstreamFailure('server_error', `the vendor ended with finish_reason ${String(reason)}`, {
    retryable: true,
    failover: true,
    vendorCode: String(reason),
  });
}
