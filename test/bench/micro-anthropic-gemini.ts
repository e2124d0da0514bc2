/**
 * What the upstream stage adds to one SSE event of Anthropic and of Gemini, in a loop: parse, decode, re-frame.
 * `node dist/test/bench/micro-anthropic-gemini.js` after a build, a few seconds. Prints nanoseconds per event, by events in one socket read.
 */
import { anthropic } from '../../data-plane/upstream/protocols/anthropic/index.js';
import { gemini } from '../../data-plane/upstream/protocols/gemini/index.js';
import type { ProtocolAdapter, SseEvent } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { SseParser } from '../../data-plane/upstream/sse-parser.js';
import { target } from '../conformance/gemini-and-anthropic-replay.js';

const EVENTS = 16_000;
const ROUNDS = 7;

interface Shape {
  readonly name: string;
  readonly adapter: ProtocolAdapter;
  /** Before the clock starts. */
  readonly opening: readonly object[];
  readonly event: string;
}

const ANTHROPIC_OPENING = [
  { type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 10, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
];

function claudeDelta(text: string): string {
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}   }\n\n`;
}

function geminiChunk(text: string): string {
  const body = {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }],
    usageMetadata: {
      promptTokenCount: 131,
      candidatesTokenCount: 15,
      totalTokenCount: 241,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: 131 }],
      thoughtsTokenCount: 95,
    },
    modelVersion: 'gemini-3-pro-preview',
    responseId: 'B94haYr_OovWjMcPjJy_6Qk',
  };
  return `data: ${JSON.stringify(body)}\r\n\r\n`;
}

const SHAPES: readonly Shape[] = [
  { name: 'Anthropic, plain text', adapter: anthropic, opening: ANTHROPIC_OPENING, event: claudeDelta(' quick brown fox') },
  { name: 'Anthropic, text with escapes', adapter: anthropic, opening: ANTHROPIC_OPENING, event: claudeDelta(' "quick"\nbrown') },
  { name: 'Gemini, ten words', adapter: gemini, opening: [], event: geminiChunk(' quick brown fox jumps over the lazy dog and again') },
];

function run(shape: Shape, read: Buffer, reads: number): number {
  const decoder = shape.adapter.openStream(target({ stream: true }));
  const parser = new SseParser();
  decoder.push(shape.opening.map((body): SseEvent => ({ event: '', data: JSON.stringify(body) })));
  const started = process.hrtime.bigint();
  let bytes = 0;
  for (let index = 0; index < reads; index++) bytes += decoder.push(parser.push(read))?.data.length ?? 0;
  if (bytes === 0) throw new Error('nothing was decoded');
  return Number(process.hrtime.bigint() - started) / EVENTS;
}

for (const shape of SHAPES) {
  for (const perRead of [1, 4, 16]) {
    const read = Buffer.from(shape.event.repeat(perRead));
    const times = Array.from({ length: ROUNDS }, () => run(shape, read, EVENTS / perRead)).sort((left, right) => left - right);
    const median = times[Math.floor(ROUNDS / 2)] ?? 0;
    console.log(`${shape.name.padEnd(32)} ${String(perRead).padStart(2)} a read ${median.toFixed(0).padStart(6)} ns/event`);
  }
}
