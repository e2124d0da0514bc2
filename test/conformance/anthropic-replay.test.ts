/** Every recording of Anthropic: requests re-encoded, answers decoded, validated against OpenAI's schemas, usage against genai-prices. */
import { extractUsage, findProvider } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { anthropic } from '../../data-plane/upstream/protocols/anthropic/index.js';
import { UpstreamFailure } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { canonicalMessages, chatFromMessages, NotDerivable } from './anthropic-to-chat.js';
import { named, type Recording, recordings } from './gemini-and-anthropic-recordings.js';
import { chatUsage, type Replay, replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';
import { violations } from './openai-schema.js';

const all = [...recordings('anthropic'), ...recordings('vertex').filter((recording) => recording.request?.url.includes('/anthropic/'))];
const answers = all.filter((recording) => recording.status === 200 && !recording.name.includes('spliced-message-start'));
const provider = findProvider({ providerId: 'anthropic' });

function replay(recording: Recording, reads?: readonly Buffer[]): Replay {
  const of = target({ stream: recording.stream, upstreamModel: 'claude-sonnet-4-5' });
  return recording.stream ? replayStream(anthropic, reads ?? [recording.bytes], of) : replaySync(anthropic, recording.bytes, of);
}

describe.skipIf(answers.length === 0)('answers', () => {
  test.each(named(answers))('%s is a valid OpenAI answer with one finish reason', (_name, recording) => {
    const { chunks, finished, answers: choices } = replay(recording);
    expect(finished).toBe(true);
    const schema = recording.stream ? 'CreateChatCompletionStreamResponse' : 'CreateChatCompletionResponse';
    for (const chunk of chunks) expect(violations(schema, chunk)).toEqual([]);
    expect(choices).toHaveLength(1);
    expect(choices[0]?.finishReason).toMatch(/^(stop|length|tool_calls|content_filter)$/);
    for (const call of choices[0]?.toolCalls ?? []) expect(() => JSON.parse(call.function.arguments)).not.toThrow();
  });

  test.each(named(answers))('%s has the usage that genai-prices extracts', (_name, recording) => {
    const { usage } = replay(recording);
    const body = recording.stream ? lastUsage(recording.bytes) : (JSON.parse(recording.bytes.toString()) as Record<string, unknown>);
    if (body['usage'] === undefined || provider === undefined) return expect(usage).toBeUndefined();
    const oracle = extractUsage(provider, body).usage;
    const priced = chatUsage(usage ?? expect.fail('no usage'));
    expect(usage?.mismatch).toBe(false);
    expect(priced.prompt_tokens).toBe(oracle.input_tokens);
    expect(priced.completion_tokens).toBe(oracle.output_tokens);
    expect(priced.prompt_tokens_details.cached_tokens).toBe(oracle.cache_read_tokens ?? 0);
    expect(priced.prompt_tokens_details.cache_write_tokens).toBe(oracle.cache_write_tokens ?? 0);
  });

  test.each(named(answers.filter((recording) => recording.stream)))('%s is the same however it is cut', (_name, recording) => {
    const whole = replay(recording);
    for (const size of [1, 7, 64, 1000]) {
      const cut = replay(recording, slices(recording.bytes, size));
      expect(cut.answers).toEqual(whole.answers);
      expect(cut.usage).toEqual(whole.usage);
    }
  });

  test.each(named(answers.filter((recording) => recording.stream)))('%s cut off early never ends cleanly', (_name, recording) => {
    const end = recording.bytes.lastIndexOf('event: message_delta');
    for (let part = 0; part <= 40; part++) {
      const bytes = recording.bytes.subarray(0, Math.floor((end * part) / 40));
      expect(() => replayStream(anthropic, [bytes], target({ stream: true }))).toThrow(UpstreamFailure);
    }
  });
});

/** The sync body's shape of what a stream said of usage, for the oracle: the last value of each count. */
function lastUsage(bytes: Buffer): Record<string, unknown> {
  let usage: Record<string, unknown> = {};
  let model: unknown;
  for (const line of bytes.toString().split('\n')) {
    if (!line.startsWith('data:')) continue;
    const event = JSON.parse(line.slice('data:'.length)) as {
      type: string;
      usage?: object;
      message?: { usage: object; model: string; id: string };
    };
    if (event.type === 'message_start') model = event.message?.model;
    const told = event.type === 'message_start' ? event.message?.usage : event.type === 'message_delta' ? event.usage : undefined;
    usage = { ...usage, ...told };
  }
  return { model, usage };
}

function slices(bytes: Buffer, size: number): Buffer[] {
  const reads: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) reads.push(bytes.subarray(at, at + size));
  return reads;
}

const requests = all.filter((recording) => recording.request?.body['messages'] !== undefined);

describe.skipIf(requests.length === 0)('requests', () => {
  test.for(named(requests))('%s is encoded as its SDK did', ([, recording], { skip }) => {
    const body = recording.request?.body ?? {};
    let chat: ReturnType<typeof chatFromMessages>;
    try {
      chat = chatFromMessages(body);
    } catch (error) {
      if (error instanceof NotDerivable) return skip(error.message);
      throw error;
    }
    const vertex = body['anthropic_version'] !== undefined;
    const of = target({
      body: chat,
      upstreamModel: String(body['model'] ?? 'claude-3-7-sonnet@20250219'),
      outputLimit: 200_000,
      quirks: vertex ? { more: { bodyVersion: body['anthropic_version'] } } : {},
      stream: body['stream'] === true,
    });
    const encoded = anthropic.encodeRequest(of);
    expect(canonicalMessages(JSON.parse(String(encoded.body)))).toEqual(canonicalMessages(body));
    expect(encoded.dropped).toEqual([]);
  });
});
