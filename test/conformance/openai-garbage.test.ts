/** Whatever a vendor sends, the decoder answers with frames or an UpstreamFailure, and never with a clean stop that nobody said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openai } from '../../data-plane/upstream/protocols/openai/adapter.js';
import { UpstreamFailure } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { type Recording, recordings } from './gemini-and-anthropic-recordings.js';
import { replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';

const recorded: readonly Recording[] = ['openai', 'qwen', 'mistral', 'groq', 'zai', 'openrouter'].flatMap((folder) =>
  recordings(folder).filter((one) => one.status === 200 && one.bytes.length < 20_000),
);
const streams = recorded.filter((one) => one.stream);
const whole = recorded.filter((one) => !one.stream);

function decodes(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
  }
}

/** Flips, drops and repeats bytes. */
function damage(bytes: Buffer, changes: readonly (readonly [at: number, to: number, kind: number])[]): Buffer {
  const copy = Buffer.from(bytes);
  let result = copy;
  for (const [at, to, kind] of changes) {
    const position = at % Math.max(1, result.length);
    if (kind === 0) result[position] = to;
    else if (kind === 1) result = Buffer.concat([result.subarray(0, position), result.subarray(position + (to % 20))]);
    else result = Buffer.concat([result.subarray(0, position), result.subarray(Math.max(0, position - to)), result.subarray(position)]);
  }
  return result;
}

const CHANGES = fc.array(fc.tuple(fc.nat(20_000), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 4 });

describe.skipIf(recorded.length === 0)('damaged recordings', () => {
  test('streams', () => {
    fc.assert(
      fc.property(fc.nat(), CHANGES, (pick, changes) => {
        const recording = streams[pick % streams.length];
        if (recording !== undefined) decodes(() => replayStream(openai, [damage(recording.bytes, changes)], target({ stream: true })));
      }),
      { numRuns: 400 },
    );
  });

  test('sync answers', () => {
    fc.assert(
      fc.property(fc.nat(), CHANGES, (pick, changes) => {
        const recording = whole[pick % whole.length];
        if (recording !== undefined) decodes(() => replaySync(openai, damage(recording.bytes, changes), target({})));
      }),
      { numRuns: 400 },
    );
  });

  test.each(streams)('$name cut anywhere before its end never stops cleanly', (recording) => {
    const finish = recording.bytes.toString('latin1').search(/"finish_reason": ?"/);
    const step = Math.ceil(finish / 40);
    for (let at = 1; at < finish; at += step) {
      expect(() => replayStream(openai, [recording.bytes.subarray(0, at)], target({ stream: true }))).toThrow(UpstreamFailure);
    }
  });
});

test('any JSON at all', () => {
  const envelope = fc.record(
    { choices: fc.jsonValue(), usage: fc.jsonValue(), error: fc.jsonValue(), id: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const choice = fc.record(
    { index: fc.jsonValue(), delta: fc.jsonValue(), message: fc.jsonValue(), finish_reason: fc.jsonValue(), logprobs: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const call = fc.record({ index: fc.jsonValue(), id: fc.jsonValue(), function: fc.jsonValue() }, { requiredKeys: [] });
  const delta = fc.record({ content: fc.jsonValue(), tool_calls: fc.array(call), reasoning: fc.jsonValue(), refusal: fc.jsonValue() });
  const chunk = fc.oneof(
    envelope,
    fc.record({ choices: fc.array(choice) }),
    fc.record({ choices: fc.array(fc.record({ delta, index: fc.nat(2) })) }),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 5 }), (chunks) => {
      decodes(() =>
        replayStream(openai, [Buffer.from(chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''))], target({ stream: true })),
      );
      for (const one of chunks) decodes(() => replaySync(openai, Buffer.from(JSON.stringify(one)), target({})));
    }),
    { numRuns: 300 },
  );
});

test('a whole answer where a stream was asked for is streamed', () => {
  const body = { id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'whole' }, finish_reason: 'stop' }] };
  const replay = replayStream(openai, [Buffer.from(JSON.stringify(body))], target({ stream: true }));
  expect(replay.answers[0]).toMatchObject({ content: 'whole', finishReason: 'stop' });
});

test('sync and stream agree: every recorded answer, said in pieces, is the same answer', () => {
  for (const recording of whole) {
    const body = JSON.parse(recording.bytes.toString()) as {
      choices?: { message?: Record<string, unknown>; finish_reason?: string; index?: number }[];
    };
    if (!Array.isArray(body.choices) || body.choices.some((choice) => choice.message === undefined)) continue;
    const pieces = body.choices.flatMap((choice, index) => sayInPieces(choice.message ?? {}, choice.finish_reason ?? 'stop', index));
    const text = `${pieces.map((choice) => `data: ${JSON.stringify({ id: 'x', choices: [choice] })}\n\n`).join('')}data: [DONE]\n\n`;
    const streamed = replayStream(openai, [Buffer.from(text)], target({ stream: true })).answers;
    const answered = replaySync(openai, recording.bytes, target({})).answers;
    const said = (answers: typeof streamed) => answers.map(({ logprobs: _, ...rest }) => rest);
    expect(said(streamed)).toEqual(said(answered));
  }
});

function sayInPieces(message: Record<string, unknown>, finish: string, index: number): object[] {
  const { content, reasoning, reasoning_content, tool_calls, ...rest } = message as {
    content?: unknown;
    reasoning?: string;
    reasoning_content?: string;
    tool_calls?: { id: string; type: string; function: { name: string; arguments?: string } }[];
  };
  const thought = reasoning_content ?? reasoning ?? '';
  const deltas: object[] = [...halves(thought).map((half) => ({ reasoning_content: half })), rest];
  if (typeof content === 'string') deltas.push(...halves(content).map((half) => ({ content: half })));
  else if (Array.isArray(content)) deltas.push({ content });
  for (const [position, call] of (tool_calls ?? []).entries()) {
    const [first = '', second = ''] = halves(call.function.arguments ?? '');
    deltas.push({ tool_calls: [{ ...call, index: position, function: { ...call.function, arguments: first } }] });
    if (second !== '') deltas.push({ tool_calls: [{ index: position, function: { arguments: second } }] });
  }
  return [...deltas.map((delta) => ({ index, delta, finish_reason: null })), { index, delta: {}, finish_reason: finish }];
}

function halves(text: string): string[] {
  const letters = [...text];
  return [letters.slice(0, letters.length / 2).join(''), letters.slice(letters.length / 2).join('')];
}
