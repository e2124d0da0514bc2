/** Any history at all becomes one that Anthropic and Gemini accept: what they insist on holds for random conversations. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anthropic } from '../../../data-plane/upstream/protocols/anthropic/index.js';
import { gemini } from '../../../data-plane/upstream/protocols/gemini/index.js';
import type { ChatMessage } from '../../../shared/chat.js';
import { target } from '../../conformance/gemini-and-anthropic-replay.js';

type Json = Record<string, unknown>;

const text = fc.constantFrom('', ' ', '\n', 'Hello', 'There ');
const id = fc.constantFrom('a', 'b', 'c', 'call_1', 'x:y');
const content = fc.oneof(text, fc.array(fc.record({ type: fc.constant('text' as const), text }), { minLength: 1, maxLength: 3 }));
const calls = fc.uniqueArray(
  fc.record({
    id,
    type: fc.constant('function' as const),
    function: fc.record({
      name: fc.constantFrom('weather', 'time'),
      arguments: fc.constantFrom('', '{}', '{"a":1}', '[1]', '{"a":', 'text'),
    }),
  }),
  { selector: (call) => call.id, minLength: 1, maxLength: 3 },
);
const message: fc.Arbitrary<ChatMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom('user' as const, 'system' as const, 'developer' as const), content }),
  fc.record({ role: fc.constant('assistant' as const), content: fc.oneof(content, fc.constant(null)) }),
  fc.record({ role: fc.constant('assistant' as const), content: fc.oneof(content, fc.constant(null)), tool_calls: calls }),
  fc.record({ role: fc.constant('tool' as const), tool_call_id: id, content }),
);
const histories = fc.array(message, { minLength: 1, maxLength: 12 });

test.each(['claude-3-5-sonnet-20241022', 'claude-sonnet-4-5', 'claude-opus-4-8'])('%s', (upstreamModel) => {
  fc.assert(
    fc.property(histories, fc.constantFrom('none', 'high', undefined), (messages, effort) => {
      const body = { messages, ...(effort === undefined ? {} : { reasoning_effort: effort as 'none' | 'high' }) };
      const sent = JSON.parse(String(anthropic.encodeRequest(target({ upstreamModel, body })).body)) as {
        messages: { role: string; content: Json[] }[];
      };
      const turns = sent.messages;
      expect(turns[0]?.role).toBe('user');
      for (const [index, turn] of turns.entries()) {
        const next = turns[index + 1];
        expect(turn.content.length).toBeGreaterThan(0);
        expect(next?.role === turn.role && turn.role !== 'system').toBe(false);
        if (turn.role === 'system') expect(['user', 'system']).toContain(turns[index - 1]?.role);
        for (const block of turn.content) if (block['type'] === 'text') expect(String(block['text']).trim()).not.toBe('');
        const called = turn.content.filter((block) => block['type'] === 'tool_use').map((block) => block['id']);
        const answered = (next?.content ?? []).filter((block) => block['type'] === 'tool_result').map((block) => block['tool_use_id']);
        if (turn.role === 'assistant') {
          expect(answered).toEqual(called);
          expect((next?.content ?? []).slice(0, called.length).every((block) => block['type'] === 'tool_result')).toBe(true);
        }
      }
      const last = turns.at(-1);
      if (last?.role === 'assistant') expect(String(last.content.at(-1)?.['text'])).not.toMatch(/\s$/);
    }),
    { numRuns: 500 },
  );
});

test.each(['gemini-2.5-flash', 'gemini-3-pro-preview'])('%s', (upstreamModel) => {
  fc.assert(
    fc.property(histories, (messages) => {
      const sent = JSON.parse(String(gemini.encodeRequest(target({ upstreamModel, body: { messages } })).body)) as {
        contents: { role: string; parts: Json[] }[];
      };
      const turns = sent.contents;
      expect(turns[0]?.role).toBe('user');
      expect(turns.at(-1)?.role).toBe('user');
      for (const [index, turn] of turns.entries()) {
        const next = turns[index + 1];
        expect(turn.parts.length).toBeGreaterThan(0);
        expect(next?.role).not.toBe(turn.role);
        for (const part of turn.parts) expect(part['text']).not.toBe('');
        const called = turn.parts.flatMap((part) => (part['functionCall'] as Json | undefined)?.['name'] ?? []);
        const answered = (next?.parts ?? []).flatMap((part) => (part['functionResponse'] as Json | undefined)?.['name'] ?? []);
        if (turn.role === 'model') expect(answered).toEqual(called);
        const signed = turn.parts.filter((part) => part['functionCall'] !== undefined && part['thoughtSignature'] !== undefined);
        if (called.length > 0 && upstreamModel.includes('-3-')) expect(signed.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});
