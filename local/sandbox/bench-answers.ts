/**
 * Fixed answers for benchmarks: models named `bench-...` are rendered once and then only written, with no parsing, counting or logging.
 * A gateway that sends models of its own names gets them by the prompt: `[[bench-1k]]`.
 * - `bench-1k` (any `bench-<n>k`): a sync answer whose text is n KB; streamed, the same text in 16-byte chunks.
 * - `bench-stream~chunks=200~pace=20`: so many frames of about one token, so many milliseconds apart (0: as fast as the socket takes).
 * The tokens reported are those of the fixed text, and 500 of input.
 */
import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.js';
import { drained } from './deliver.js';
import { dialectOf } from './dialects.js';
import { applyWords, defaultScript, wordsOfModel } from './script.js';
import type { Call, Wire } from './wires/wire.js';

interface Prepared {
  readonly body: Buffer;
  readonly frames: readonly Buffer[];
  readonly paceMs: number;
  readonly latencyMs: number;
}

export interface BenchCall {
  readonly vendor: string;
  readonly model: string;
  readonly stream: boolean;
  readonly wire: Wire;
}

const MARK = Buffer.from('"bench-');
const PROMPT_MARK = Buffer.from('[[bench-');

/** The bench model that an OpenAI or Anthropic body names, in `model` or in the prompt as `[[bench-1k]]`, found without parsing it. */
export function benchModelIn(body: Buffer): string | undefined {
  const inPrompt = body.indexOf(PROMPT_MARK);
  if (inPrompt >= 0) return body.toString('latin1', inPrompt + 2, body.indexOf(0x5d, inPrompt));
  const at = body.indexOf(MARK);
  if (at < 0) return undefined;
  const before = body.toString('latin1', Math.max(0, at - 12), at);
  return /"model"\s*:\s*$/.test(before) ? body.toString('latin1', at + 1, body.indexOf(0x22, at + 1)) : undefined;
}

export function asksForStream(body: Buffer): boolean {
  return body.includes('"stream":true') || body.includes('"stream": true');
}

export class BenchAnswers {
  readonly #prepared = new Map<string, Prepared>();

  async send(response: ServerResponse, call: BenchCall): Promise<void> {
    const prepared = this.#prepare(call);
    if (prepared.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, prepared.latencyMs));
    if (!call.stream) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': prepared.body.length });
      response.end(prepared.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    if (prepared.paceMs > 0) pace(response, prepared.frames, prepared.paceMs);
    else await burst(response, prepared.frames);
  }

  #prepare(call: BenchCall): Prepared {
    const key = `${call.vendor} ${call.model} ${call.stream} ${call.wire.name}`;
    const known = this.#prepared.get(key);
    if (known) return known;
    const made = render(call);
    this.#prepared.set(key, made);
    return made;
  }
}

function render(bench: BenchCall): Prepared {
  const script = { ...defaultScript(), chunks: 100 };
  applyWords(script, wordsOfModel(bench.model));
  const kilobytes = /^bench-(\d+)k/.exec(bench.model)?.[1];
  const text = kilobytes === undefined ? 'abc '.repeat(script.chunks) : 'benchmark words '.repeat(64 * Number(kilobytes));
  if (kilobytes !== undefined) script.chunks = text.length / 16;
  const call: Call = {
    vendor: bench.vendor,
    dialect: dialectOf(bench.vendor),
    sequence: 1,
    createdAt: 1_760_000_000,
    script,
    model: bench.model,
    stream: bench.stream,
    asArray: false,
  };
  const output = Math.ceil(text.length / 5);
  const answer: Answer = {
    choices: [{ reasoning: '', text, calls: [], finish: 'stop' }],
    usage: { input: 500, cached: 0, cacheWrite: 0, output, reasoning: 0 },
  };
  const prompt = {
    model: bench.model,
    stream: bench.stream,
    text: '',
    messageCount: 1,
    lastUserText: '',
    endsWithToolResult: false,
    tools: [],
    toolChoice: 'auto',
    parallelTools: true,
    schema: undefined,
    maxTokens: undefined,
    stop: [],
    choices: 1,
    topLogprobs: undefined,
    reasoning: false,
    includeUsage: true,
  } as const;
  return {
    body: Buffer.from(JSON.stringify(bench.wire.renderWhole(answer, prompt, call))),
    frames: bench.stream ? Array.from(bench.wire.renderFrames(answer, prompt, call), (frame) => Buffer.from(frame.data)) : [],
    paceMs: script.paceMs,
    latencyMs: script.latencyMs,
  };
}

function pace(response: ServerResponse, frames: readonly Buffer[], paceMs: number): void {
  let next = 0;
  const timer = setInterval(() => {
    const frame = frames[next++];
    if (frame === undefined || response.destroyed) {
      clearInterval(timer);
      response.end();
    } else response.write(frame);
  }, paceMs);
}

async function burst(response: ServerResponse, frames: readonly Buffer[]): Promise<void> {
  for (const frame of frames) {
    if (response.destroyed) return;
    if (!response.write(frame)) await drained(response);
  }
  response.end();
}
