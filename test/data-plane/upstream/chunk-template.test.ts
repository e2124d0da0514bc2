/** The hot path of a stream: as exact as the long way, and without its JSON.parse. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openai } from '../../../data-plane/upstream/protocols/openai/adapter.js';
import { replayStream, streamFrames, target } from '../../conformance/gemini-and-anthropic-replay.js';

afterEach(() => {
  vi.restoreAllMocks();
});

type Shape = (delta: object, finish: string | null, index: number) => string;

const SHAPES: Readonly<Record<string, Shape>> = {
  'OpenAI, padded': (delta, finish, index) =>
    JSON.stringify({
      id: 'v',
      created: 1,
      model: 'v',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      usage: null,
      obfuscation: 'x'.repeat(index % 9),
    }),
  'Azure, padded in the middle': (delta, finish, index) =>
    JSON.stringify({
      choices: [{ delta, finish_reason: finish, index: 0 }],
      created: 1,
      id: 'v',
      model: 'v',
      obfuscation: 'y'.repeat(index % 9),
      object: 'o',
      usage: null,
    }),
  'Mistral, padded with p': (delta, finish, index) =>
    JSON.stringify({ id: 'v', choices: [{ index: 0, delta, finish_reason: finish }], p: 'abc'.repeat(index % 5) }),
  'Python, with spaces': (delta, finish) =>
    JSON.stringify({ id: 'v', choices: [{ index: 0, delta, finish_reason: finish }] }, null, 1).replaceAll('\n', ''),
  'GLM, the role repeated': (delta, finish) =>
    JSON.stringify({
      id: 'v',
      choices: [{ index: 0, delta: { role: 'assistant', ...delta }, ...(finish !== null && { finish_reason: finish }) }],
    }),
};
const shapes = Object.entries(SHAPES).map(([name, shape]) => ({ name, shape }));

function streamOf(events: readonly string[]): Buffer {
  return Buffer.from(`${events.map((event) => `data: ${event}\n\n`).join('')}data: [DONE]\n\n`);
}

describe.each(shapes)('$name', ({ shape }) => {
  test('any text comes through whole', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '\\', '\\"', '","content":"', '\n', '"}]', 'ü€😀', 'modelapi-sentinel'),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), (texts) => {
        const events = [...texts.map((content, index) => shape({ content }, null, index)), shape({}, 'stop', 0)];
        const { answers, frames } = replayStream(openai, [streamOf(events)], target({ stream: true }));
        const said = texts.join('').toWellFormed();
        expect(answers[0]?.content ?? '').toBe(said);
        expect(frames.reduce((sum, frame) => sum + frame.deliveredBytes, 0)).toBe(Buffer.byteLength(said));
      }),
      { numRuns: 150 },
    );
  });

  test('reasoning, then text, then arguments: each learned in turn', () => {
    const call = (args: string, first: boolean) => ({
      tool_calls: [{ index: 0, ...(first && { id: 'c', type: 'function' }), function: { ...(first && { name: 'f' }), arguments: args } }],
    });
    const deltas = [
      ...['a', 'b', 'c', 'd'].map((text) => ({ reasoning_content: text })),
      ...['e', 'f', 'g', 'h'].map((text) => ({ content: text })),
      ...['{"x"', ':', '"\\"', '"', '}'].map((text, index) => call(text, index === 0)),
    ];
    const events = [...deltas.map((delta, index) => shape(delta, null, index)), shape({}, 'tool_calls', 0)];
    const answer = replayStream(openai, [streamOf(events)], target({ stream: true })).answers[0];
    expect(answer).toMatchObject({ reasoning: 'abcd', content: 'efgh', toolCalls: [{ function: { arguments: '{"x":"\\""}' } }] });
  });

  test('a thousand events cost a handful of parses', () => {
    const events = Array.from({ length: 1_000 }, (_, index) => shape({ content: ` word${index}` }, null, index));
    const bytes = streamOf([...events, shape({}, 'stop', 0)]);
    const parse = vi.spyOn(JSON, 'parse');
    const frames = [...streamFrames(openai, [bytes], target({ stream: true }))];
    expect(parse.mock.calls.length).toBeLessThan(12);
    vi.restoreAllMocks();
    expect(frames.map((frame) => frame.data.toString()).join('')).toContain(' word999');
  });
});

test('an event that is like the others but for one member takes the long way', () => {
  const event = (delta: object, rest: object = {}) =>
    JSON.stringify({ id: 'v', choices: [{ index: 0, delta, finish_reason: null, ...rest }] });
  const events = [
    event({ content: 'a' }),
    event({ content: 'b' }),
    event({ content: 'c' }),
    event({ content: 'd', refusal: 'no' }),
    event({ content: 'e' }, { finish_reason: 'length' }),
  ];
  const { answers } = replayStream(openai, [streamOf(events)], target({ stream: true }));
  expect(answers[0]).toMatchObject({ content: 'abcde', refusal: 'no', finishReason: 'length' });
});

test('a raw control character or half an escape inside a string is refused, not passed on', () => {
  const event = (content: string) => `{"id":"v","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}`;
  for (const broken of ['\t', '\\x', '\\u12']) {
    const events = [event('a'), event('b'), event('c'), event(broken)];
    expect(() => replayStream(openai, [streamOf(events)], target({ stream: true }))).toThrow(/not a JSON object/);
  }
});
