/** Customers: raw HTTP to one node, everything that they see goes into the history. */
import type { Program } from '../../local/programs.js';
import type { CustomerView, History } from './history.js';

export interface Order {
  readonly node: Program;
  readonly apiKey: string;
  readonly stream?: boolean;
  readonly maxTokens?: number;
  /** Words for the sandbox: `pace=20 words=40`. */
  readonly script?: string;
  readonly model?: string;
  /** The customer's own deadline. */
  readonly timeoutSeconds?: number;
  /** Leaves after so many bytes of the body. */
  readonly leaveAfterBytes?: number;
  /** Told of the text so far, as it arrives. */
  readonly onText?: (textBytes: number) => void;
}

/** Longer than any fault lasts. */
const PATIENCE_MS = 120_000;

export async function order(history: History, wish: Order): Promise<CustomerView> {
  const startedAt = Date.now();
  const seen = {
    requestId: '',
    status: 0,
    errorCode: null as string | null,
    textBytes: 0,
    finishReason: null as string | null,
    finished: false,
    costNano: null as number | null,
    outputTokens: null as number | null,
  };
  try {
    await send(wish, seen);
  } catch (error) {
    seen.errorCode ??= error instanceof Error ? error.message : String(error);
  }
  const view = { ...seen, node: wish.node.name, stream: wish.stream === true, tookMs: Date.now() - startedAt };
  history.add(view);
  return view;
}

type Seen = { -readonly [member in keyof CustomerView]: CustomerView[member] };

async function send(wish: Order, seen: Omit<Seen, 'node' | 'stream' | 'tookMs'>): Promise<void> {
  const leaving = new AbortController();
  const response = await fetch(`${wish.node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${wish.apiKey}`,
      'content-type': 'application/json',
      ...(wish.timeoutSeconds === undefined ? {} : { 'x-request-timeout': String(wish.timeoutSeconds) }),
    },
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(PATIENCE_MS)]),
    body: JSON.stringify({
      model: wish.model ?? 'gpt-4o-mini',
      messages: [{ role: 'user', content: `Tell me something. [[sandbox ${wish.script ?? 'words=20'}]]` }],
      ...(wish.maxTokens === undefined ? {} : { max_tokens: wish.maxTokens }),
      ...(wish.stream === true ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  });
  seen.status = response.status;
  seen.requestId = response.headers.get('x-request-id') ?? '';
  if (wish.stream !== true || !response.ok) {
    const body = (await response.json()) as Answer;
    read(body, seen);
    seen.finished = response.ok;
    return;
  }
  let rest = '';
  let bytes = 0;
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    bytes += chunk.length;
    const events = (rest + chunk).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = event.replace(/^data: /, '');
      if (data === '[DONE]') seen.finished = true;
      else if (data.startsWith('{')) read(JSON.parse(data), seen);
    }
    wish.onText?.(seen.textBytes);
    if (wish.leaveAfterBytes !== undefined && bytes >= wish.leaveAfterBytes) leaving.abort();
  }
}

interface Answer {
  readonly choices?: readonly {
    readonly message?: { readonly content?: string };
    readonly delta?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly cost?: number; readonly completion_tokens?: number } | null;
  readonly error?: { readonly code: string };
}

function read(answer: Answer, seen: Pick<Seen, 'textBytes' | 'finishReason' | 'costNano' | 'errorCode' | 'outputTokens'>): void {
  for (const choice of answer.choices ?? []) {
    seen.textBytes += Buffer.byteLength(choice.message?.content ?? choice.delta?.content ?? '');
    seen.finishReason = choice.finish_reason ?? seen.finishReason;
  }
  if (answer.usage?.cost !== undefined) seen.costNano = Math.round(answer.usage.cost * 1e9);
  if (answer.usage?.completion_tokens !== undefined) seen.outputTokens = answer.usage.completion_tokens;
  if (answer.error) seen.errorCode = answer.error.code;
}

/** Keeps `customers` busy, each at any node that `nodes` gives, until `stop`; resolves when the last has been served. */
export function traffic(history: History, apiKey: string, nodes: () => readonly Program[], customers: number): { stop(): Promise<void> } {
  let stopped = false;
  const busy = Array.from({ length: customers }, async (_, customer) => {
    for (let turn = customer; !stopped; turn++) {
      const choices = nodes();
      const node = choices[turn % choices.length];
      if (!node) break;
      const stream = turn % 2 === 0;
      const view = await order(history, { node, apiKey, stream, maxTokens: 200, script: stream ? 'pace=5 words=30' : 'words=30' });
      // A node that refuses connections answers at once: no need to ask it thousands of times.
      await new Promise((resolve) => setTimeout(resolve, view.status === 200 ? 5 : 100));
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(busy);
    },
  };
}
