/** What only OpenAI knows of tools: passed to OpenAI as it came, said to everybody else in the words of all. */
import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { openai } from '../../../data-plane/upstream/protocols/openai/adapter.js';
import type { ChatRequest } from '../../../shared/chat.js';
import type { VendorQuirks } from '../../../shared/snapshot.js';
import { replaySync, streamFrames, target } from '../../conformance/gemini-and-anthropic-replay.js';

const OPENAI: VendorQuirks = { passUnknown: true, openAiTools: true };
const OTHER: VendorQuirks = { passUnknown: true };

const named = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object', properties: {} } } });
const CUSTOM = { type: 'custom', custom: { name: 'sql', format: { type: 'text' } } };
const ALLOWED = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'b' } }] } };
const FIRST = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };

function encode(body: object, quirks: VendorQuirks) {
  const encoded = openai.encodeRequest(target({ quirks, body: { ...FIRST, ...body } as Partial<ChatRequest> }));
  return { sent: JSON.parse(encoded.body.toString()) as Record<string, unknown>, dropped: encoded.dropped };
}

test.each([
  ['allowed_tools', { tools: [named('a'), named('b')], tool_choice: ALLOWED }],
  ['custom tools', { tools: [CUSTOM], tool_choice: { type: 'custom', custom: { name: 'sql' } } }],
  ['functions', { functions: [named('a').function], function_call: { name: 'a' } }],
])('%s pass to OpenAI as they came', (_, body) => {
  const { sent, dropped } = encode(body, OPENAI);
  expect(sent).toMatchObject(body);
  expect(dropped).toEqual([]);
});

test('allowed_tools is a shorter list for others', () => {
  const { sent, dropped } = encode({ tools: [named('a'), named('b')], tool_choice: ALLOWED }, OTHER);
  expect(sent).toMatchObject({ tools: [named('b')], tool_choice: 'required' });
  expect(dropped).toEqual([]);
});

test('custom tools are left out for others, and named', () => {
  expect(encode({ tools: [CUSTOM, named('a')] }, OTHER)).toMatchObject({ sent: { tools: [named('a')] }, dropped: ['tools'] });
  const { sent } = encode({ tools: [CUSTOM], tool_choice: { type: 'custom', custom: { name: 'sql' } } }, OTHER);
  expect(sent).not.toHaveProperty('tools');
  expect(sent).not.toHaveProperty('tool_choice');
});

test('functions and their calls are tools for others', () => {
  const call = { name: 'a', arguments: '{}' };
  const messages = [
    ...FIRST.messages,
    { role: 'assistant', content: null, function_call: call },
    { role: 'function', name: 'a', content: '4' },
  ];
  const { sent, dropped } = encode({ messages, functions: [named('a').function], function_call: { name: 'a' } }, OTHER);
  expect(sent).toMatchObject({
    tools: [named('a')],
    tool_choice: { type: 'function', function: { name: 'a' } },
    messages: [
      FIRST.messages[0],
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_a', type: 'function', function: call }] },
      { role: 'tool', tool_call_id: 'call_a', content: '4' },
    ],
  });
  expect(sent).not.toHaveProperty('functions');
  expect(sent).not.toHaveProperty('function_call');
  expect(dropped).toEqual([]);
});

test('a call of a custom tool comes back whole, sync and streamed', () => {
  const call = { id: 'call_1', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const body = {
    choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }],
    usage,
  };
  expect(replaySync(openai, Buffer.from(JSON.stringify(body)), target({ quirks: OPENAI })).answers[0]?.toolCalls).toEqual([call]);

  const deltas = [
    { role: 'assistant', content: null, tool_calls: [{ index: 0, id: 'call_1', type: 'custom', custom: { name: 'sql', input: '' } }] },
    ...['SEL', 'ECT', ' 1'].map((input) => ({ tool_calls: [{ index: 0, custom: { input } }] })),
  ];
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'v', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const text = `${deltas.map((delta) => chunk(delta, null)).join('')}${chunk({}, 'tool_calls')}data: [DONE]\n\n`;
  const frames = [...streamFrames(openai, [Buffer.from(text)], target({ quirks: OPENAI, stream: true, includeUsage: false }))];
  const chunks =
    frames
      .map(({ data }) => data.toString())
      .join('')
      .match(/\{.*\}/g) ?? [];
  const pieces = chunks.flatMap((one) => (JSON.parse(one) as OpenAI.ChatCompletionChunk).choices[0]?.delta.tool_calls ?? []) as unknown as {
    custom: { name?: string; input: string };
  }[];
  expect(pieces[0]).toMatchObject({ index: 0, id: 'call_1', type: 'custom', custom: { name: 'sql' } });
  expect(pieces.map(({ custom }) => custom.input).join('')).toBe('SELECT 1');
});
