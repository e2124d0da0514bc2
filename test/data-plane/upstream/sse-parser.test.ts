import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SseEvent } from '../../../data-plane/upstream/protocols/protocol-adapter.js';
import { SseParser } from '../../../data-plane/upstream/sse-parser.js';
import { FIXTURES, HAS_FIXTURES } from '../../conformance/gemini-and-anthropic-recordings.js';

function parse(...reads: readonly (Buffer | string)[]): SseEvent[] {
  const parser = new SseParser();
  return [...reads.flatMap((read) => parser.push(Buffer.from(read))), ...parser.end()];
}

function data(...reads: readonly (Buffer | string)[]): string[] {
  return parse(...reads).map((event) => event.data);
}

describe('framing', () => {
  test.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['no blank after the colon', 'data:a\n\ndata:b\n\n'],
    ['no final blank line', 'data: a\n\ndata: b\n'],
    ['no final line end', 'data: a\n\ndata: b'],
    ['a BOM', '\ufeffdata: a\n\ndata: b\n\n'],
    ['comments', ': OPENROUTER PROCESSING\n\ndata: a\n\n: ping\ndata: b\n\n'],
    ['other fields', 'id: 1\nretry: 10\ndata: a\n\nid: 2\ndata: b\n\n'],
  ])('%s', (_name, text) => {
    expect(data(text)).toEqual(['a', 'b']);
  });

  test('data lines of one event are joined by a newline', () => {
    expect(data('data: {"a":\ndata: 1}\n\n')).toEqual(['{"a":\n1}']);
  });

  test('event names belong to their event alone', () => {
    expect(parse('event: ping\ndata: a\n\ndata: b\n\n')).toEqual([
      { event: 'ping', data: 'a' },
      { event: '', data: 'b' },
    ]);
  });

  test('bare JSON instead of events is an event (an error body in a stream)', () => {
    expect(data('data: a\n\n{\n  "error": {"code": 503}\n}\n').map((text) => text.replace(/\s/g, ''))).toEqual([
      'a',
      '{"error":{"code":503}}',
    ]);
  });
});

test('an event over 10 MB is refused, however it arrives', () => {
  const parser = new SseParser();
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  parser.push(Buffer.from('data: '));
  expect(() => {
    for (let index = 0; index < 11; index++) parser.push(megabyte);
  }).toThrow(/larger than/);
  const lines = new SseParser();
  expect(() => {
    for (let index = 0; index < 11; index++) lines.push(Buffer.concat([Buffer.from('data: '), megabyte, Buffer.from('\n')]));
  }).toThrow(/larger than/);
});

test('10 MB in small reads costs linear time', () => {
  const parser = new SseParser();
  const read = Buffer.alloc(1024, 'x');
  parser.push(Buffer.from('data: '));
  for (let index = 0; index < 10_000; index++) parser.push(read);
  expect(parser.push(Buffer.from('\n\n'))[0]?.data).toHaveLength(10_240_000);
});

test('any split of any bytes gives the same events', () => {
  const line = fc.constantFrom('data: {"a":"ü€😀"}', 'data: x', ': c', 'event: e', '', '', 'data:', 'id: 7');
  const end = fc.constantFrom('\n', '\r\n', '\r');
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), fc.array(fc.nat(200)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((pair) => pair.join('')).join(''));
      const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((left, right) => left - right);
      const reads = [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
      expect(parse(...reads)).toEqual(parse(bytes));
    }),
  );
});

/** Every offset of the beginning, where the shapes are; of the whole a spread of offsets. */
const BEGINNING_BYTES = 4096;
const SPREAD = 50;

function same(left: readonly SseEvent[], right: readonly SseEvent[]): boolean {
  return (
    left.length === right.length && left.every((event, index) => event.data === right[index]?.data && event.event === right[index]?.event)
  );
}

function expectSameAtEveryCut(bytes: Buffer, step: number): void {
  const whole = parse(bytes);
  for (let at = 1; at < bytes.length; at += step) {
    if (!same(parse(bytes.subarray(0, at), bytes.subarray(at)), whole)) throw new Error(`differs when cut at byte ${at}`);
  }
}

describe.skipIf(!HAS_FIXTURES)('46: every recorded stream, cut in two at every byte', () => {
  const files = HAS_FIXTURES ? readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sse')) : [];

  test('there are recordings', () => expect(files.length).toBeGreaterThan(100));

  test.each(files)('%s', (file) => {
    const bytes = readFileSync(join(FIXTURES, file));
    expect(parse(bytes).length).toBeGreaterThan(0);
    const beginning = bytes.subarray(0, BEGINNING_BYTES);
    expectSameAtEveryCut(beginning, 1);
    expectSameAtEveryCut(bytes, Math.ceil(bytes.length / SPREAD));
    const single = Array.from({ length: beginning.length }, (_, index) => bytes.subarray(index, index + 1));
    expect(same(parse(...single, bytes.subarray(single.length)), parse(bytes))).toBe(true);
  });
});
