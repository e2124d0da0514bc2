/** A vendor on a real socket whose next answers a test scripts, and the plan, request and meter that `execute` needs around it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Candidate, CompletionRequest, Frame, Meter, Model, RoutePlan } from '../../../data-plane/types.js';
import type { ChatRequest } from '../../../shared/chat.js';
import type { VendorQuirks } from '../../../shared/snapshot.js';
import type { AttemptRecord } from '../../../shared/usage-event.js';
import { chatUsage, target } from '../../conformance/gemini-and-anthropic-replay.js';

export type Answer = (response: ServerResponse, request: IncomingMessage, body: string) => unknown;

export interface ScriptedVendor {
  readonly url: string;
  /** Bodies that arrived. */
  readonly requests: { readonly body: string; readonly headers: IncomingMessage['headers']; readonly path: string }[];
  /** Responses whose client hung up before their end. */
  readonly cancelled: () => number;
  /** The answers to come, one per request; the last one repeats. */
  script(...answers: Answer[]): void;
  close(): Promise<void>;
}

export async function startVendor(): Promise<ScriptedVendor> {
  const requests: ScriptedVendor['requests'] = [];
  let answers: Answer[] = [];
  let cancelled = 0;
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      requests.push({ body, headers: request.headers, path: request.url ?? '' });
      response.on('close', () => {
        if (!response.writableFinished) cancelled++;
      });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      void answer?.(response, request, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    cancelled: () => cancelled,
    script: (...next) => {
      answers = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export const hang: Answer = () => undefined;

export const hangUp: Answer = (response) => response.destroy();

/** Each text is one write; `end: false` leaves the socket open. */
export function sse(writes: readonly string[], options: { end?: boolean; gapMs?: number; destroy?: boolean } = {}): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const write of writes) {
      response.write(write);
      await new Promise((resolve) => setTimeout(resolve, options.gapMs ?? 1));
    }
    if (options.destroy === true) response.destroy();
    else if (options.end !== false) response.end();
  };
}

export function chunk(delta: object, finish: string | null = null, rest: object = {}): string {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-vendor',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'vendor-model',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...rest,
  })}\n\n`;
}

export const DONE = 'data: [DONE]\n\n';

export function completion(content: string): object {
  return {
    id: 'chatcmpl-vendor',
    object: 'chat.completion',
    created: 1,
    model: 'vendor-model',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  };
}

let endpoints = 0;

export function candidate(
  url: string,
  options: { timeouts?: Partial<Candidate['endpoint']['vendor']['timeouts']>; byok?: boolean; quirks?: VendorQuirks; id?: string } = {},
): Candidate {
  const model: Model = target({}).model;
  const id = options.id ?? `endpoint-${++endpoints}`;
  const cost = model.price.rates;
  return {
    model,
    endpoint: {
      id,
      modelId: model.id,
      vendorId: `vendor-of-${id}`,
      upstreamModel: 'vendor-model',
      enabled: true,
      regions: null,
      cost,
      vendor: {
        id: `vendor-of-${id}`,
        name: 'Vendor',
        protocol: 'openai',
        baseUrl: url,
        enabled: true,
        regions: null,
        timeouts: { connectMs: 1_000, firstTokenMs: 2_000, idleMs: 2_000, ...options.timeouts },
        quirks: options.quirks ?? {},
        byokBaseUrl: false,
        trainsOnData: false,
        credentials: [],
      },
    },
    credential: { id: 'credential', secret: 'vendor-secret', weight: 1, owner: options.byok === true ? 'byok' : 'house' },
    byok: options.byok ?? false,
    expectedCost: 0n,
    ceiling: 0n,
    dropped: [],
  };
}

export function plan(candidates: readonly Candidate[], hedge = false): RoutePlan {
  return {
    modelAsked: 'public-model',
    candidates,
    excluded: [],
    estimate: { input: 10, inputUpper: 20, outputExpected: 100, outputUpper: 1000 },
    ceiling: 0n,
    reason: 'test',
    tier: null,
    complexity: null,
    hedge,
    sessionId: null,
    revision: 1,
  };
}

export function request(options: { stream?: boolean; body?: Partial<ChatRequest>; deadlineMs?: number } = {}): CompletionRequest {
  const stream = options.stream ?? false;
  const body: ChatRequest = {
    model: 'public-model',
    messages: [{ role: 'user', content: 'Hello' }],
    ...(stream && { stream }),
    ...options.body,
  };
  return {
    id: '0199-request',
    raw: Buffer.from(JSON.stringify(body)),
    body,
    stream,
    includeUsage: body.stream_options?.include_usage === true,
    receivedAtMs: Date.now(),
    deadlineMs: options.deadlineMs ?? 10_000,
  };
}

export interface RecordingMeter extends Meter {
  readonly attempts: AttemptRecord[];
  committed: Candidate | undefined;
}

/** Counts nothing: a test looks at what it was told. */
export function recordingMeter(outputLimit = Number.POSITIVE_INFINITY): RecordingMeter {
  const attempts: AttemptRecord[] = [];
  return {
    attempts,
    committed: undefined,
    commit(candidate) {
      this.committed = candidate;
    },
    attempt: (record) => void attempts.push(record),
    observe: (frame) => render(frame),
    fundsEnded: false,
    outputLimit,
    fail: () => undefined,
    cost: () => 0n,
    abandon: () => undefined,
    close: () => {
      throw new Error('not part of these tests');
    },
  };
}

export function render(frame: Frame): Buffer {
  const usage = frame.usage ?? { buckets: NO_BUCKETS, reasoningTokens: 0, mismatch: false };
  return frame.render === undefined ? frame.data : Buffer.concat([frame.data, frame.render(chatUsage(usage))]);
}

const NO_BUCKETS = { inputUncached: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, requests: 0 };

/** All that a client would receive. */
export async function collect(frames: AsyncIterable<Frame>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const frame of frames) parts.push(render(frame));
  return Buffer.concat(parts).toString();
}
