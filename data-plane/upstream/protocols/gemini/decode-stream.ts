/**
 * Gemini's stream of whole answers as OpenAI's chunks. Gemini never says that it is done: the end of the body is the end, and it is a
 * clean one only when every candidate that was seen has its finishReason. The last usage counts.
 */
import type { Frame } from '../../../types.js';
import { ChunkWriter } from '../chat-chunk.js';
import { errorInside } from '../decode-error.js';
import { asArray, asRecord, asText, type JsonRecord, parseJson } from '../json.js';
import { cut, malformed, readJson } from '../malformed.js';
import type { AttemptTarget, SseEvent, StreamDecoder, UpstreamFailure } from '../protocol-adapter.js';
import { reasoningWish } from '../reasoning-wish.js';
import { Candidate, callIds, type Piece } from './candidate.js';
import { BLOCKED, blockReason } from './decode-response.js';
import { FunctionNames } from './function-names.js';
import { mapFinishReason } from './map-finish-reason.js';
import { mapLogprobs } from './map-logprobs.js';
import { countsTokens, mapUsage } from './map-usage.js';

/** More than any `n`: bounds what a vendor's garbage can open. */
const MAX_CANDIDATES = 128;

export class GeminiStreamDecoder implements StreamDecoder {
  readonly #writer: ChunkWriter;
  readonly #names: FunctionNames;
  readonly #newCallId: () => string;
  readonly #hidesReasoning: boolean;
  readonly #vendorId: string;
  readonly #candidates = new Map<number, Candidate>();
  #usage: unknown;
  #responseId: string | undefined;
  #blocked: string | undefined;
  done = false;
  failure: UpstreamFailure | undefined;

  constructor(target: AttemptTarget) {
    this.#writer = new ChunkWriter(target);
    this.#names = new FunctionNames(target);
    this.#newCallId = callIds(target.requestId);
    this.#hidesReasoning = reasoningWish(target.body).hidden;
    this.#vendorId = target.vendorId;
  }

  push(events: readonly SseEvent[]): Frame | undefined {
    if (this.done) return undefined;
    try {
      for (const event of events) {
        // Gemini itself never says so; relays in front of it may.
        if (event.data === '[DONE]') return this.end();
        this.#readEvent(event.data);
      }
    } catch (error) {
      this.failure = this.#writer.deferred(error);
    }
    return this.#writer.take(mapUsage(this.#usage));
  }

  end(): Frame | undefined {
    if (this.done) return undefined;
    if (this.#candidates.size === 0 && this.#blocked === undefined) throw cut('the stream ended without a candidate');
    const finishes = [...this.#candidates].map(([index, candidate]) => {
      if (candidate.finishReason === undefined) throw cut('the stream ended without a finishReason');
      const reason = mapFinishReason(candidate.finishReason, candidate.calls > 0);
      if (candidate.isCut && reason !== 'length') throw malformed('a function call that never ended');
      return { index, reason, native: candidate.finishReason };
    });
    if (finishes.length === 0 && this.#blocked !== undefined) {
      this.#writer.refusal(0, BLOCKED);
      finishes.push({ index: 0, reason: 'content_filter', native: this.#blocked });
    }
    for (const { index, reason, native } of finishes) this.#writer.finish(index, reason, native);
    this.done = true;
    return this.#close(finishes[0]?.reason ?? 'stop', finishes[0]?.native);
  }

  get openChoices(): readonly number[] {
    return this.#writer.openChoices;
  }

  /** Some relays put no blank line between events: then each line is one. */
  #readEvent(data: string): void {
    const whole = data.includes('\n') ? parseJson(data) : readJson(data);
    if (whole !== undefined) this.#read(whole);
    else for (const line of data.split('\n')) this.#read(readJson(line));
  }

  #read(json: unknown): void {
    const body = asRecord(Array.isArray(json) && json.length === 1 ? json[0] : json);
    if (body === undefined) throw malformed('an event that is no object');
    if (body['error'] !== undefined) throw errorInside(body, this.#vendorId) ?? malformed('an error event without an error');
    if (countsTokens(body['usageMetadata'])) this.#usage = body['usageMetadata'];
    this.#responseId ??= asText(body['responseId']);
    this.#blocked ??= blockReason(body);
    for (const item of asArray(body['candidates'])) {
      const candidate = asRecord(item);
      if (candidate === undefined) throw malformed('a candidate that is no object');
      this.#readCandidate(candidate);
    }
  }

  #readCandidate(json: JsonRecord): void {
    const index = json['index'] ?? 0;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= MAX_CANDIDATES) throw malformed('a candidate index');
    let candidate = this.#candidates.get(index);
    if (candidate === undefined) {
      candidate = new Candidate(this.#names, this.#newCallId);
      this.#candidates.set(index, candidate);
    }
    let nextCall = candidate.calls;
    let logprobs = mapLogprobs(json['logprobsResult']);
    for (const piece of candidate.read(json)) {
      if (piece.kind === 'call') this.#writeCall(index, nextCall++, piece.call);
      else this.#write(index, piece, logprobs);
      if (piece.kind === 'text') logprobs = undefined;
    }
  }

  #write(choice: number, piece: Exclude<Piece, { kind: 'call' }>, logprobs: unknown): void {
    switch (piece.kind) {
      case 'text':
        this.#writer.text(choice, piece.text, logprobs);
        break;
      case 'reasoning':
        if (!this.#hidesReasoning) this.#writer.reasoning(choice, piece.text);
        break;
      case 'detail':
        this.#writer.reasoningDetail(choice, piece.detail);
        break;
      case 'image':
        this.#writer.delta(choice, { images: [piece.image] }, piece.image.image_url.url.length);
        break;
    }
  }

  #writeCall(choice: number, index: number, call: Extract<Piece, { kind: 'call' }>['call']): void {
    const { name, arguments: text } = call.function;
    this.#writer.toolCall(choice, index, { id: call.id, name, arguments: text, extra: call.extra_content });
  }

  #close(finishReason: string, native: string | undefined): Frame {
    return this.#writer.end({
      usage: mapUsage(this.#usage),
      finishReason,
      native: {
        ...(this.#responseId === undefined ? {} : { id: this.#responseId }),
        ...(native === undefined ? {} : { finishReason: native }),
      },
    });
  }
}
