/**
 * What the upstream stage adds to one SSE frame, in a loop (a live gateway costs three to four times as much): parse, decode, re-frame.
 * `node test/bench/micro-stream.ts`, a few seconds. Prints nanoseconds per event for the hot path and for the long way.
 */
import { openai } from '../../data-plane/upstream/protocols/openai/adapter.js';
import type { AttemptTarget } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { SseParser } from '../../data-plane/upstream/sse-parser.js';
import { target } from '../conformance/gemini-and-anthropic-replay.js';

const EVENTS = 20_000;
const ROUNDS = 7;

interface Shape {
  readonly name: string;
  readonly event: (index: number) => string;
}

function openaiEvent(delta: object, rest: object = {}): string {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-DuLdCoxuLDs8HRMlOuz0Bi4wgi4XJ',
    object: 'chat.completion.chunk',
    created: 1782321890,
    model: 'gpt-4o-2024-08-06',
    service_tier: 'default',
    system_fingerprint: 'fp_86f87dc6f1',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
    usage: null,
    ...rest,
  })}\n\n`;
}

const SHAPES: readonly Shape[] = [
  { name: 'text, one token a frame', event: (index) => openaiEvent({ content: ` word${index % 100}` }) },
  { name: 'text with random padding', event: (index) => openaiEvent({ content: ' word' }, { obfuscation: 'x'.repeat(index % 14) }) },
  { name: 'text with escapes', event: (index) => openaiEvent({ content: `\n"${index % 100}"` }) },
  { name: 'Chinese text', event: (index) => openaiEvent({ content: `你好${index % 100}` }) },
  {
    name: 'the long way (parse, normalise, stringify)',
    event: (index) => openaiEvent({ content: ' word' }, { created: index, usage: { total_tokens: 1 } }),
  },
];

function run(of: AttemptTarget, reads: readonly Buffer[]): number {
  const parser = new SseParser();
  const decoder = openai.openStream(of);
  let bytes = 0;
  for (const read of reads) bytes += decoder.push(parser.push(read))?.data.length ?? 0;
  return bytes;
}

/** What a relay that looks at nothing must at least do with the same bytes. */
function copy(reads: readonly Buffer[]): number {
  let bytes = 0;
  for (const read of reads) bytes += Buffer.from(read).length;
  return bytes;
}

function measure(work: () => number): number {
  work();
  const times = Array.from({ length: ROUNDS }, () => {
    const started = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - started) / EVENTS;
  });
  return times.sort((left, right) => left - right)[Math.floor(ROUNDS / 2)] ?? 0;
}

for (const shape of SHAPES) {
  const reads = Array.from({ length: EVENTS }, (_, index) => Buffer.from(shape.event(index)));
  const relayed = measure(() => run(target({ stream: true }), reads));
  console.log(
    `${shape.name.padEnd(45)} ${relayed.toFixed(0).padStart(6)} ns/event   (copy alone ${measure(() => copy(reads)).toFixed(0)} ns)`,
  );
}
