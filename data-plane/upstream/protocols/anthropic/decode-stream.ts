/**
 * Anthropic's event stream as OpenAI's chunks. The state is this class: the open content blocks, the usage so far and the stop reason.
 * An error event, a second message inside the first, or an end without a stop reason throws UpstreamFailure; nothing is made up.
 */
import type { Frame } from '../../../types.js';
import { ChunkWriter } from '../chat-chunk.js';
import { errorInside } from '../decode-error.js';
import { asRecord, asText, type JsonRecord } from '../json.js';
import { cut, malformed, readJson } from '../malformed.js';
import type { AttemptTarget, SseEvent, StreamDecoder, UpstreamFailure } from '../protocol-adapter.js';
import { reasoningWish } from '../reasoning-wish.js';
import { readReasoning, refusalText } from './decode-response.js';
import { outputTool } from './encode-tools.js';
import { mapStopReason } from './map-stop-reason.js';
import { ClaudeUsage } from './map-usage.js';

type Block =
  | { readonly kind: 'text' }
  | { readonly kind: 'tool'; readonly toolIndex: number; readonly input: JsonRecord; json: string }
  /** The tool that stands in for `response_format`: its input is the text. */
  | { readonly kind: 'output'; readonly input: JsonRecord; json: string }
  | { readonly kind: 'thinking'; readonly start: JsonRecord; text: string; signature: string }
  | { readonly kind: 'ignored' };

/** What JSON writes otherwise than it reads. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in a string
const ESCAPED = /["\\\u0000-\u001f]/;
/** Anthropic pads its events with spaces before the last brace. */
const PADDED_END = /^"\} *\} *$/;

export class AnthropicStreamDecoder implements StreamDecoder {
  readonly #writer: ChunkWriter;
  readonly #usage = new ClaudeUsage();
  readonly #blocks = new Map<number, Block>();
  readonly #outputTool: string | undefined;
  readonly #hidesReasoning: boolean;
  readonly #vendorId: string;
  #messageId: string | undefined;
  #toolCalls = 0;
  #prose = '';
  /** How a delta of the open text block begins; empty when none is open. */
  #textHead = '';
  #details = 0;
  #invalidArguments = false;
  #stopReason: string | undefined;
  #stopDetails: unknown;
  done = false;
  failure: UpstreamFailure | undefined;

  constructor(target: AttemptTarget) {
    this.#writer = new ChunkWriter(target);
    this.#vendorId = target.vendorId;
    this.#outputTool = outputTool(target);
    this.#hidesReasoning = reasoningWish(target.body).hidden;
  }

  push(events: readonly SseEvent[]): Frame | undefined {
    if (this.done) return undefined;
    try {
      for (const event of events) {
        if (this.#relayText(event.data)) continue;
        const message = asRecord(readJson(event.data));
        if (message === undefined) throw malformed('an event that is no object');
        if (this.#read(message, event.event)) return this.#end();
      }
    } catch (error) {
      this.failure = this.#writer.deferred(error);
    }
    return this.#writer.take(this.#usage.report());
  }

  end(): Frame | undefined {
    if (this.done) return undefined;
    if (this.#stopReason === undefined) throw cut('the stream ended without a stop_reason');
    return this.#end();
  }

  get openChoices(): readonly number[] {
    return this.#writer.openChoices;
  }

  /** The hot path: a text without escapes in the very form that Anthropic sends is copied, not parsed. False when it must be read. */
  #relayText(data: string): boolean {
    if (this.#textHead === '' || !data.startsWith(this.#textHead)) return false;
    const end = data.lastIndexOf('"');
    const text = data.slice(this.#textHead.length, end);
    if (text === '' || ESCAPED.test(text) || !PADDED_END.test(data.slice(end))) return false;
    this.#writer.plainText(0, text);
    return true;
  }

  /** True when the message is complete. */
  #read(message: JsonRecord, eventName: string): boolean {
    switch (message['type']) {
      case 'content_block_delta':
        this.#readDelta(this.#block(message), asRecord(message['delta']));
        return false;
      case 'content_block_start':
        this.#startBlock(message);
        return false;
      case 'content_block_stop':
        this.#stopBlock(message);
        return false;
      case 'message_start':
        this.#startMessage(asRecord(message['message']));
        return false;
      case 'message_delta':
        this.#readMessageDelta(message);
        return false;
      case 'message_stop':
        if (this.#stopReason === undefined) throw cut('message_stop without a stop_reason');
        return true;
      case 'error':
        throw this.#failure(message);
      default:
        // `ping` and whatever comes next year; but an error must not pass for one of these.
        if (eventName === 'error' || message['error'] !== undefined) throw this.#failure(message);
        return false;
    }
  }

  #failure(message: JsonRecord): UpstreamFailure {
    return errorInside(message, this.#vendorId) ?? malformed('an error event without an error');
  }

  #startMessage(message: JsonRecord | undefined): void {
    const id = asText(message?.['id']);
    if (this.#messageId === undefined) this.#usage.observe(message?.['usage']);
    else if (id !== this.#messageId) throw malformed('a second message began inside the first');
    this.#messageId = id ?? '';
  }

  #startBlock(message: JsonRecord): void {
    const index = blockIndex(message);
    const start = asRecord(message['content_block']);
    if (start === undefined || this.#blocks.has(index)) throw malformed(`content block ${index} began wrongly or twice`);
    const block = this.#openBlock(start);
    this.#blocks.set(index, block);
    if (block.kind === 'text') {
      this.#text(asText(start['text']));
      if (this.#outputTool === undefined)
        this.#textHead = `{"type":"content_block_delta","index":${index},"delta":{"type":"text_delta","text":"`;
    }
    if (block.kind === 'thinking') this.#thinking(block, asText(start['thinking']));
  }

  #openBlock(start: JsonRecord): Block {
    switch (start['type']) {
      case 'text':
        return { kind: 'text' };
      case 'thinking':
      case 'redacted_thinking':
        this.#writer.start(0);
        return { kind: 'thinking', start, text: '', signature: asText(start['signature']) ?? '' };
      case 'tool_use': {
        const input = asRecord(start['input']) ?? {};
        const id = asText(start['id']);
        const name = asText(start['name']);
        if (name !== undefined && name === this.#outputTool) return { kind: 'output', input, json: '' };
        if (id === undefined || name === undefined) throw malformed('a tool_use without id or name');
        const toolIndex = this.#toolCalls++;
        this.#writer.toolCall(0, toolIndex, { id, name, arguments: '' });
        return { kind: 'tool', toolIndex, input, json: '' };
      }
      default:
        // Server tools, their results, `fallback`: none of them is for the client.
        return { kind: 'ignored' };
    }
  }

  #readDelta(block: Block, delta: JsonRecord | undefined): void {
    switch (delta?.['type']) {
      case 'text_delta':
        if (block.kind === 'text') this.#text(asText(delta['text']));
        return;
      case 'thinking_delta':
        if (block.kind === 'thinking') this.#thinking(block, asText(delta['thinking']));
        return;
      case 'signature_delta':
        if (block.kind === 'thinking') block.signature += asText(delta['signature']) ?? '';
        return;
      case 'input_json_delta':
        if (block.kind === 'tool' || block.kind === 'output') this.#arguments(block, asText(delta['partial_json']) ?? '');
        return;
      default:
        if (delta === undefined) throw malformed('a content_block_delta without delta');
    }
  }

  #stopBlock(message: JsonRecord): void {
    const block = this.#block(message);
    this.#blocks.delete(blockIndex(message));
    this.#textHead = '';
    if (block.kind === 'thinking') {
      if (this.#hidesReasoning) return;
      const whole =
        block.start['type'] === 'thinking' ? { type: 'thinking', thinking: block.text, signature: block.signature } : block.start;
      const detail = readReasoning(whole, this.#details++);
      if (detail !== undefined) this.#writer.reasoningDetail(0, detail);
    } else if (block.kind === 'tool' || block.kind === 'output') {
      // No delta, or only empty ones, means the input of the start: `{}` as a rule (conformance 27).
      if (block.json === '') this.#arguments(block, JSON.stringify(block.input));
      this.#invalidArguments ||= !isJson(block.json);
    }
  }

  #readMessageDelta(message: JsonRecord): void {
    const delta = asRecord(message['delta']);
    this.#usage.observe(message['usage']);
    this.#stopReason = asText(delta?.['stop_reason']) ?? this.#stopReason;
    this.#stopDetails = delta?.['stop_details'] ?? this.#stopDetails;
  }

  /** Beside a tool that stands in for `response_format`, prose waits: it is the answer only when the tool is not called. */
  #text(text: string | undefined): void {
    if (text === undefined) return;
    if (this.#outputTool === undefined) this.#writer.text(0, text);
    else this.#prose += text;
  }

  #thinking(block: Extract<Block, { kind: 'thinking' }>, text: string | undefined): void {
    if (text === undefined || this.#hidesReasoning) return;
    block.text += text;
    this.#writer.reasoning(0, text);
  }

  #arguments(block: Extract<Block, { kind: 'tool' | 'output' }>, json: string): void {
    if (json === '') return;
    block.json += json;
    if (block.kind === 'tool') this.#writer.toolArguments(0, block.toolIndex, json);
    else {
      this.#prose = '';
      this.#writer.text(0, json);
    }
  }

  #block(message: JsonRecord): Block {
    const index = blockIndex(message);
    const block = this.#blocks.get(index);
    if (block === undefined) throw malformed(`content block ${index} was never begun`);
    return block;
  }

  #end(): Frame {
    const stopReason = this.#stopReason ?? '';
    const finishReason = mapStopReason(stopReason, this.#toolCalls > 0);
    const cutShort = finishReason === 'length' || finishReason === 'content_filter';
    const open = [...this.#blocks.values()].some((block) => block.kind === 'tool' && !isJson(block.json));
    if ((this.#invalidArguments || open) && !cutShort) throw malformed('tool arguments that are not JSON');
    this.done = true;
    if (this.#prose !== '') this.#writer.text(0, this.#prose);
    if (stopReason === 'refusal') this.#writer.refusal(0, refusalText(this.#stopDetails));
    this.#writer.finish(0, finishReason, stopReason);
    return this.#writer.end({ usage: this.#usage.report(), finishReason, native: this.#native() });
  }

  #native(): { id?: string; finishReason?: string } {
    return {
      ...(this.#messageId ? { id: this.#messageId } : {}),
      ...(this.#stopReason === undefined ? {} : { finishReason: this.#stopReason }),
    };
  }
}

function blockIndex(message: JsonRecord): number {
  const index = message['index'];
  if (typeof index !== 'number') throw malformed('a content block without index');
  return index;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
