import { describe, expect, test } from 'vitest';
import { openai } from '../../data-plane/upstream/protocols/openai/adapter.js';
import { UpstreamFailure } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { type Recording, recordings } from './gemini-and-anthropic-recordings.js';
import { type Replay, replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';
import { violations } from './openai-schema.js';
import { RECORDED_VENDORS, type RecordedVendor } from './openai-vendors.js';

/** Streams that were recorded without their end, or with an error in it: the gateway must say so and never end them well. */
const CUT = /streaming_not_complete|stream_error/;

describe.each(RECORDED_VENDORS)('$folder', (vendor) => {
  const recorded = recordings(vendor.folder).filter((one) => one.status === 200 && isChat(one));
  const whole = recorded.filter((one) => !one.stream);
  const streams = recorded.filter((one) => one.stream);

  test.each(whole)('sync answer of $name is an OpenAI object', (recording) => {
    const replay = replaySync(openai, recording.bytes, targetOf(vendor, recording));
    expect(violations('CreateChatCompletionResponse', replay.chunks[0])).toEqual([]);
    expect(replay.chunks[0]).toMatchObject({ id: 'chatcmpl-0199-request', object: 'chat.completion', model: 'public-model' });
    expect(replay.chunks[0]).toHaveProperty('system_fingerprint');
    expectCleanAnswers(replay);
  });

  test.each(streams)('stream $name is OpenAI chunks', (recording) => {
    let replay: Replay;
    try {
      replay = replayStream(openai, [recording.bytes], targetOf(vendor, recording));
    } catch (error) {
      expect(recording.name).toMatch(CUT);
      expect(error).toBeInstanceOf(UpstreamFailure);
      return;
    }
    for (const chunk of replay.chunks) {
      expect(violations('CreateChatCompletionStreamResponse', chunk)).toEqual([]);
      expect(chunk).toMatchObject({ id: 'chatcmpl-0199-request', created: 1_700_000_000, model: 'public-model' });
      for (const member of ['obfuscation', 'p', 'x_groq', 'provider', 'prompt_filter_results']) expect(chunk).not.toHaveProperty(member);
    }
    expect(replay.finished).toBe(true);
    expect(replay.chunks.filter((chunk) => chunk['usage'] !== null)).toHaveLength(1);
    expectCleanAnswers(replay);
  });

  test.each(streams)('stream $name delivers what the vendor said, word for word', (recording) => {
    const replay = attempt(() => replayStream(openai, [recording.bytes], targetOf(vendor, recording)));
    if (typeof replay === 'string') return;
    const { answers, frames } = replayStream(openai, cut(recording.bytes, 97), targetOf(vendor, recording));
    expect(
      answers.map(({ content, reasoning, toolCalls }) => ({
        content,
        reasoning,
        arguments: toolCalls.map((call) => call.function.arguments).join(''),
      })),
    ).toEqual(spoken(recording));
    const delivered = frames.reduce((sum, frame) => sum + frame.deliveredBytes, 0);
    const said = spoken(recording)
      .map((choice) => choice.content + choice.reasoning + choice.arguments)
      .join('');
    // A refusal is delivered too; `{}` for a call without arguments is ours.
    if (answers.every((answer) => answer.refusal === null) && !said.includes('{}')) expect(delivered).toBe(Buffer.byteLength(said));
  });

  test.each(streams)('stream $name is the same however the socket cuts it', (recording) => {
    const of = targetOf(vendor, recording);
    const once = attempt(() => replayStream(openai, [recording.bytes], of));
    const bytewise = attempt(() => replayStream(openai, cut(recording.bytes, 7), of));
    expect(bytewise).toEqual(once);
  });
});

function targetOf(vendor: RecordedVendor, recording: Recording) {
  return target({ quirks: vendor.quirks, stream: recording.stream, body: {} });
}

function isChat(recording: Recording): boolean {
  const url = recording.request?.url ?? '/chat/completions';
  return url.includes('/chat/completions') && recording.bytes.length > 4 && recording.bytes.includes('choices');
}

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

function attempt(run: () => Replay): unknown {
  try {
    const { chunks, answers, usage, finished } = run();
    return { chunks, answers, usage, finished };
  } catch (error) {
    return error instanceof UpstreamFailure ? error.kind : error;
  }
}

function expectCleanAnswers(replay: Replay): void {
  expect(replay.answers.length).toBeGreaterThan(0);
  for (const answer of replay.answers) {
    expect(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']).toContain(answer.finishReason);
    for (const call of answer.toolCalls) {
      expect(call).toMatchObject({ id: expect.stringMatching(/./), type: 'function' });
      if (answer.finishReason === 'tool_calls') expect(() => JSON.parse(call.function.arguments)).not.toThrow();
    }
  }
}

/** What the vendor's own chunks say, put together without the gateway's code. */
function spoken(recording: Recording): { content: string; reasoning: string; arguments: string }[] {
  const choices: { content: string; reasoning: string; arguments: string; calls: Map<number, string> }[] = [];
  for (const line of recording.bytes.toString().split(/\r?\n/)) {
    if (!line.startsWith('data:') || !line.includes('{')) continue;
    for (const choice of (JSON.parse(line.slice(5)).choices ?? []) as RecordedChoice[]) {
      const index = choice.index ?? 0;
      choices[index] ??= { content: '', reasoning: '', arguments: '', calls: new Map() };
      const said = choices[index];
      const { content, reasoning_content, reasoning, tool_calls } = choice.delta ?? {};
      if (typeof content === 'string') said.content += content;
      for (const part of Array.isArray(content) ? content : []) {
        if (part.type === 'text') said.content += part.text ?? '';
        for (const thought of part.thinking ?? []) said.reasoning += thought.text;
      }
      said.reasoning += reasoning_content || reasoning || '';
      for (const call of tool_calls ?? []) {
        const position = call.index ?? 0;
        said.calls.set(position, (said.calls.get(position) ?? '') + (call.function?.arguments ?? ''));
      }
    }
  }
  return choices.map(({ content, reasoning, calls }) => ({
    content,
    reasoning,
    arguments: [...calls.values()].map((text) => text || '{}').join(''),
  }));
}

interface RecordedChoice {
  readonly index?: number;
  readonly delta?: {
    readonly content?: string | null | readonly { type: string; text?: string; thinking?: readonly { text: string }[] }[];
    readonly reasoning_content?: string | null;
    readonly reasoning?: string | null;
    readonly tool_calls?: readonly { index?: number; function?: { arguments?: string } }[];
  };
}
