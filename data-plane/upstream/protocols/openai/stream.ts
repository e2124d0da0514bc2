/**
 * A stream of an OpenAI-speaking vendor as OpenAI's exact chunks: constant id, created and model; the role first, once per choice; one
 * finish_reason per choice; usage held back to the end (the last report wins) and shown only to who asked; then [DONE].
 * Events of one read become one frame. A chunk that only carries text takes the hot path of `chunk-template.ts`.
 * A stream that ends, or says [DONE], without a finish_reason for every choice that began is cut: no end is ever invented.
 */
import type { Frame, UsageReport } from '../../../types.js';
import { errorInside } from '../decode-error.js';
import { asArray, asRecord, asText, type JsonRecord, parseJson } from '../json.js';
import { cut, malformed } from '../malformed.js';
import { nullUsage } from '../null-usage.js';
import { type AttemptTarget, type SseEvent, type StreamDecoder, UpstreamFailure } from '../protocol-adapter.js';
import { type ChunkTemplate, countRawBytes, learnTemplate, matchTemplate, SENTINEL, type TextMember } from './chunk-template.js';
import { extraMembers, pick, readContent, readServiceTier, SOURCE_MEMBERS } from './content.js';
import { vendorGaveUp } from './decode.js';
import { readFinishReason } from './finish-reason.js';
import { ToolCallStream } from './tool-call-stream.js';
import { readUsage, renderStreamEnd, STREAM_END } from './usage.js';

/** Templates in use at once: text, reasoning and arguments of a few choices. */
const MAX_TEMPLATES = 4;
/** Learning costs two parses; a vendor whose frames never repeat is not studied for ever. */
const FREE_LESSONS = 8;

interface ChoiceState {
  readonly index: number;
  readonly tools: ToolCallStream;
  started: boolean;
  finished: boolean;
}

export class OpenAiStream implements StreamDecoder {
  readonly #target: AttemptTarget;
  readonly #excludeReasoning: boolean;
  readonly #choices = new Map<number, ChoiceState>();
  readonly #tail: string;
  #head: string;
  #headComplete = false;
  #templates: ChunkTemplate[] = [];
  #lessons = 0;
  #matchesSinceLesson = 0;
  #usage: UsageReport | undefined;
  #sources: Record<string, unknown> = {};
  #nativeId: string | undefined;
  #finishReason: string | undefined;
  #nativeFinishReason: string | undefined;
  #out = '';
  #deliveredBytes = 0;
  done = false;
  failure: UpstreamFailure | undefined;

  constructor(target: AttemptTarget) {
    this.#target = target;
    this.#excludeReasoning = target.body.reasoning?.exclude === true;
    this.#head = JSON.stringify({
      id: `chatcmpl-${target.requestId}`,
      object: 'chat.completion.chunk',
      created: target.createdAt,
      model: target.model.id,
    }).slice(0, -1);
    this.#tail = `]${nullUsage(target)}}\n\n`;
  }

  get openChoices(): readonly number[] {
    return [...this.#choices.values()].filter((state) => !state.finished).map((state) => state.index);
  }

  push(events: readonly SseEvent[]): Frame | undefined {
    if (this.done) return undefined;
    try {
      for (const event of events) {
        if (this.#relay(event.data)) continue;
        // A few vendors leave a blank behind it.
        if (event.data.startsWith('[DONE]')) return this.#finish();
        this.#read(event);
      }
    } catch (error) {
      if (!(error instanceof UpstreamFailure) || this.#out === '') throw error;
      this.failure = error;
    }
    return this.#take();
  }

  end(): Frame | undefined {
    return this.done ? undefined : this.#finish();
  }

  /** The hot path. False when the event must be read. */
  #relay(data: string): boolean {
    for (const template of this.#templates) {
      const raw = matchTemplate(template, data);
      if (raw === undefined) continue;
      const bytes = countRawBytes(raw);
      if (bytes === undefined) return false;
      this.#matchesSinceLesson++;
      this.#deliveredBytes += bytes;
      if (raw !== '') this.#out += template.outHead + raw + template.outTail;
      return true;
    }
    return false;
  }

  #read(event: SseEvent): void {
    if (event.data === '') return;
    const chunk = parseJson(event.data);
    const failure = errorInside(chunk, this.#target.vendorId);
    if (failure !== undefined) throw failure;
    const body = asRecord(chunk);
    if (body === undefined) throw malformed('an event of the stream is not a JSON object');
    if (event.event === 'error') throw malformed('an error event without an error');
    const choices = asArray(body['choices']);
    this.#readEnvelope(body, choices);
    for (let position = 0; position < choices.length; position++) {
      const choice = asRecord(choices[position]);
      if (choice !== undefined) this.#readChoice(choice, choices.length === 1 ? event.data : undefined);
    }
  }

  #readEnvelope(body: JsonRecord, choices: readonly unknown[]): void {
    // Moonshot puts usage into the choice, Groq also under x_groq. Twice, on every chunk or late: the last one counts, nothing is added.
    const reported = body['usage'] ?? asRecord(choices[0])?.['usage'] ?? asRecord(body['x_groq'])?.['usage'];
    if (reported != null) this.#usage = readUsage(reported, this.#target.quirks) ?? this.#usage;
    this.#nativeId ??= asText(body['id']);
    Object.assign(this.#sources, pick(body, SOURCE_MEMBERS));
    if (this.#headComplete || choices.length === 0) return;
    const fingerprint = asText(body['system_fingerprint']);
    const serviceTier = readServiceTier(body);
    this.#head += `${serviceTier === undefined ? '' : `,"service_tier":"${serviceTier}"`},"system_fingerprint":${JSON.stringify(fingerprint ?? '')}`;
    this.#headComplete = true;
  }

  /** `data`: the event, when this is its only choice; a template may be learned from it. */
  #readChoice(choice: JsonRecord, data: string | undefined): void {
    const state = this.#stateOf(typeof choice['index'] === 'number' ? choice['index'] : 0);
    // Strict clients refuse a chunk behind a choice's end; vendors send empty ones there (OpenRouter's usage).
    if (state.finished) return;
    // A few vendors end with the whole message, or send nothing else: it counts only where no delta came before.
    const delta = asRecord(choice['delta']) ?? (state.started ? undefined : asRecord(choice['message'])) ?? {};
    const logprobs = asRecord(choice['logprobs']);
    const finishReason = readFinishReason(choice['finish_reason'], state.tools.called || asArray(delta['tool_calls']).length > 0);
    const out = this.#readDelta(delta, state);
    if (finishReason === 'failed') {
      this.#emit(state, out, logprobs, null);
      throw vendorGaveUp(choice['finish_reason']);
    }
    if (finishReason !== null) {
      this.#finishChoice(state, out, logprobs, finishReason, choice);
      return;
    }
    const wasStarted = state.started;
    this.#emit(state, out, logprobs, null);
    if (wasStarted && data !== undefined && logprobs === undefined && this.#usage === undefined) this.#learn(data, delta, out, state);
  }

  #finishChoice(
    state: ChoiceState,
    delta: Record<string, unknown>,
    logprobs: JsonRecord | undefined,
    reason: string,
    choice: JsonRecord,
  ): void {
    const closing = state.tools.close();
    if (closing.length > 0) {
      this.#emit(state, delta, logprobs, null);
      this.#emit(state, { tool_calls: closing }, undefined, null);
      this.#emit(state, {}, undefined, reason);
    } else this.#emit(state, delta, logprobs, reason);
    state.finished = true;
    this.#templates = [];
    this.#finishReason ??= reason;
    this.#nativeFinishReason ??= asText(choice['native_finish_reason']) ?? asText(choice['finish_reason']);
  }

  /** The delta in OpenAI's members; empty when it says nothing. Counts what it delivers. */
  #readDelta(delta: JsonRecord, state: ChoiceState): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    const spoken = readContent(delta);
    if (spoken.text) out['content'] = spoken.text;
    if (spoken.reasoning !== undefined && !this.#excludeReasoning) out['reasoning_content'] = spoken.reasoning;
    const refusal = asText(delta['refusal']);
    if (refusal !== undefined) out['refusal'] = refusal;
    const calls = state.tools.read(asArray(delta['tool_calls']));
    if (calls.opened) this.#templates = [];
    if (calls.deltas.length > 0) out['tool_calls'] = calls.deltas;
    Object.assign(out, extraMembers(delta, this.#excludeReasoning));
    this.#deliveredBytes += byteLength(spoken.text) + byteLength(spoken.reasoning) + byteLength(refusal) + calls.bytes;
    return out;
  }

  #emit(state: ChoiceState, delta: Record<string, unknown>, logprobs: JsonRecord | undefined, finishReason: string | null): void {
    if (finishReason === null && logprobs === undefined && Object.keys(delta).length === 0) return;
    const out = state.started ? delta : { role: 'assistant', content: null, ...delta };
    if (!state.started && out['content'] === null && out['tool_calls'] === undefined) out['content'] = '';
    state.started = true;
    this.#out += this.#render(state.index, out, logprobs, finishReason);
  }

  #render(index: number, delta: object, logprobs: JsonRecord | undefined, finishReason: string | null): string {
    const sources = finishReason === null ? '' : this.#takeSources();
    const choice = { index, delta, ...(logprobs !== undefined && { logprobs }), finish_reason: finishReason };
    return `data: ${this.#head}${sources},"choices":[${JSON.stringify(choice)}${this.#tail}`;
  }

  /** Perplexity repeats its sources on every chunk: they are said once, with the end. */
  #takeSources(): string {
    const members = Object.keys(this.#sources).length === 0 ? '' : `,${JSON.stringify(this.#sources).slice(1, -1)}`;
    this.#sources = {};
    return members;
  }

  #learn(data: string, delta: JsonRecord, out: Record<string, unknown>, state: ChoiceState): void {
    const member = textMemberOf(delta, out);
    if (member === undefined || (this.#lessons >= FREE_LESSONS && this.#matchesSinceLesson < 2)) return;
    this.#lessons++;
    this.#matchesSinceLesson = 0;
    const sentinel =
      member === 'arguments'
        ? { tool_calls: [{ ...asRecord(asArray(out['tool_calls'])[0]), function: { arguments: SENTINEL } }] }
        : { [member === 'content' ? 'content' : 'reasoning_content']: SENTINEL };
    const template = learnTemplate(data, member, this.#render(state.index, sentinel, undefined, null));
    if (template !== undefined) this.#templates = [template, ...this.#templates].slice(0, MAX_TEMPLATES);
  }

  #stateOf(index: number): ChoiceState {
    let state = this.#choices.get(index);
    if (state === undefined) {
      state = { index, tools: new ToolCallStream(this.#target.requestId, index), started: false, finished: false };
      this.#choices.set(index, state);
    }
    return state;
  }

  #take(): Frame | undefined {
    if (this.#out === '') return undefined;
    const frame: Frame = {
      data: Buffer.from(this.#out),
      deliveredBytes: this.#deliveredBytes,
      ...(this.#finishReason !== undefined && { finishReason: this.#finishReason }),
    };
    this.#out = '';
    this.#deliveredBytes = 0;
    return frame;
  }

  #finish(): Frame {
    if (this.#choices.size === 0 || this.openChoices.length > 0) {
      const failure = cut('the stream ended without a finish_reason');
      const rest = this.#take();
      if (rest === undefined) throw failure;
      this.failure = failure;
      return rest;
    }
    this.done = true;
    const late = this.#takeSources();
    if (late !== '') this.#out += `data: ${this.#head}${late},"choices":[${this.#tail}`;
    const { includeUsage } = this.#target;
    const frame: Frame = {
      data: Buffer.from(includeUsage ? this.#out : this.#out + STREAM_END),
      deliveredBytes: this.#deliveredBytes,
      finishReason: this.#finishReason ?? 'stop',
      native: {
        ...(this.#nativeId !== undefined && { id: this.#nativeId }),
        ...(this.#nativeFinishReason !== undefined && { finishReason: this.#nativeFinishReason }),
      },
      ...(this.#usage !== undefined && { usage: this.#usage }),
      ...(includeUsage && { render: (usage) => renderStreamEnd(this.#head, usage) }),
    };
    return frame;
  }
}

/** The one member of the vendor's delta that became the one member of ours: what a template can be learned for. */
function textMemberOf(delta: JsonRecord, out: Record<string, unknown>): TextMember | undefined {
  const members = Object.keys(out);
  if (members.length !== 1) return undefined;
  if (typeof out['content'] === 'string' && typeof delta['content'] === 'string') return 'content';
  if (out['reasoning_content'] !== undefined && !Array.isArray(delta['content'])) {
    if (typeof delta['reasoning_content'] === 'string' && delta['reasoning'] == null) return 'reasoning_content';
    return typeof delta['reasoning'] === 'string' && delta['reasoning_content'] == null ? 'reasoning' : undefined;
  }
  const call = asRecord(asArray(out['tool_calls'])[0]);
  const isContinuation =
    asArray(out['tool_calls']).length === 1 &&
    asArray(delta['tool_calls']).length === 1 &&
    call?.['id'] === undefined &&
    call?.['custom'] === undefined;
  return isContinuation ? 'arguments' : undefined;
}

function byteLength(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text);
}
