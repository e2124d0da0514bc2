/** The pitfalls of conformance 7 that concern vendors who speak OpenAI's protocol, by number. */
import { describe, expect, test } from 'vitest';
import { VENDORS } from '../../control-plane/modules/catalog/data/vendors.js';
import { openai } from '../../data-plane/upstream/protocols/openai/adapter.js';
import { UpstreamFailure } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import type { ChatMessage, ChatRequest } from '../../shared/chat.js';
import type { VendorQuirks } from '../../shared/snapshot.js';
import { type Replay, replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';

type Options = Parameters<typeof target>[0] & { vendor?: string };

function quirksOf(id: string): VendorQuirks {
  const vendor = VENDORS.find((row) => row.id === id);
  if (vendor === undefined) throw new Error(`no vendor ${id}`);
  return vendor.quirks;
}

/** What the vendor receives, and what was named as dropped. */
function encode(body: object, options: Options = {}) {
  const quirks = { ...(options.vendor === undefined ? {} : quirksOf(options.vendor)), ...options.quirks };
  const encoded = openai.encodeRequest(target({ upstreamModel: 'vendor-model', ...options, quirks, body: body as Partial<ChatRequest> }));
  return {
    sent: JSON.parse(encoded.body.toString()) as Record<string, unknown> & { messages: ChatMessage[] },
    dropped: encoded.dropped,
    encoded,
  };
}

function chunk(delta: object, finish: string | null = null, rest: object = {}): string {
  return `data: ${JSON.stringify({ id: 'v', object: 'chat.completion.chunk', created: 5, model: 'v', choices: [{ index: 0, delta, finish_reason: finish }], ...rest })}\n\n`;
}

function stream(events: readonly string[], options: Options = {}): Replay {
  const quirks = { ...(options.vendor === undefined ? {} : quirksOf(options.vendor)), ...options.quirks };
  return replayStream(openai, [Buffer.from(`${events.join('')}data: [DONE]\n\n`)], target({ stream: true, ...options, quirks }));
}

function sync(body: object, options: Options = {}): Replay {
  const quirks = { ...(options.vendor === undefined ? {} : quirksOf(options.vendor)), ...options.quirks };
  return replaySync(openai, Buffer.from(JSON.stringify(body)), target({ ...options, quirks }));
}

const CALL = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } } as const;
const TOOLS = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
const FORMAT = {
  type: 'json_schema',
  json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: { a: { type: 'string' } } } },
};

describe('messages', () => {
  test('4: developer is system for every vendor but OpenAI, and the user’s where neither is known', () => {
    const messages = [{ role: 'developer', content: 'be brief' }];
    for (const id of ['deepseek', 'zai', 'alibaba', 'mistral', 'groq', 'moonshotai', 'xai', 'perplexity', 'cerebras']) {
      expect(encode({ messages }, { vendor: id }).sent.messages[0]?.role).toBe('system');
    }
    expect(encode({ messages }, { vendor: 'openai' }).sent.messages[0]?.role).toBe('developer');
    expect(encode({ messages }, { quirks: { noSystemRole: true } }).sent.messages[0]?.role).toBe('user');
  });

  test('7: content null beside tool calls stays null; Mistral gets an empty string', () => {
    const messages = [{ role: 'assistant', content: null, tool_calls: [CALL] }];
    expect(encode({ messages }, { vendor: 'deepseek' }).sent.messages[0]).toHaveProperty('content', null);
    expect(encode({ messages }, { vendor: 'mistral' }).sent.messages[0]?.content).toBe('');
    expect(encode({ messages: [{ role: 'assistant', tool_calls: [CALL] }] }, { vendor: 'mistral' }).sent.messages[0]?.content).toBe('');
  });

  test('9: Mistral’s tool ids are nine letters or digits, the same on the call and on its result', () => {
    const messages = [
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { ...CALL, id: 'toolu_01VpcjfdZzYXsTLfob5im4c8' },
          { ...CALL, id: 'abcDEF123' },
        ],
      },
      { role: 'tool', tool_call_id: 'toolu_01VpcjfdZzYXsTLfob5im4c8', content: 'a' },
      { role: 'tool', tool_call_id: 'abcDEF123', content: 'b' },
    ];
    const { sent } = encode({ messages }, { vendor: 'mistral' });
    const [rewritten, kept] = sent.messages[1]?.tool_calls ?? [];
    expect(rewritten?.id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(kept?.id).toBe('abcDEF123');
    expect(sent.messages.slice(2).map((message) => message.tool_call_id)).toEqual([rewritten?.id, 'abcDEF123']);
    expect(encode({ messages }, { vendor: 'mistral' }).encoded.body).toEqual(encode({ messages }, { vendor: 'mistral' }).encoded.body);
  });

  test('9: a user’s turn right after a tool’s is parted from it for Mistral (code 3230)', () => {
    const messages = [
      { role: 'assistant', content: null, tool_calls: [CALL] },
      { role: 'tool', tool_call_id: 'call_1', content: 'a' },
      { role: 'user', content: 'and now?' },
    ];
    expect(encode({ messages }, { vendor: 'mistral' }).sent.messages.map((message) => message.role)).toEqual([
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
    expect(encode({ messages }, { vendor: 'groq' }).sent.messages).toHaveLength(3);
  });

  test('10: images of tool results move to a user’s turn after the group', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } };
    const messages = [
      { role: 'assistant', content: null, tool_calls: [CALL, { ...CALL, id: 'call_2' }] },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'a chart' }, image] },
      { role: 'tool', tool_call_id: 'call_2', content: [image] },
      { role: 'assistant', content: 'ok' },
    ];
    const { sent } = encode({ messages }, { vendor: 'openai' });
    expect(sent.messages.map((message) => message.role)).toEqual(['assistant', 'tool', 'tool', 'user', 'assistant']);
    expect(sent.messages[1]?.content).toBe('a chart');
    expect(typeof sent.messages[2]?.content).toBe('string');
    expect(sent.messages[3]?.content).toEqual([image, image]);
  });

  test('11: the text of a failed tool stays plain text', () => {
    const messages = [{ role: 'tool', tool_call_id: 'call_1', content: 'Error: no such file' }];
    expect(encode({ messages }, { vendor: 'groq' }).sent.messages).toEqual(messages);
  });
});

describe('parameters', () => {
  test('13: the token limit has the vendor’s name, and max_completion_tokens wins', () => {
    expect(encode({ max_tokens: 10 }, { vendor: 'openai' }).sent).toMatchObject({ max_completion_tokens: 10 });
    expect(encode({ max_tokens: 10 }, { vendor: 'openai' }).sent).not.toHaveProperty('max_tokens');
    for (const id of ['mistral', 'deepseek', 'alibaba', 'zai']) {
      const { sent } = encode({ max_completion_tokens: 20, max_tokens: 10 }, { vendor: id });
      expect(sent['max_tokens']).toBe(20);
      expect(sent).not.toHaveProperty('max_completion_tokens');
    }
  });

  test('13: what Mistral forbids is dropped and named', () => {
    const { sent, dropped } = encode({ store: true, logprobs: true, seed: 7, foo: 1 }, { vendor: 'mistral' });
    expect(Object.keys(sent).sort()).toEqual(['messages', 'model', 'random_seed']);
    expect([...dropped].sort()).toEqual(['foo', 'logprobs', 'store']);
  });

  test('14: gpt-5.4 and later take function tools with effort none, and say that an effort was dropped', () => {
    const withTools = encode({ tools: TOOLS }, { vendor: 'openai', upstreamModel: 'gpt-5.5', quirks: { efforts: ['none', 'low'] } });
    expect(withTools.sent['reasoning_effort']).toBe('none');
    const withEffort = encode({ tools: TOOLS, reasoning_effort: 'high' }, { vendor: 'openai', upstreamModel: 'gpt-5.5' });
    expect(withEffort.sent['reasoning_effort']).toBe('none');
    expect(withEffort.dropped).toContain('reasoning_effort');
    expect(encode({ tools: TOOLS }, { vendor: 'openai', upstreamModel: 'gpt-5.1' }).sent).not.toHaveProperty('reasoning_effort');
    expect(encode({ reasoning_effort: 'high' }, { vendor: 'openai', upstreamModel: 'gpt-5.5' }).sent['reasoning_effort']).toBe('high');
  });

  test('16: temperature is clamped to the vendor’s range', () => {
    expect(encode({ temperature: 1.8 }, { vendor: 'moonshotai' }).sent['temperature']).toBe(1);
    expect(encode({ temperature: 1.8 }, { vendor: 'openai' }).sent['temperature']).toBe(1.8);
  });

  test('16: models without sampling get no temperature, and the customer is told unless it was the default', () => {
    const plain = encode({ temperature: 0.2, top_p: 1 }, { vendor: 'openai', capabilities: { temperature: false } });
    expect(plain.sent).not.toHaveProperty('temperature');
    expect(plain.sent).not.toHaveProperty('top_p');
    expect(plain.dropped).toEqual(['temperature']);
  });

  test('17: reasoning effort in each vendor’s words', () => {
    const effort = { reasoning_effort: 'medium' };
    expect(encode(effort, { vendor: 'openai' }).sent['reasoning_effort']).toBe('medium');
    expect(encode(effort, { vendor: 'deepseek', quirks: { efforts: ['high', 'max'] } }).sent).toMatchObject({
      thinking: { type: 'enabled' },
      reasoning_effort: 'high',
    });
    expect(encode({ reasoning_effort: 'none' }, { vendor: 'deepseek', quirks: { efforts: ['high', 'max'] } }).sent).toMatchObject({
      thinking: { type: 'disabled' },
    });
    expect(encode(effort, { vendor: 'zai' }).sent).toMatchObject({ thinking: { type: 'enabled' } });
    expect(encode(effort, { vendor: 'alibaba', stream: true }).sent).toMatchObject({ enable_thinking: true, thinking_budget: 8000 });
    expect(encode({ reasoning: { effort: 'high' } }, { vendor: 'openrouter' }).sent['reasoning']).toEqual({ effort: 'high' });
    expect(encode({ reasoning: { effort: 'high' } }, { vendor: 'openai' }).sent).toMatchObject({ reasoning_effort: 'high' });
    expect(encode({ reasoning: { effort: 'high' } }, { vendor: 'openai' }).sent).not.toHaveProperty('reasoning');
    const without = encode(effort, { vendor: 'groq' });
    expect(without.sent).not.toHaveProperty('reasoning_effort');
    expect(without.dropped).toEqual(['reasoning_effort']);
  });

  test('17: Qwen’s open models do not think in a sync call', () => {
    expect(encode({}, { vendor: 'alibaba', upstreamModel: 'qwen3-32b' }).sent['enable_thinking']).toBe(false);
    expect(encode({}, { vendor: 'alibaba', upstreamModel: 'qwen3-235b-a22b' }).sent['enable_thinking']).toBe(false);
    expect(encode({}, { vendor: 'alibaba', upstreamModel: 'qwen3-32b', stream: true }).sent).not.toHaveProperty('enable_thinking');
    expect(encode({}, { vendor: 'alibaba', upstreamModel: 'qwen-plus' }).sent).not.toHaveProperty('enable_thinking');
  });

  test('18: stop passes as a string and as a list', () => {
    expect(encode({ stop: 'END' }, { vendor: 'openai' }).sent['stop']).toBe('END');
    expect(encode({ stop: ['a', 'b'] }, { vendor: 'groq' }).sent['stop']).toEqual(['a', 'b']);
  });

  test('20: logprobs that a vendor cannot give are named', () => {
    expect(encode({ logprobs: true, top_logprobs: 3 }, { vendor: 'groq' }).dropped).toEqual(['logprobs', 'top_logprobs']);
  });

  test('21: what is the gateway’s own reaches nobody; what is unknown passes to OpenAI and is dropped by strict vendors', () => {
    const ours = { models: ['a'], provider: { sort: 'price' }, max_cost: 1, session_id: 's', tier: 'value', usage: { include: true } };
    const { sent, dropped } = encode({ ...ours, foo: 1 }, { vendor: 'openai' });
    expect(Object.keys(sent).sort()).toEqual(['foo', 'messages', 'model']);
    expect(dropped).toEqual([]);
    expect(encode({ ...ours, foo: 1 }, { vendor: 'mistral' }).dropped).toEqual(['foo']);
  });

  test('21: marks of prompt caching reach only vendors that know them', () => {
    const cache_control = { type: 'ephemeral' };
    const body = {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'long', cache_control }] }],
      tools: [{ ...TOOLS[0], cache_control }],
    };
    expect(encode(body, { vendor: 'openai' }).encoded.body.toString()).not.toContain('cache_control');
    expect(encode(body, { vendor: 'openrouter' }).sent.messages).toEqual(body.messages);
  });
});

describe('tools', () => {
  const named = { type: 'function', function: { name: 'f' } };

  test('23: tool_choice in each vendor’s words', () => {
    expect(encode({ tools: TOOLS, tool_choice: 'required' }, { vendor: 'openai', upstreamModel: 'gpt-4o' }).sent['tool_choice']).toBe(
      'required',
    );
    expect(encode({ tools: TOOLS, tool_choice: 'required' }, { vendor: 'mistral' }).sent['tool_choice']).toBe('any');
    expect(encode({ tools: TOOLS, tool_choice: named }, { vendor: 'mistral' }).sent['tool_choice']).toEqual(named);
    expect(encode({ tools: TOOLS, tool_choice: 'none' }, { vendor: 'groq' }).sent).toMatchObject({ tool_choice: 'none', tools: TOOLS });
    expect(
      encode({ tools: TOOLS, parallel_tool_calls: false }, { vendor: 'openai', upstreamModel: 'gpt-4o' }).sent['parallel_tool_calls'],
    ).toBe(false);
  });

  test('23: a forced tool turns DeepSeek’s thinking off, and becomes auto at Moonshot', () => {
    expect(encode({ tools: TOOLS, tool_choice: named }, { vendor: 'deepseek' }).sent).toMatchObject({
      tool_choice: named,
      thinking: { type: 'disabled' },
    });
    const moonshot = encode({ tools: TOOLS, tool_choice: 'required' }, { vendor: 'moonshotai' });
    expect(moonshot.sent['tool_choice']).toBe('auto');
    expect(moonshot.dropped).toContain('tool_choice');
  });

  test('27: a call without arguments has {}, sync and stream', () => {
    const message = { role: 'assistant', content: null, tool_calls: [{ ...CALL, function: { name: 'f', arguments: '' } }] };
    expect(sync({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }).answers[0]?.toolCalls[0]?.function.arguments).toBe('{}');
    const replay = stream([
      chunk({ tool_calls: [{ index: 0, ...CALL, function: { name: 'f', arguments: '' } }] }),
      chunk({}, 'tool_calls'),
    ]);
    expect(replay.answers[0]?.toolCalls[0]?.function.arguments).toBe('{}');
  });

  test('28: a call without an id gets one, the same function twice gets two', () => {
    const call = (index: number) => ({ index, function: { name: 'f', arguments: '{}' } });
    const ids = stream([chunk({ tool_calls: [call(0), call(1)] }), chunk({}, 'stop')]).answers[0]?.toolCalls.map((one) => one.id) ?? [];
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^call_\w{8,}$/);
  });

  test('30: arguments are a string although the vendor sends an object', () => {
    const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: { a: 1 } } }];
    const whole = sync({ choices: [{ index: 0, message: { content: null, tool_calls }, finish_reason: 'stop' }] });
    expect(whole.answers[0]?.toolCalls[0]?.function.arguments).toBe('{"a":1}');
    expect(whole.answers[0]?.finishReason).toBe('tool_calls');
  });

  test('30: indexes are dense although the vendor’s are not', () => {
    const replay = stream([
      chunk({ content: 'text' }),
      chunk({ tool_calls: [{ index: 3, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
      chunk({ tool_calls: [{ index: 7, id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } }] }),
      chunk({}, 'tool_calls'),
    ]);
    expect(replay.answers[0]?.toolCalls.map((call) => call.function.name)).toEqual(['f', 'g']);
  });

  test('31: repeated and empty ids, names, types and roles start no new call (Qwen, DashScope)', () => {
    const replay = stream([
      chunk({
        role: 'assistant',
        content: null,
        tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'f', arguments: '' } }],
      }),
      chunk({ role: null, tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: '', arguments: '{"x"' } }] }),
      chunk({ role: null, tool_calls: [{ index: 0, id: '', type: 'function', function: { name: null, arguments: ':1}' } }] }),
      chunk({ role: null, content: '' }, 'tool_calls'),
    ]);
    expect(replay.answers[0]?.toolCalls).toHaveLength(1);
    expect(replay.answers[0]?.toolCalls[0]).toMatchObject({ id: 'call_a', function: { name: 'f', arguments: '{"x":1}' } });
    const deltas = replay.chunks.flatMap((one) => (one['choices'] as { delta: { tool_calls?: object[] } }[])[0]?.delta.tool_calls ?? []);
    expect(deltas.filter((delta) => 'id' in delta)).toHaveLength(1);
  });

  test('31: deltas without an index follow their id, or the call that is open', () => {
    const replay = stream([
      chunk({ tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{' } }] }),
      chunk({ tool_calls: [{ function: { arguments: '}' } }] }),
      chunk({ tool_calls: [{ id: 'b', function: { name: 'g', arguments: '{}' } }] }),
      chunk({}, 'tool_calls'),
    ]);
    expect(replay.answers[0]?.toolCalls.map((call) => [call.id, call.function.arguments])).toEqual([
      ['a', '{}'],
      ['b', '{}'],
    ]);
  });

  test('31: two calls under one index are two calls', () => {
    const replay = stream([
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] }),
      chunk({ tool_calls: [{ index: 0, id: 'b', function: { name: 'g', arguments: '{}' } }] }),
      chunk({}, 'tool_calls'),
    ]);
    expect(replay.answers[0]?.toolCalls.map((call) => call.id)).toEqual(['a', 'b']);
  });
});

describe('reasoning', () => {
  test.each([
    ['DeepSeek, Qwen, GLM', { reasoning_content: 'hm', content: '' }],
    ['Groq, OpenRouter', { reasoning: 'hm', content: null }],
    ['Mistral', { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }],
  ])('33: is reasoning_content, whatever %s calls it', (_name, delta) => {
    const streamed = stream([chunk(delta), chunk({ content: 'yes' }), chunk({}, 'stop')]).answers[0];
    expect(streamed).toMatchObject({ reasoning: 'hm', content: 'yes' });
    const message = { role: 'assistant', ...delta };
    expect(sync({ choices: [{ index: 0, message, finish_reason: 'stop' }] }).answers[0]?.reasoning).toBe('hm');
  });

  test('33: Mistral’s lists are one text', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    expect(sync({ choices: [{ index: 0, message: { content }, finish_reason: 'stop' }] }).answers[0]).toMatchObject({
      content: 'ab',
      reasoning: 'hm',
    });
  });

  test('33: is left out when the customer asked for that', () => {
    const replay = stream([chunk({ reasoning_content: 'hm' }), chunk({ content: 'yes' }), chunk({}, 'stop')], {
      body: { reasoning: { exclude: true } },
    });
    expect(replay.answers[0]).toMatchObject({ reasoning: '', content: 'yes' });
  });

  const history: ChatMessage[] = [
    { role: 'user', content: 'go' },
    { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [CALL] },
    { role: 'tool', tool_call_id: 'call_1', content: 'done' },
  ];

  test('35: DeepSeek gets its reasoning back on every turn of a tool loop, and an empty one where the client kept none', () => {
    expect(encode({ messages: history }, { vendor: 'deepseek' }).sent.messages[1]?.reasoning_content).toBe('hm');
    const { reasoning_content: _, ...forgotten } = history[1] as ChatMessage;
    expect(encode({ messages: [forgotten] }, { vendor: 'deepseek' }).sent.messages[0]?.reasoning_content).toBe('');
  });

  test('34: signed reasoning comes through a stream and goes back unchanged (OpenRouter)', () => {
    const detail = { type: 'reasoning.text', text: 'hm', signature: 'sig', format: 'maker-v1', index: 0 };
    const replay = stream([chunk({ reasoning: 'hm', reasoning_details: [detail] }), chunk({ content: 'yes' }), chunk({}, 'stop')]);
    expect(replay.answers[0]).toMatchObject({ reasoning: 'hm', details: [detail] });
    const messages = [{ role: 'assistant', content: 'yes', reasoning_content: 'hm', reasoning_details: [detail] }];
    expect(encode({ messages }, { vendor: 'openrouter' }).sent.messages[0]?.reasoning_details).toEqual([detail]);
  });

  test('36: reasoning reaches no vendor that does not take it, nor another maker’s signature', () => {
    for (const id of ['openai', 'mistral', 'groq', 'together']) {
      expect(encode({ messages: history }, { vendor: id }).encoded.body.toString()).not.toContain('reasoning_content');
    }
    const details = [
      { type: 'reasoning.text', text: 'a', signature: 'x', format: 'anthropic-claude-v1' },
      { type: 'reasoning.text', text: 'b', signature: 'y', format: 'maker-v1' },
    ];
    const messages = [{ role: 'assistant', content: 'x', reasoning_details: details }];
    // The model of these tests is made by `maker`.
    expect(encode({ messages }, { vendor: 'openrouter' }).sent.messages[0]?.reasoning_details).toEqual([details[1]]);
    const signed = [{ role: 'assistant', content: null, tool_calls: [{ ...CALL, extra_content: { google: { thought_signature: 's' } } }] }];
    expect(encode({ messages: signed }, { vendor: 'openai' }).encoded.body.toString()).not.toContain('thought_signature');
  });
});

describe('structured output', () => {
  test('37: passes where it is native', () => {
    expect(encode({ response_format: FORMAT }, { vendor: 'openai' }).sent['response_format']).toEqual(FORMAT);
  });

  test('37: becomes json_object and an instruction where only that exists, and is named', () => {
    const { sent, dropped } = encode(
      {
        response_format: FORMAT,
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'u' },
        ],
      },
      { vendor: 'deepseek' },
    );
    expect(sent['response_format']).toEqual({ type: 'json_object' });
    expect(sent.messages.map((message) => message.role)).toEqual(['system', 'system', 'user']);
    expect(String(sent.messages[1]?.content)).toContain('"properties"');
    expect(dropped).toEqual(['response_format']);
  });

  test('37: json_object needs the word in the messages', () => {
    const body = { response_format: { type: 'json_object' } };
    expect(JSON.stringify(encode(body, { vendor: 'deepseek' }).sent.messages)).toContain('JSON');
    expect(encode({ ...body, messages: [{ role: 'user', content: 'as json' }] }, { vendor: 'deepseek' }).sent.messages).toHaveLength(1);
  });

  test('38: a refusal keeps its words', () => {
    const whole = sync({ choices: [{ index: 0, message: { role: 'assistant', content: null, refusal: 'no' }, finish_reason: 'stop' }] });
    expect(whole.answers[0]).toMatchObject({ refusal: 'no', content: '' });
    expect(stream([chunk({ refusal: 'n' }), chunk({ refusal: 'o' }), chunk({}, 'stop')]).answers[0]?.refusal).toBe('no');
  });

  test('38: Azure’s content filter without a message is a content_filter, not a crash', () => {
    expect(sync({ choices: [{ index: 0, finish_reason: 'content_filter' }] }).answers[0]?.finishReason).toBe('content_filter');
  });
});

describe('streams', () => {
  test('19: n > 1 interleaves, each with its own role and end, usage once', () => {
    const of = (index: number, delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'v', created: 1, model: 'v', choices: [{ index, delta, finish_reason: finish }] })}\n\n`;
    const replay = stream([
      of(0, { content: 'a' }),
      of(1, { content: 'b' }),
      of(0, { content: 'A' }),
      of(1, { content: 'B' }),
      of(1, {}, 'length'),
      of(0, {}, 'stop'),
    ]);
    expect(replay.answers.map(({ content, finishReason }) => [content, finishReason])).toEqual([
      ['aA', 'stop'],
      ['bB', 'length'],
    ]);
  });

  test('40: the role comes first, once; id, created and model are constant; one end per choice, then [DONE]', () => {
    const text = Buffer.concat(
      stream(
        [
          chunk({ role: 'assistant', content: '' }),
          chunk({ role: 'assistant', content: 'a' }),
          chunk({ content: 'b' }, 'stop'),
          chunk({}, 'stop'),
        ],
        {
          includeUsage: false,
        },
      ).frames.map((frame) => frame.data),
    ).toString();
    expect(text.match(/"role":"assistant"/g)).toHaveLength(1);
    expect(text.match(/"finish_reason":"stop"/g)).toHaveLength(1);
    expect(text.indexOf('"role"')).toBeLessThan(text.indexOf('"a"'));
    expect(text).not.toContain('usage');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('41: usage is always asked for, and hidden from who did not ask', () => {
    expect(encode({ stream: true }, { stream: true, vendor: 'openai' }).sent['stream_options']).toEqual({ include_usage: true });
    expect(encode({ stream: true, stream_options: { include_usage: false } }, { stream: true }).sent['stream_options']).toEqual({
      include_usage: true,
    });
    expect(encode({ stream: true }, { stream: true, vendor: 'mistral' }).sent).not.toHaveProperty('stream_options');
    expect(encode({ stream_options: { include_usage: true } }).sent).not.toHaveProperty('stream_options');
    const quiet = stream(
      [chunk({ content: 'a' }), chunk({}, 'stop', { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })],
      { includeUsage: false },
    );
    expect(quiet.usage?.buckets).toMatchObject({ inputUncached: 1, output: 1 });
    expect(JSON.stringify(quiet.chunks)).not.toContain('usage');
  });

  test('43: reasoning beside completion tokens is billed, cached tokens never exceed the prompt', () => {
    const choices = [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }];
    const xai = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 137, completion_tokens_details: { reasoning_tokens: 125 } };
    expect(sync({ choices, usage: xai }, { vendor: 'xai' }).usage).toMatchObject({
      buckets: { output: 127 },
      reasoningTokens: 125,
      mismatch: false,
    });
    const azure = { prompt_tokens: 298, completion_tokens: 1, total_tokens: 299, prompt_tokens_details: { cached_tokens: 387 } };
    expect(sync({ choices, usage: azure }).usage).toMatchObject({ buckets: { inputUncached: 0, cacheRead: 298 }, mismatch: true });
  });

  test('43: usage twice counts once, the last; negative and absurd counts bill nothing absurd', () => {
    const twice = stream([
      chunk({ content: 'a' }),
      chunk({}, 'stop', { usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 } }),
      `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } })}\n\n`,
    ]);
    expect(twice.usage?.buckets).toMatchObject({ inputUncached: 5, output: 2 });
    const garbage = {
      prompt_tokens: -5,
      completion_tokens: 1e300,
      total_tokens: 'many',
      prompt_tokens_details: { cached_tokens: Number.NaN },
    };
    const usage = sync({ choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }], usage: garbage }).usage;
    expect(usage).toMatchObject({ buckets: { inputUncached: 0, cacheRead: 0 }, mismatch: true });
    expect(usage?.buckets.output).toBeLessThanOrEqual(100_000_000);
  });

  test('44: reasons of other vendors are OpenAI’s words, and a vendor’s failure is no end', () => {
    const finish = (reason: string) =>
      sync({ choices: [{ index: 0, message: { content: 'x' }, finish_reason: reason }] }).answers[0]?.finishReason;
    expect(['eos', 'max_tokens', 'sensitive', 'something_new'].map(finish)).toEqual(['stop', 'length', 'content_filter', 'stop']);
    expect(() => finish('network_error')).toThrow(UpstreamFailure);
    expect(() => stream([chunk({ content: 'x' }), chunk({}, 'insufficient_system_resource')])).toThrow(UpstreamFailure);
  });

  test('47: an end without a finish_reason is a cut, also with [DONE]', () => {
    expect(() => stream([chunk({ content: 'x' })])).toThrow(/without a finish_reason/);
    expect(() => stream([])).toThrow(/without a finish_reason/);
  });

  test('50: the model of the answer is the public one', () => {
    const answer = sync({ model: 'deepseek-v4-flash', choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }] })
      .chunks[0];
    expect(answer).toMatchObject({ model: 'public-model' });
  });
});
