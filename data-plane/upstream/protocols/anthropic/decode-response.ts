/** Anthropic's sync answer as OpenAI's. */
import type { ReasoningDetail, ToolCall } from '../../../../shared/chat.js';
import type { Frame } from '../../../types.js';
import { type AnswerChoice, completionFrame } from '../chat-completion.js';
import { errorInside } from '../decode-error.js';
import { asArray, asRecord, asText, type JsonRecord } from '../json.js';
import { malformed, readJson } from '../malformed.js';
import type { AttemptTarget } from '../protocol-adapter.js';
import { reasoningWish } from '../reasoning-wish.js';
import { outputTool } from './encode-tools.js';
import { mapStopReason } from './map-stop-reason.js';
import { ClaudeUsage } from './map-usage.js';
import { CLAUDE_REASONING } from './wire.js';

export const REFUSED = 'The model declined to answer.';

export function decodeResponse(body: Buffer, target: AttemptTarget): Frame {
  const parsed = readJson(body.toString('utf8'));
  const failure = errorInside(parsed, target.vendorId);
  if (failure !== undefined) throw failure;
  const message = asRecord(parsed);
  const stopReason = asText(message?.['stop_reason']);
  if (message === undefined || !Array.isArray(message['content']) || stopReason === undefined) {
    throw malformed('the answer has no content or no stop_reason');
  }
  const usage = new ClaudeUsage();
  usage.observe(message['usage']);
  const choice = readChoice(message, stopReason, target);
  return completionFrame(target, [choice], usage.report(), asText(message['id']));
}

function readChoice(message: JsonRecord, stopReason: string, target: AttemptTarget): AnswerChoice {
  const jsonTool = outputTool(target);
  const { hidden } = reasoningWish(target.body);
  const reasoningDetails: ReasoningDetail[] = [];
  const toolCalls: ToolCall[] = [];
  let text = '';
  let output: string | undefined;
  let reasoning = '';
  for (const item of asArray(message['content'])) {
    const block = asRecord(item);
    if (block?.['type'] === 'text') text += asText(block['text']) ?? '';
    else if (block?.['type'] === 'tool_use') {
      const input = JSON.stringify(asRecord(block['input']) ?? {});
      if (jsonTool !== undefined && block['name'] === jsonTool) output = input;
      else toolCalls.push(readToolCall(block, input));
    } else if (!hidden && block !== undefined) {
      const detail = readReasoning(block, reasoningDetails.length);
      if (detail === undefined) continue;
      reasoningDetails.push(detail);
      reasoning += detail.text ?? '';
    }
  }
  const finishReason = mapStopReason(stopReason, toolCalls.length > 0);
  const refusal = stopReason === 'refusal' ? { refusal: refusalText(message['stop_details']) } : {};
  return { text: output ?? text, reasoning, reasoningDetails, toolCalls, finishReason, nativeFinishReason: stopReason, ...refusal };
}

function readToolCall(block: JsonRecord, input: string): ToolCall {
  const id = asText(block['id']);
  const name = asText(block['name']);
  if (id === undefined || name === undefined) throw malformed('a tool_use without id or name');
  return { id, type: 'function', function: { name, arguments: input } };
}

/** Thinking with its signature, or the sealed block; undefined for other blocks. */
export function readReasoning(block: JsonRecord, index: number): ReasoningDetail | undefined {
  if (block['type'] === 'redacted_thinking') {
    return { type: 'reasoning.encrypted', data: asText(block['data']) ?? '', format: CLAUDE_REASONING, index };
  }
  if (block['type'] !== 'thinking') return undefined;
  const signature = asText(block['signature']);
  return {
    type: 'reasoning.text',
    text: asText(block['thinking']) ?? '',
    ...(signature === undefined ? {} : { signature }),
    format: CLAUDE_REASONING,
    index,
  };
}

export function refusalText(details: unknown): string {
  return asText(asRecord(details)?.['explanation']) ?? REFUSED;
}
