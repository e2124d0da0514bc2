/** Every recording of Gemini (AI Studio and Vertex): requests re-encoded, answers decoded, validated, usage against genai-prices. */
import { extractUsage, findProvider } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { gemini } from '../../data-plane/upstream/protocols/gemini/index.js';
import { UpstreamFailure } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { NotDerivable } from './anthropic-to-chat.js';
import { named, type Recording, recordings } from './gemini-and-anthropic-recordings.js';
import { chatUsage, type Replay, replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';
import { canonicalContents, chatFromContents } from './gemini-to-chat.js';
import { violations } from './openai-schema.js';

const all = [...recordings('gemini'), ...recordings('vertex')].filter((recording) => !recording.request?.url.includes('/anthropic/'));
/** Not chat: the answer of cachedContents.create, and an error body kept without its status. */
const OTHERS = /use-cache-with-structured-1|google-429-retry-info/;
/** Written by hand: their parts do not sum to their total, and that must be noticed. */
const EDITED = /prompt-with-(no-)?thinking-budget-1|image-detection-1|media-detection-2/;
const answers = all.filter((recording) => recording.status === 200 && !OTHERS.test(recording.name));
const provider = findProvider({ providerId: 'google' });

function replay(recording: Recording, reads?: readonly Buffer[]): Replay {
  const of = target({ stream: recording.stream, upstreamModel: 'gemini-3-pro-preview' });
  return recording.stream ? replayStream(gemini, reads ?? [recording.bytes], of) : replaySync(gemini, recording.bytes, of);
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
    if ((choices[0]?.toolCalls.length ?? 0) > 0) expect(choices[0]?.finishReason).toBe('tool_calls');
  });

  test.each(named(answers))('%s has the usage that genai-prices extracts', (_name, recording) => {
    const { usage } = replay(recording);
    const body = recording.stream ? lastCounted(recording.bytes) : (JSON.parse(recording.bytes.toString()) as Record<string, unknown>);
    if (
      body === undefined ||
      provider === undefined ||
      (body['usageMetadata'] as Record<string, unknown>)?.['promptTokenCount'] === undefined
    )
      return expect(usage).toBeUndefined();
    const oracle = extractUsage(provider, body, 'default').usage;
    const priced = chatUsage(usage ?? expect.fail('no usage'));
    expect(usage?.mismatch).toBe(EDITED.test(recording.name));
    expect(priced.prompt_tokens).toBe(oracle.input_tokens);
    expect(priced.completion_tokens).toBe(oracle.output_tokens ?? 0);
    expect(priced.prompt_tokens_details.cached_tokens).toBe(oracle.cache_read_tokens ?? 0);
  });

  test.each(named(answers.filter((recording) => recording.stream)))('%s is the same however it is cut', (_name, recording) => {
    const whole = replay(recording);
    for (const size of [1, 7, 64, 1000]) {
      const reads: Buffer[] = [];
      for (let at = 0; at < recording.bytes.length; at += size) reads.push(recording.bytes.subarray(at, at + size));
      const cut = replay(recording, reads);
      expect(cut.answers).toEqual(whole.answers);
      expect(cut.usage).toEqual(whole.usage);
    }
  });

  test.each(named(answers.filter((recording) => recording.stream)))('%s cut off early never ends cleanly', (_name, recording) => {
    const end = recording.bytes.lastIndexOf('finishReason');
    for (let part = 0; part <= 40; part++) {
      const bytes = recording.bytes.subarray(0, Math.floor((end * part) / 40));
      expect(() => replayStream(gemini, [bytes], target({ stream: true }))).toThrow(UpstreamFailure);
    }
  });
});

function lastCounted(bytes: Buffer): Record<string, unknown> | undefined {
  const lines = bytes.toString().split(/\r?\n/);
  const bodies = lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice('data:'.length)) as Record<string, unknown>);
  return bodies.findLast((body) => (body['usageMetadata'] as Record<string, unknown> | undefined)?.['promptTokenCount'] !== undefined);
}

/** Sent to provoke an error: what OpenAI's request says is repaired instead. */
const WRONG_ON_PURPOSE = /invalid_role|invalid_temperature/;
const requests = all.filter((recording) => recording.request?.body['contents'] !== undefined && !WRONG_ON_PURPOSE.test(recording.name));

describe.skipIf(requests.length === 0)('requests', () => {
  test.for(named(requests))('%s is encoded as its SDK did', ([, recording], { skip }) => {
    const body = recording.request?.body ?? {};
    let chat: ReturnType<typeof chatFromContents>;
    try {
      chat = chatFromContents(body);
    } catch (error) {
      if (error instanceof NotDerivable) return skip(error.message);
      throw error;
    }
    const upstreamModel = /models\/([^:]+):/.exec(recording.request?.url ?? '')?.[1] ?? '';
    const config = body['generationConfig'] as Record<string, unknown> | undefined;
    const outputLimit = (config?.['maxOutputTokens'] as number | undefined) ?? Number.POSITIVE_INFINITY;
    const encoded = gemini.encodeRequest(
      target({
        body: chat,
        upstreamModel,
        outputLimit,
        stream: recording.stream,
        quirks: { efforts: ['minimal', 'low', 'medium', 'high'] },
      }),
    );
    expect(canonicalContents(JSON.parse(String(encoded.body)))).toEqual(canonicalContents(body));
    expect(encoded.dropped).toEqual([]);
    if (!recording.request?.url.includes('aiplatform'))
      expect(new URL(encoded.url).pathname).toBe(new URL(recording.request?.url ?? '').pathname);
  });
});
