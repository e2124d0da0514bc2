/**
 * Writes OpenAI's stream chunks for the protocols whose vendors do not speak them. Everything that is constant over a stream (`id`,
 * `created`, `model`) is encoded once; a delta costs one JSON.stringify of its text and one concatenation. Texts collect until `take`,
 * so that one socket read of the vendor becomes one write to the client.
 */
import type { ReasoningDetail } from '../../../shared/chat.js';
import type { Frame, UsageReport } from '../../types.js';
import { nullUsage } from './null-usage.js';
import { type AttemptTarget, UpstreamFailure } from './protocol-adapter.js';

/** These vendors have none; strict clients want the key and OpenAI's schema wants a string. */
export const SYSTEM_FINGERPRINT = '';

export function completionId(target: AttemptTarget): string {
  return `chatcmpl-${target.requestId}`;
}

interface ChunkEnd {
  readonly usage: UsageReport | undefined;
  readonly finishReason: string;
  readonly native: { readonly id?: string; readonly finishReason?: string };
}

export class ChunkWriter {
  readonly #envelope: string;
  readonly #head: string;
  readonly #tail: string;
  readonly #finishTail: string;
  readonly #includeUsage: boolean;
  /** Choices that began; true when they have their finish reason. */
  readonly #choices = new Map<number, boolean>();
  #pending = '';
  #deliveredBytes = 0;

  constructor(target: AttemptTarget) {
    const constant = {
      id: completionId(target),
      object: 'chat.completion.chunk',
      created: target.createdAt,
      model: target.model.id,
      system_fingerprint: SYSTEM_FINGERPRINT,
    };
    this.#includeUsage = target.includeUsage;
    this.#envelope = `data: ${JSON.stringify(constant).slice(0, -1)},"choices":[`;
    this.#head = `${this.#envelope}{"index":`;
    const usage = nullUsage(target);
    this.#tail = `},"logprobs":null,"finish_reason":null}]${usage}}\n\n`;
    this.#finishTail = `}]${usage}}\n\n`;
  }

  /** The role chunk, once per choice; the others call it themselves. */
  start(choice: number): void {
    if (this.#choices.has(choice)) return;
    this.#choices.set(choice, false);
    this.#pending += `${this.#head}${choice},"delta":{"role":"assistant","content":""${this.#tail}`;
  }

  text(choice: number, text: string, logprobs?: unknown): void {
    this.start(choice);
    this.#deliveredBytes += Buffer.byteLength(text);
    const tail = logprobs === undefined ? this.#tail : `},"logprobs":${JSON.stringify(logprobs)},"finish_reason":null${this.#finishTail}`;
    this.#pending += `${this.#head}${choice},"delta":{"content":${JSON.stringify(text)}${tail}`;
  }

  /** As `text`, for a text that is the same in JSON as in itself: nothing in it is escaped. */
  plainText(choice: number, text: string): void {
    this.start(choice);
    this.#deliveredBytes += Buffer.byteLength(text);
    this.#pending += `${this.#head}${choice},"delta":{"content":"${text}"${this.#tail}`;
  }

  reasoning(choice: number, text: string): void {
    this.start(choice);
    this.#deliveredBytes += Buffer.byteLength(text);
    this.#pending += `${this.#head}${choice},"delta":{"reasoning_content":${JSON.stringify(text)}${this.#tail}`;
  }

  /** A whole detail with its signature, for the client to send back. Its text was delivered before and is not counted again. */
  reasoningDetail(choice: number, detail: ReasoningDetail): void {
    this.start(choice);
    this.#pending += `${this.#head}${choice},"delta":{"reasoning_details":[${JSON.stringify(detail)}]${this.#tail}`;
  }

  /** Says why there is no answer: no output, so it is not counted as delivered. */
  refusal(choice: number, text: string): void {
    this.start(choice);
    this.#pending += `${this.#head}${choice},"delta":{"refusal":${JSON.stringify(text)}${this.#tail}`;
  }

  /** Opens a tool call; `extra` is what the client must send back with it. */
  toolCall(choice: number, index: number, call: { id: string; name: string; arguments: string; extra?: unknown }): void {
    this.start(choice);
    this.#deliveredBytes += Buffer.byteLength(call.name) + Buffer.byteLength(call.arguments);
    const extra = call.extra === undefined ? '' : `,"extra_content":${JSON.stringify(call.extra)}`;
    this.#pending +=
      `${this.#head}${choice},"delta":{"tool_calls":[{"index":${index},"id":${JSON.stringify(call.id)},"type":"function",` +
      `"function":{"name":${JSON.stringify(call.name)},"arguments":${JSON.stringify(call.arguments)}}${extra}}]${this.#tail}`;
  }

  toolArguments(choice: number, index: number, text: string): void {
    this.#deliveredBytes += Buffer.byteLength(text);
    this.#pending += `${this.#head}${choice},"delta":{"tool_calls":[{"index":${index},"function":{"arguments":${JSON.stringify(text)}}}]${this.#tail}`;
  }

  /** Members that only some models have (images): the delta as an object. `bytes` is what it delivers. */
  delta(choice: number, delta: Readonly<Record<string, unknown>>, bytes: number): void {
    this.start(choice);
    this.#deliveredBytes += bytes;
    this.#pending += `${this.#head}${choice},"delta":{${JSON.stringify(delta).slice(1, -1)}${this.#tail}`;
  }

  /** Choices that began and are not finished; the first one when none began. */
  get openChoices(): readonly number[] {
    return this.#choices.size === 0 ? [0] : [...this.#choices].flatMap(([choice, finished]) => (finished ? [] : choice));
  }

  finish(choice: number, reason: string, nativeReason: string | undefined): void {
    this.start(choice);
    this.#choices.set(choice, true);
    const native = nativeReason === undefined ? '' : `,"native_finish_reason":${JSON.stringify(nativeReason)}`;
    this.#pending += `${this.#head}${choice},"delta":{},"logprobs":null,"finish_reason":${JSON.stringify(reason)}${native}${this.#finishTail}`;
  }

  /** The failure to throw once what is pending was handed on. Throws it at once when nothing is. */
  deferred(error: unknown): UpstreamFailure {
    if (this.#pending === '' || !(error instanceof UpstreamFailure)) throw error;
    return error;
  }

  /** What was written since the last call; undefined when nothing was. `usage` is what the vendor reported so far. */
  take(usage: UsageReport | undefined): Frame | undefined {
    if (this.#pending === '') return undefined;
    const data = Buffer.from(this.#pending);
    const deliveredBytes = this.#deliveredBytes;
    const frame: Frame = usage === undefined ? { data, deliveredBytes } : { data, deliveredBytes, usage };
    this.#pending = '';
    this.#deliveredBytes = 0;
    return frame;
  }

  /** The last frame: what is pending, then the usage chunk where the client asked for it, then [DONE]. */
  end(end: ChunkEnd): Frame {
    const done = 'data: [DONE]\n\n';
    const envelope = this.#envelope;
    const data = Buffer.from(this.#includeUsage ? this.#pending : this.#pending + done);
    const deliveredBytes = this.#deliveredBytes;
    this.#pending = '';
    this.#deliveredBytes = 0;
    return {
      data,
      deliveredBytes,
      finishReason: end.finishReason,
      native: end.native,
      ...(end.usage === undefined ? {} : { usage: end.usage }),
      ...(this.#includeUsage ? { render: (usage) => Buffer.from(`${envelope}],"usage":${JSON.stringify(usage)}}\n\n${done}`) } : {}),
    };
  }
}
