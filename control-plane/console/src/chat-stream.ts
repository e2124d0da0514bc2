/**
 * One streamed completion from the browser, straight to the gateway with the customer's key. Reports text as it arrives; resolves with
 * what the answer's headers and its last frame say. Throws Error with the gateway's message.
 */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatFacts {
  readonly generation: string;
  readonly model: string;
  readonly vendor: string;
  readonly region: string;
  /** Why this model and vendor. */
  readonly route: string;
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number;
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  /** Decimal string or number of USD, as the gateway gives it. */
  readonly costUsd: string | undefined;
}

export interface ChatCall {
  readonly gateway: string;
  readonly apiKey: string;
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

interface Chunk {
  readonly error?: { readonly message?: string };
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null } }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number; readonly cost?: number | string } | null;
}

export async function streamChat(call: ChatCall): Promise<ChatFacts> {
  const startedAt = performance.now();
  const response = await callGateway(call.gateway, '/v1/chat/completions', call.apiKey, bodyOf(call), call.signal);
  let firstTokenMs: number | undefined;
  let usage: NonNullable<Chunk['usage']> | undefined;
  for await (const chunk of readChunks(response)) {
    if (chunk.error) throw new Error(chunk.error.message ?? 'The stream ended with an error.');
    const delta = chunk.choices?.[0]?.delta;
    if (firstTokenMs === undefined && (delta?.content || delta?.reasoning_content)) firstTokenMs = performance.now() - startedAt;
    if (delta?.content) call.onText(delta.content);
    usage = chunk.usage ?? usage;
  }
  const header = (name: string) => response.headers.get(name) ?? '';
  return {
    generation: header('x-modelapi-generation'),
    model: header('x-modelapi-model'),
    vendor: header('x-modelapi-vendor'),
    region: header('x-modelapi-region'),
    route: header('x-modelapi-route'),
    firstTokenMs,
    totalMs: performance.now() - startedAt,
    promptTokens: usage?.prompt_tokens,
    completionTokens: usage?.completion_tokens,
    costUsd: usage?.cost === undefined ? undefined : decimal(usage.cost),
  };
}

/** A POST with the key; throws Error with the gateway's message when it refuses. */
export async function callGateway(gateway: string, path: string, apiKey: string, body: object, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(`${gateway}${path}`, {
    method: 'POST',
    credentials: 'omit',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response;
  const answer = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
  throw new Error(answer?.error?.message ?? `${response.status} ${response.statusText}`);
}

function bodyOf(call: ChatCall): object {
  return {
    model: call.model,
    messages: call.messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(call.maxTokens === undefined ? {} : { max_tokens: call.maxTokens }),
    ...(call.temperature === undefined ? {} : { temperature: call.temperature }),
  };
}

async function* readChunks(response: Response): AsyncGenerator<Chunk> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const data = line.startsWith('data:') ? line.slice('data:'.length).trim() : '';
      if (data !== '' && data !== '[DONE]') yield JSON.parse(data) as Chunk;
    }
  }
}

/** A very small number is written without an exponent: 0.00000042, not 4.2e-7. */
function decimal(cost: number | string): string {
  return typeof cost === 'string' ? cost : cost.toFixed(12).replace(/\.?0+$/, '');
}
