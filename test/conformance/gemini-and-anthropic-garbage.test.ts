/** Whatever a vendor sends, a decoder answers with frames or an UpstreamFailure, and a broken answer never ends with a clean stop. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anthropic } from '../../data-plane/upstream/protocols/anthropic/index.js';
import { gemini } from '../../data-plane/upstream/protocols/gemini/index.js';
import { type ProtocolAdapter, UpstreamFailure } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';

const ADAPTERS: readonly (readonly [string, ProtocolAdapter])[] = [
  ['anthropic', anthropic],
  ['gemini', gemini],
];

const ANTHROPIC_STREAM = [
  { type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 10, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} } },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":"Rome"}' } },
  { type: 'content_block_stop', index: 1 },
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];
const GEMINI_STREAM = [
  { candidates: [{ content: { parts: [{ text: 'Hello' }] }, index: 0 }], usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 } },
  { candidates: [{ content: { parts: [{ functionCall: { name: 'weather', args: { city: 'Rome' } } }] }, index: 0 }] },
  {
    candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4, totalTokenCount: 7 },
  },
];
const STREAMS = new Map<ProtocolAdapter, readonly object[]>([
  [anthropic, ANTHROPIC_STREAM],
  [gemini, GEMINI_STREAM],
]);

const wire = (bodies: readonly unknown[]): Buffer => Buffer.from(bodies.map((body) => `data: ${JSON.stringify(body)}\n\n`).join(''));

/** In the very form that Anthropic sends, padding included. */
function claudeText(texts: readonly string[]): Buffer {
  const deltas = texts.map((text, index) => {
    const padding = ' '.repeat(index);
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}${padding}}\n\n`;
  });
  const [start, block, , stop] = ANTHROPIC_STREAM;
  const end = [{ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} }, { type: 'message_stop' }];
  return Buffer.concat([wire([start, block]), Buffer.from(deltas.join('')), wire([stop, ...end])]);
}

function geminiText(texts: readonly string[]): Buffer {
  const chunks = texts.map((text) => ({ candidates: [{ content: { parts: [{ text }] }, index: 0 }] }));
  return wire([...chunks, { candidates: [{ finishReason: 'STOP', index: 0 }] }]);
}

/** Runs it; true when it was answered without a failure. Anything thrown but an UpstreamFailure fails the test. */
function survives(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(UpstreamFailure);
    return false;
  }
}

describe.each(ADAPTERS)('%s', (_name, adapter) => {
  const whole = STREAMS.get(adapter) ?? [];

  test.each([
    '',
    '<html><body>502 Bad Gateway</body></html>',
    '{"content":[{"type":"te',
    'null',
    '[]',
    '{}',
    '"text"',
    '{"choices":[]}',
    '\u0000',
  ])('the body %j is malformed', (text) => {
    expect(() => replaySync(adapter, Buffer.from(text), target({}))).toThrow(UpstreamFailure);
  });

  test('a sync body cut at any byte is a failure', () => {
    const body =
      adapter === anthropic
        ? {
            id: 'msg_1',
            type: 'message',
            content: [{ type: 'text', text: 'Hé' }],
            stop_reason: 'end_turn',
            usage: { input_tokens: 1, output_tokens: 1 },
          }
        : {
            candidates: [{ content: { parts: [{ text: 'Hé' }] }, finishReason: 'STOP' }],
            usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 },
          };
    const bytes = Buffer.from(JSON.stringify(body));
    expect(replaySync(adapter, bytes, target({})).answers[0]?.content).toBe('Hé');
    for (let at = 0; at < bytes.length; at++) expect(() => replaySync(adapter, bytes.subarray(0, at), target({}))).toThrow(UpstreamFailure);
  });

  test('an error inside a 200 is a failure, in a body and in a stream', () => {
    const error =
      adapter === anthropic
        ? { type: 'error', error: { type: 'api_error', message: 'x' } }
        : { error: { code: 500, message: 'x', status: 'INTERNAL' } };
    expect(() => replaySync(adapter, Buffer.from(JSON.stringify(error)), target({}))).toThrow(
      expect.objectContaining({ kind: 'server_error' }),
    );
    for (let at = 0; at < whole.length; at++) {
      expect(() => replayStream(adapter, [wire([...whole.slice(0, at), error, ...whole.slice(at)])], target({ stream: true }))).toThrow(
        UpstreamFailure,
      );
    }
  });

  test('a stream that misses any of its events ends with a failure or says something true', () => {
    for (let missing = 0; missing < whole.length; missing++) {
      survives(() => {
        const { answers } = replayStream(adapter, [wire(whole.filter((_event, index) => index !== missing))], target({ stream: true }));
        for (const called of answers[0]?.toolCalls ?? []) JSON.parse(called.function.arguments);
      });
    }
  });

  test('negative, fractional and absurd counts are bent and flagged', () => {
    for (const bad of [-5, 1.5, 1e18, Number.NaN, '12', {}, true]) {
      const usage = adapter === anthropic ? { input_tokens: bad, output_tokens: bad } : undefined;
      const usageMetadata = { promptTokenCount: bad, candidatesTokenCount: bad, totalTokenCount: bad };
      const body =
        adapter === anthropic
          ? { type: 'message', content: [], stop_reason: 'end_turn', usage }
          : { candidates: [{ content: { parts: [] }, finishReason: 'STOP' }], usageMetadata };
      const report = replaySync(adapter, Buffer.from(JSON.stringify(body)), target({})).usage;
      if (report === undefined) continue;
      for (const count of Object.values(report.buckets)) expect(Number.isSafeInteger(count) && count >= 0 && count < 1e9).toBe(true);
      if (!Number.isNaN(bad)) expect(report.mismatch).toBe(true);
    }
  });

  test('any JSON anywhere in a stream is survived', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom(...whole)), { maxLength: 12 }), (bodies) => {
        survives(() => replayStream(adapter, [wire(bodies)], target({ stream: true })));
      }),
      { numRuns: 300 },
    );
  });

  test('an event whose members were replaced at random is survived, whole and streamed', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(20), fc.jsonValue(), (event, member, value) => {
        const bodies = whole.map((body, index) => (index === event ? replaceMember(body, member, value) : body));
        survives(() => replayStream(adapter, [wire(bodies)], target({ stream: true })));
        survives(() => replaySync(adapter, Buffer.from(JSON.stringify(bodies[event])), target({})));
      }),
      { numRuns: 500 },
    );
  });

  test('any text arrives as it was sent, in any cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 50 }),
        (texts, size) => {
          const bytes = adapter === anthropic ? claudeText(texts) : geminiText(texts);
          const reads = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          const { answers, frames } = replayStream(adapter, reads, target({ stream: true }));
          expect(answers[0]?.content).toBe(texts.join(''));
          expect(frames.reduce((total, frame) => total + frame.deliveredBytes, 0)).toBe(
            texts.reduce((total, text) => total + Buffer.byteLength(text), 0),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('bytes that are no events at all are survived', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (reads) => {
        expect(
          survives(() =>
            replayStream(
              adapter,
              reads.map((read) => Buffer.from(read)),
              target({ stream: true }),
            ),
          ),
        ).toBe(false);
        expect(survives(() => replaySync(adapter, Buffer.concat(reads), target({})))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

test('anthropic: a content block that begins twice, or was never begun, is malformed', () => {
  const twice = [...ANTHROPIC_STREAM.slice(0, 3), ANTHROPIC_STREAM[1]];
  expect(() => replayStream(anthropic, [wire(twice)], target({ stream: true }))).toThrow(expect.objectContaining({ kind: 'malformed' }));
  const never = [ANTHROPIC_STREAM[0], ANTHROPIC_STREAM[2]];
  expect(() => replayStream(anthropic, [wire(never)], target({ stream: true }))).toThrow(expect.objectContaining({ kind: 'malformed' }));
});

test('anthropic: arguments that are not JSON are malformed, unless the limit cut them', () => {
  const broken = (reason: string): object[] => [
    ...ANTHROPIC_STREAM.slice(0, 5),
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":"Ro' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: reason }, usage: {} },
    { type: 'message_stop' },
  ];
  expect(() => replayStream(anthropic, [wire(broken('tool_use'))], target({ stream: true }))).toThrow(
    expect.objectContaining({ kind: 'malformed' }),
  );
  expect(replayStream(anthropic, [wire(broken('max_tokens'))], target({ stream: true })).answers[0]?.finishReason).toBe('length');
});

test('anthropic: a second message inside the first is malformed, the same one announced twice is not', () => {
  const other = { type: 'message_start', message: { id: 'msg_2', usage: {} } };
  const spliced = [...ANTHROPIC_STREAM.slice(0, 3), other, ...ANTHROPIC_STREAM.slice(1)];
  expect(() => replayStream(anthropic, [wire(spliced)], target({ stream: true }))).toThrow(expect.objectContaining({ kind: 'malformed' }));
  const doubled = [ANTHROPIC_STREAM[0], ...ANTHROPIC_STREAM];
  expect(replayStream(anthropic, [wire(doubled)], target({ stream: true })).finished).toBe(true);
});

/** The `nth` member of the body, counted depth first, replaced. */
function replaceMember(body: object, nth: number, value: unknown): object {
  let left = nth;
  return JSON.parse(JSON.stringify(body), (name, member) => (name !== '' && left-- === 0 ? value : member)) as object;
}
