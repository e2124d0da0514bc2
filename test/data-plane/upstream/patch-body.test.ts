import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MemberEdit, patchBody } from '../../../data-plane/upstream/protocols/openai/patch-body.js';

const LONG_TEXT = 'x'.repeat(5_000);

function patch(text: string, edits: Record<string, string | null>): unknown {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  const list: MemberEdit[] = Object.entries(edits).map(([key, value]) => ({ key, text: value, value: parsed[key] }));
  const patched = patchBody(Buffer.from(text), list);
  return patched === undefined ? undefined : JSON.parse(patched.toString());
}

const LONG = 'x "quoted" \\ü\n'.repeat(2_000);

describe('a member is changed where it stands', () => {
  test.each([
    ['first', '{"model":"a","messages":[]}'],
    ['after the messages (Python’s order)', JSON.stringify({ messages: [{ role: 'user', content: LONG }], model: 'a', stream: true })],
    ['with spaces', '{ "model" : "a" , "messages" : [ ] }'],
    ['last', '{"messages":[],"model":"a"}'],
    ['beside a nested namesake', '{"metadata":{"model":"a"},"model":"a","tools":[{"model":"a"}]}'],
    ['before a nested namesake at the end', JSON.stringify({ messages: [LONG], model: 'a', metadata: { model: 'a' } })],
    ['after a value that only looks like it', JSON.stringify({ messages: [{ role: 'model', content: '"model"' }], model: 'a' })],
  ])('%s', (_name, text) => {
    expect(patch(text, { model: '"b"' })).toEqual({ ...(JSON.parse(text) as object), model: 'b' });
  });

  test('members are added and removed in the same pass', () => {
    const text = '{"model":"a","session_id":"s","messages":[],"max_tokens":5,"seed":1}';
    expect(
      patch(text, { model: '"b"', session_id: null, max_tokens: null, max_completion_tokens: '5', stream_options: '{"x":1}' }),
    ).toEqual({
      model: 'b',
      messages: [],
      seed: 1,
      max_completion_tokens: 5,
      stream_options: { x: 1 },
    });
    expect(patch('{"messages":[],"seed":1}', { seed: null })).toEqual({ messages: [] });
  });
});

describe('undefined (stringify instead)', () => {
  test.each([
    ['an escaped key', '{"mod\\u0065l":"a","messages":[]}'],
    ['a nested namesake only', '{"metadata":{"model":"a"},"mod\\u0065l":"a"}'],
    ['an escaped value', '{"model":"\\u0061","messages":[]}'],
    ['an earlier twin under an escaped key', `{"mod\\u0065l":"x","messages":["${LONG_TEXT}"],"model":"a"}`],
    ['in the middle of a long body', JSON.stringify({ a: LONG, model: 'a', b: LONG })],
  ])('%s', (_name, text) => {
    expect(patch(text, { model: '"b"' })).toBeUndefined();
  });

  test('two removals that share a comma', () => {
    expect(patch('{"m":[],"a":1,"b":2}', { a: null, b: null })).toBeUndefined();
  });

  test('a value that was not the one parsed (the key stands twice)', () => {
    expect(patch('{"model":"x","messages":[],"model":"a"}', { model: '"b"' })).toBeUndefined();
  });
});

test('whatever the body, a patch is what parse, change and stringify would give', () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const key = fc.constantFrom('model', 'seed', 'user', 'stream', 'x', 'messages');
  const nested = fc.dictionary(key, fc.oneof(scalar, fc.dictionary(key, scalar), fc.array(fc.oneof(scalar, fc.dictionary(key, scalar)))));
  fc.assert(
    fc.property(nested, fc.array(fc.tuple(key, fc.option(fc.constantFrom('1', '"new"', 'true')))), (body, changes) => {
      const edits = Object.fromEntries(changes);
      const text = JSON.stringify(body);
      if (Object.keys(body).length === 0) return;
      const patched = patch(text, edits);
      if (patched === undefined) return;
      const expected: Record<string, unknown> = { ...body };
      for (const [member, value] of Object.entries(edits)) {
        if (value === null) delete expected[member];
        else expected[member] = JSON.parse(value);
      }
      expect(patched).toEqual(JSON.parse(JSON.stringify(expected)));
    }),
    { numRuns: 500 },
  );
});
