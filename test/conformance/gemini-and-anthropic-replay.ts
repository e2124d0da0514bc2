/** Feeds vendor bytes to an adapter as `upstream/attempt` does, and reads what a client would. */

import type { Frame, Model, UsageReport } from '../../data-plane/types.js';
import type { AttemptTarget, ProtocolAdapter } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { SseParser } from '../../data-plane/upstream/sse-parser.js';
import type { ChatRequest, ChatUsage } from '../../shared/chat.js';
import type { VendorQuirks } from '../../shared/snapshot.js';

export function target(overrides: {
  body?: Partial<ChatRequest>;
  upstreamModel?: string;
  quirks?: VendorQuirks;
  stream?: boolean;
  includeUsage?: boolean;
  baseUrl?: string;
  outputLimit?: number;
  capabilities?: Partial<Model['capabilities']>;
}): AttemptTarget {
  const body: ChatRequest = { model: 'public-model', messages: [{ role: 'user', content: 'Hello' }], ...overrides.body };
  return {
    requestId: '0199-request',
    body,
    raw: Buffer.from(JSON.stringify(body)),
    stream: overrides.stream ?? false,
    includeUsage: overrides.includeUsage ?? true,
    vendorId: 'vendor',
    model: model(overrides.capabilities),
    upstreamModel: overrides.upstreamModel ?? 'claude-sonnet-4-5',
    baseUrl: overrides.baseUrl ?? 'https://vendor.test',
    quirks: overrides.quirks ?? {},
    secret: 'secret',
    outputLimit: overrides.outputLimit ?? 64_000,
    createdAt: 1_700_000_000,
  };
}

function model(capabilities: Partial<Model['capabilities']> = {}): Model {
  const rates = { inputUncached: 0n, cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 0n, requests: 0n };
  return {
    id: 'public-model',
    name: 'Public model',
    description: '',
    ownedBy: 'maker',
    created: 0,
    aliases: [],
    contextTokens: 1_000_000,
    maxOutputTokens: 64_000,
    inputModalities: ['text', 'image'],
    outputModalities: ['text'],
    tokenizer: 'other',
    bytesPerTokenHundredths: 400,
    capabilities: {
      tools: true,
      parallelTools: true,
      imageInput: true,
      audioInput: true,
      fileInput: true,
      jsonObject: true,
      jsonSchema: true,
      reasoning: true,
      logprobs: true,
      multipleChoices: true,
      temperature: true,
      promptCache: true,
      ...capabilities,
    },
    supportedParameters: [],
    tier: 'standard',
    deprecated: false,
    enabled: true,
    price: { revision: 1, rates, tiers: [] },
  };
}

interface ToolCallAnswer {
  id: string;
  type: string;
  function: { name: string; arguments: string };
  extra_content?: unknown;
}

/** One choice, the same whether it came whole or in chunks. */
export interface Answer {
  content: string;
  reasoning: string;
  details: Record<string, unknown>[];
  refusal: string | null;
  toolCalls: ToolCallAnswer[];
  finishReason: string | null;
  logprobs: unknown[];
  images: unknown[];
}

export interface Replay {
  readonly frames: readonly Frame[];
  /** Sync: one body. Stream: every chunk, in order. */
  readonly chunks: readonly Record<string, unknown>[];
  readonly answers: readonly Answer[];
  readonly usage: UsageReport | undefined;
  readonly finished: boolean;
}

export function replaySync(adapter: ProtocolAdapter, bytes: Buffer, of: AttemptTarget): Replay {
  const frame = adapter.decodeResponse(bytes, of);
  const body = JSON.parse(render(frame)) as { choices: { message: Record<string, unknown>; finish_reason: string; logprobs: unknown }[] };
  const answers = body.choices.map(({ message, finish_reason, logprobs }) => ({
    content: (message['content'] as string | null) ?? '',
    reasoning: (message['reasoning_content'] as string | undefined) ?? '',
    details: (message['reasoning_details'] as Record<string, unknown>[] | undefined) ?? [],
    refusal: (message['refusal'] as string | null) ?? null,
    toolCalls: (message['tool_calls'] as ToolCallAnswer[] | undefined) ?? [],
    finishReason: finish_reason,
    logprobs: ((logprobs as { content: unknown[] } | null)?.content ?? []) as unknown[],
    images: (message['images'] as unknown[] | undefined) ?? [],
  }));
  return { frames: [frame], chunks: [body], answers, usage: frame.usage, finished: true };
}

/** `reads` are the socket's reads. Throws what the decoder throws. */
export function replayStream(adapter: ProtocolAdapter, reads: readonly Buffer[], of: AttemptTarget): Replay {
  const frames = [...streamFrames(adapter, reads, of)];
  const text = frames.map(render).join('');
  const events = text.split('\n\n').filter((event) => event !== '');
  const finished = events.at(-1) === 'data: [DONE]';
  const chunks = events.filter((event) => event !== 'data: [DONE]').map((event) => JSON.parse(event.slice('data: '.length)));
  const usage = frames.map((frame) => frame.usage).findLast((report) => report !== undefined);
  return { frames, chunks, answers: accumulate(chunks), usage, finished };
}

export function* streamFrames(adapter: ProtocolAdapter, reads: readonly Buffer[], of: AttemptTarget): Generator<Frame> {
  const parser = new SseParser();
  const decoder = adapter.openStream(of);
  for (const read of reads) {
    const frame = decoder.push(parser.push(read));
    if (frame !== undefined) yield frame;
    if (decoder.failure !== undefined) throw decoder.failure;
    if (decoder.done === true) return;
  }
  const rest = decoder.push(parser.end());
  if (rest !== undefined) yield rest;
  if (decoder.failure !== undefined) throw decoder.failure;
  if (decoder.done === true) return;
  const last = decoder.end();
  if (last !== undefined) yield last;
}

function render(frame: Frame): string {
  const usage = frame.usage === undefined ? undefined : chatUsage(frame.usage);
  return frame.data.toString() + (frame.render === undefined ? '' : frame.render(usage ?? chatUsage(NOTHING)).toString());
}

const NOTHING: UsageReport = {
  buckets: { inputUncached: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, requests: 0 },
  reasoningTokens: 0,
  mismatch: false,
};

export function chatUsage({ buckets, reasoningTokens }: UsageReport): ChatUsage {
  const prompt = buckets.inputUncached + buckets.cacheRead + buckets.cacheWrite5m + buckets.cacheWrite1h;
  return {
    prompt_tokens: prompt,
    completion_tokens: buckets.output,
    total_tokens: prompt + buckets.output,
    prompt_tokens_details: {
      cached_tokens: buckets.cacheRead,
      cache_write_tokens: buckets.cacheWrite5m + buckets.cacheWrite1h,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    cost: 0,
    cost_details: {},
    is_byok: false,
  };
}

interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly reasoning_details?: Record<string, unknown>[];
  readonly refusal?: string;
  readonly images?: unknown[];
  readonly tool_calls?: {
    index: number;
    id?: string;
    type?: string;
    function?: { name?: string; arguments?: string };
    extra_content?: unknown;
  }[];
}

/** As strict clients do: throws on a tool call delta before its first, or on two finish reasons. */
function accumulate(chunks: readonly Record<string, unknown>[]): Answer[] {
  const answers: Answer[] = [];
  for (const chunk of chunks) {
    for (const choice of chunk['choices'] as {
      index: number;
      delta: Delta;
      finish_reason: string | null;
      logprobs: { content: unknown[] } | null;
    }[]) {
      answers[choice.index] ??= {
        content: '',
        reasoning: '',
        details: [],
        refusal: null,
        toolCalls: [],
        finishReason: null,
        logprobs: [],
        images: [],
      };
      const answer = answers[choice.index] as Answer;
      if (answer.finishReason !== null) throw new Error('a chunk behind the finish reason');
      answer.content += choice.delta.content ?? '';
      answer.reasoning += choice.delta.reasoning_content ?? '';
      answer.details.push(...(choice.delta.reasoning_details ?? []));
      if (choice.delta.refusal !== undefined) answer.refusal = (answer.refusal ?? '') + choice.delta.refusal;
      answer.images.push(...(choice.delta.images ?? []));
      answer.logprobs.push(...(choice.logprobs?.content ?? []));
      for (const call of choice.delta.tool_calls ?? []) addCall(answer.toolCalls, call);
      answer.finishReason = choice.finish_reason;
    }
  }
  return answers;
}

function addCall(calls: ToolCallAnswer[], delta: NonNullable<Delta['tool_calls']>[number]): void {
  const known = calls[delta.index];
  if (known === undefined) {
    if (delta.index !== calls.length || !delta.id || !delta.function?.name) throw new Error(`tool call ${delta.index} begins wrongly`);
    calls.push({
      id: delta.id,
      type: delta.type ?? '',
      function: { name: delta.function.name, arguments: delta.function.arguments ?? '' },
      ...(delta.extra_content === undefined ? {} : { extra_content: delta.extra_content }),
    });
    return;
  }
  if (delta.id !== undefined || delta.function?.name !== undefined) throw new Error('id or name again');
  known.function.arguments += delta.function?.arguments ?? '';
}
