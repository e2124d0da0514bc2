/** Gemini's sync answer as OpenAI's. */
import type { ReasoningDetail, ToolCall } from '../../../../shared/chat.js';
import type { Frame } from '../../../types.js';
import { type AnswerChoice, completionFrame } from '../chat-completion.js';
import { errorInside } from '../decode-error.js';
import { asArray, asRecord, asText, type JsonRecord } from '../json.js';
import { malformed, readJson } from '../malformed.js';
import type { AttemptTarget } from '../protocol-adapter.js';
import { reasoningWish } from '../reasoning-wish.js';
import { Candidate, callIds } from './candidate.js';
import { FunctionNames } from './function-names.js';
import { mapFinishReason } from './map-finish-reason.js';
import { mapLogprobs } from './map-logprobs.js';
import { mapUsage } from './map-usage.js';

export const BLOCKED = 'The request was blocked by a content filter.';

export function decodeResponse(bytes: Buffer, target: AttemptTarget): Frame {
  const parsed = readJson(bytes.toString('utf8'));
  const failure = errorInside(parsed, target.vendorId);
  if (failure !== undefined) throw failure;
  const body = asRecord(Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed);
  if (body === undefined) throw malformed('the answer is not an object');
  return completionFrame(target, readChoices(body, target), mapUsage(body['usageMetadata']), asText(body['responseId']));
}

function readChoices(body: JsonRecord, target: AttemptTarget): AnswerChoice[] {
  const candidates = asArray(body['candidates']);
  const blocked = blockReason(body);
  if (candidates.length === 0 && blocked !== undefined) return [blockedChoice(blocked)];
  if (candidates.length === 0) throw malformed('the answer has no candidates');
  const names = new FunctionNames(target);
  const newCallId = callIds(target.requestId);
  const { hidden } = reasoningWish(target.body);
  return candidates.map((item) => {
    const candidate = asRecord(item);
    if (candidate === undefined) throw malformed('a candidate that is no object');
    return readChoice(candidate, new Candidate(names, newCallId), hidden);
  });
}

function readChoice(json: JsonRecord, candidate: Candidate, hidden: boolean): AnswerChoice {
  const reasoningDetails: ReasoningDetail[] = [];
  const toolCalls: ToolCall[] = [];
  const images: unknown[] = [];
  let text = '';
  let reasoning = '';
  for (const piece of candidate.read(json)) {
    if (piece.kind === 'text') text += piece.text;
    else if (piece.kind === 'call') toolCalls.push(piece.call);
    else if (piece.kind === 'image') images.push(piece.image);
    else if (piece.kind === 'detail') reasoningDetails.push(piece.detail);
    else if (!hidden) reasoning += piece.text;
  }
  const native = candidate.finishReason;
  if (native === undefined || candidate.isCut) throw malformed('a candidate without a finishReason');
  const finishReason = mapFinishReason(native, toolCalls.length > 0);
  const logprobs = mapLogprobs(json['logprobsResult']);
  return {
    text,
    reasoning,
    reasoningDetails,
    toolCalls,
    images,
    finishReason,
    nativeFinishReason: native,
    ...(logprobs === undefined ? {} : { logprobs }),
  };
}

/** The prompt itself was refused: there are no candidates then. */
export function blockReason(body: JsonRecord): string | undefined {
  return asText(asRecord(body['promptFeedback'])?.['blockReason']);
}

function blockedChoice(native: string): AnswerChoice {
  return {
    text: '',
    refusal: BLOCKED,
    reasoning: '',
    reasoningDetails: [],
    toolCalls: [],
    finishReason: 'content_filter',
    nativeFinishReason: native,
  };
}
