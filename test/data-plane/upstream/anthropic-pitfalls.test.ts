/** The pitfalls of conformance 7 that concern Anthropic, by number. */
import { describe, expect, test } from 'vitest';
import { anthropic } from '../../../data-plane/upstream/protocols/anthropic/index.js';
import { type AttemptTarget, UpstreamFailure } from '../../../data-plane/upstream/protocols/protocol-adapter.js';
import type { ChatMessage, ChatRequest, ToolCall } from '../../../shared/chat.js';
import { replayStream, replaySync, target } from '../../conformance/gemini-and-anthropic-replay.js';

type Overrides = Parameters<typeof target>[0];
interface Sent {
  readonly model?: string;
  readonly max_tokens: number;
  readonly messages: { role: string; content: Record<string, unknown>[] }[];
  readonly system?: { text: string }[];
  readonly [name: string]: unknown;
}

const OPUS = 'claude-opus-4-8';
const SONNET = 'claude-sonnet-4-5';
const HAIKU_3 = 'claude-3-haiku-20240307';

function encode(body: Partial<ChatRequest>, overrides: Overrides = {}): { sent: Sent; dropped: readonly string[] } {
  const encoded = anthropic.encodeRequest(target({ ...overrides, body }));
  return { sent: JSON.parse(String(encoded.body)) as Sent, dropped: encoded.dropped };
}

function call(id: string, name = 'weather', args = '{}'): ToolCall {
  return { id, type: 'function', function: { name, arguments: args } };
}

const weather = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};
const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', ...(content === undefined ? {} : { content }) });
const roles = (sent: Sent): string[] => sent.messages.map((message) => message.role);
const types = (sent: Sent, turn: number): unknown[] => sent.messages[turn]?.content.map((block) => block['type']) ?? [];

function events(...bodies: object[]): Buffer[] {
  return bodies.map((body) => Buffer.from(`event: ${(body as { type: string }).type}\ndata: ${JSON.stringify(body)}\n\n`));
}
const START = { type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 10, output_tokens: 1 } } };
const END = (reason: string, usage: object = { output_tokens: 5 }): object[] => [
  { type: 'message_delta', delta: { stop_reason: reason }, usage },
  { type: 'message_stop' },
];
const textBlock = (index: number, text: string): object[] => [
  { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index, delta: { type: 'text_delta', text } },
  { type: 'content_block_stop', index },
];
const stream = (bodies: object[], of: AttemptTarget = target({ stream: true })) => replayStream(anthropic, events(...bodies), of);
const sync = (body: object, of: AttemptTarget = target({})) =>
  replaySync(
    anthropic,
    Buffer.from(JSON.stringify({ id: 'msg_1', type: 'message', usage: { input_tokens: 1, output_tokens: 1 }, ...body })),
    of,
  );

describe('messages', () => {
  test('1: consecutive tool results and the user text behind them are one turn, results first, in the order of the calls', () => {
    const { sent } = encode({
      messages: [
        user('Hi'),
        { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] },
        { role: 'tool', tool_call_id: 'b', content: 'B' },
        user('And now?'),
        { role: 'tool', tool_call_id: 'a', content: 'A' },
      ],
    });
    expect(roles(sent)).toEqual(['user', 'assistant', 'user']);
    expect(sent.messages[2]?.content.map((block) => block['tool_use_id'] ?? block['text'])).toEqual(['a', 'b', 'And now?']);
  });

  test('2: a call without a result and a result without a call are repaired, and a history never begins with the assistant', () => {
    const { sent } = encode({
      messages: [
        { role: 'assistant', content: 'Welcome' },
        { role: 'tool', tool_call_id: 'lost', content: 'orphan' },
        { role: 'assistant', tool_calls: [call('a')] },
        user('never mind'),
      ],
    });
    expect(roles(sent)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    expect(JSON.stringify(sent.messages[2])).toContain('orphan');
    expect(types(sent, 2)).toEqual(['text', 'text']);
    expect(types(sent, 4)).toEqual(['tool_result', 'text']);
  });

  test('2: calls that end the history are answered, too', () => {
    const { sent } = encode({ messages: [user('Hi'), { role: 'assistant', tool_calls: [call('a')] }] });
    expect(types(sent, 2)).toEqual(['tool_result']);
  });

  test('3: only leading system messages are hoisted; later ones keep their place where the model takes them', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'top' },
      user('one'),
      { role: 'assistant', content: 'two' },
      { role: 'system', content: 'late' },
      user('three'),
    ];
    const { sent } = encode({ messages }, { upstreamModel: OPUS });
    expect(sent.system?.map((block) => block.text)).toEqual(['top']);
    expect(roles(sent)).toEqual(['user', 'assistant', 'user', 'system']);
  });

  test('3: a model without system messages in mid-conversation reads them inside the user turn, in place', () => {
    const messages: ChatMessage[] = [
      user('one'),
      { role: 'assistant', content: 'two' },
      { role: 'system', content: 'late' },
      user('three'),
    ];
    const { sent } = encode({ messages }, { upstreamModel: 'claude-sonnet-4-6' });
    expect(roles(sent)).toEqual(['user', 'assistant', 'user']);
    expect(sent.messages[2]?.content.map((block) => block['text'])).toEqual(['<system>late</system>', 'three']);
  });

  test('4: developer is system', () => {
    const { sent } = encode({ messages: [{ role: 'developer', content: 'rules' }, user('Hi')] });
    expect(sent.system?.map((block) => block.text)).toEqual(['rules']);
  });

  test('5: texts that say nothing and assistant messages that are empty are left out', () => {
    const { sent } = encode({
      messages: [
        user([
          { type: 'text', text: ' \n' },
          { type: 'text', text: 'Hi' },
        ]),
        { role: 'assistant', content: '  ' },
        user('there'),
      ],
    });
    expect(sent.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: 'there' },
        ],
      },
    ]);
  });

  test('5: a prefill loses its trailing whitespace, and where prefill is refused a user turn follows', () => {
    const messages: ChatMessage[] = [user('Count'), { role: 'assistant', content: 'One, \n' }];
    expect(encode({ messages }, { upstreamModel: SONNET }).sent.messages[1]?.content).toEqual([{ type: 'text', text: 'One,' }]);
    expect(roles(encode({ messages }, { upstreamModel: 'claude-opus-4-6' }).sent)).toEqual(['user', 'assistant', 'user']);
  });

  test('6: consecutive turns of one role are merged', () => {
    const { sent } = encode({
      messages: [user('a'), user('b'), { role: 'assistant', content: 'c' }, { role: 'assistant', content: 'd' }, user('e')],
    });
    expect(roles(sent)).toEqual(['user', 'assistant', 'user']);
  });

  test('7: content null beside tool calls is no text block', () => {
    const { sent } = encode({
      messages: [
        user('Hi'),
        { role: 'assistant', content: null, tool_calls: [call('a')] },
        { role: 'tool', tool_call_id: 'a', content: 'x' },
      ],
    });
    expect(types(sent, 1)).toEqual(['tool_use']);
  });

  test('10: images in a tool result stay inside the tool_result', () => {
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgoAAAA' } };
    const { sent } = encode({
      messages: [
        user('Hi'),
        { role: 'assistant', tool_calls: [call('a')] },
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'see' }, image] },
      ],
    });
    const [result] = sent.messages[2]?.content ?? [];
    expect(result?.['content']).toMatchObject([{ type: 'text' }, { type: 'image' }]);
  });

  test('11: is_error is not invented', () => {
    const { sent } = encode({
      messages: [user('Hi'), { role: 'assistant', tool_calls: [call('a')] }, { role: 'tool', tool_call_id: 'a', content: 'Error: no' }],
    });
    expect(JSON.stringify(sent)).not.toContain('is_error');
  });
});

describe('parameters', () => {
  test('12: max_tokens is the model limit by default and never above it; max_completion_tokens wins', () => {
    expect(encode({}, { outputLimit: 8192 }).sent.max_tokens).toBe(8192);
    expect(encode({ max_tokens: 100_000 }, { outputLimit: 8192 }).sent.max_tokens).toBe(8192);
    expect(encode({ max_tokens: 10, max_completion_tokens: 20 }).sent.max_tokens).toBe(20);
  });

  test('15: models without sampling lose temperature and think adaptively, with a summary', () => {
    const { sent, dropped } = encode({ temperature: 0.5, top_k: 3, reasoning_effort: 'xhigh' }, { upstreamModel: 'claude-opus-4-7' });
    expect(sent['temperature']).toBeUndefined();
    expect(sent['thinking']).toEqual({ type: 'adaptive', display: 'summarized' });
    expect(sent['output_config']).toEqual({ effort: 'xhigh' });
    expect(dropped).toEqual(['temperature', 'top_k']);
  });

  test('15: older models get a budget below max_tokens, no temperature and no forced tool', () => {
    const { sent, dropped } = encode({ temperature: 0.2, reasoning_effort: 'high', max_tokens: 4000 }, { upstreamModel: SONNET });
    expect(sent['thinking']).toEqual({ type: 'enabled', budget_tokens: 3200 });
    expect(sent['temperature']).toBeUndefined();
    expect(dropped).toEqual(['temperature']);
    const forced = encode({ reasoning_effort: 'high', tools: [weather], tool_choice: 'required' }, { upstreamModel: SONNET });
    expect(forced.sent['thinking']).toBeUndefined();
    expect(forced.dropped).toEqual(['reasoning_effort']);
  });

  test('15: an older model does not think before a prefill', () => {
    const messages: ChatMessage[] = [user('Count'), { role: 'assistant', content: 'One,' }];
    const { sent, dropped } = encode({ reasoning_effort: 'high', messages }, { upstreamModel: SONNET });
    expect(sent['thinking']).toBeUndefined();
    expect(dropped).toEqual(['reasoning_effort']);
  });

  test('15: a newer model keeps its effort beside a forced tool, without asking to think', () => {
    const { sent, dropped } = encode({ reasoning_effort: 'high', tools: [weather], tool_choice: 'required' }, { upstreamModel: OPUS });
    expect(sent['thinking']).toBeUndefined();
    expect(sent['output_config']).toEqual({ effort: 'high' });
    expect(dropped).toEqual(['reasoning_effort']);
  });

  test('15: an effort that the model does not know becomes the nearest', () => {
    const { sent } = encode({ reasoning_effort: 'xhigh' }, { upstreamModel: 'claude-opus-4-6' });
    expect(sent['output_config']).toEqual({ effort: 'high' });
    expect(encode({ reasoning_effort: 'minimal' }, { upstreamModel: OPUS }).sent['output_config']).toEqual({ effort: 'low' });
  });

  test('15: no effort turns thinking off where that is possible', () => {
    expect(encode({ reasoning_effort: 'none' }, { upstreamModel: OPUS }).sent['thinking']).toEqual({ type: 'disabled' });
    const fable = encode({ reasoning_effort: 'none' }, { upstreamModel: 'claude-fable-5' }).sent;
    expect(fable['thinking']).toBeUndefined();
    expect(fable['output_config']).toEqual({ effort: 'low' });
  });

  test.each([
    [{ reasoning: { enabled: true } }, { type: 'enabled', budget_tokens: 8192 }],
    [{ reasoning: { max_tokens: 5000 } }, { type: 'enabled', budget_tokens: 5000 }],
    [{ reasoning: { max_tokens: 0 } }, undefined],
    [{ reasoning: { enabled: false, effort: 'high' } }, undefined],
    [{ reasoning_effort: 'none' }, undefined],
    [{}, undefined],
  ] as const)('17: %j asks an older model for the thinking %j', (body, expected) => {
    expect(encode(body, { upstreamModel: SONNET }).sent['thinking']).toEqual(expected);
  });

  test('16: temperature is at most 1, and not beside top_p on 4.x', () => {
    const { sent, dropped } = encode({ temperature: 1.7, top_p: 0.9 }, { upstreamModel: SONNET });
    expect(sent['temperature']).toBe(1);
    expect(sent['top_p']).toBeUndefined();
    expect(dropped).toEqual(['top_p']);
    expect(encode({ temperature: 0.3, top_p: 0.9 }, { upstreamModel: HAIKU_3 }).sent['top_p']).toBe(0.9);
  });

  test('18: stop is a list without whitespace-only entries; stop_sequence is a stop', () => {
    expect(encode({ stop: ['END', ' \n'] }).sent['stop_sequences']).toEqual(['END']);
    expect(encode({ stop: '\n' }).sent['stop_sequences']).toBeUndefined();
    expect(sync({ content: [{ type: 'text', text: 'a' }], stop_reason: 'stop_sequence' }).answers[0]?.finishReason).toBe('stop');
  });

  test('19, 20, 21: what Anthropic cannot do is named, what means nothing is not', () => {
    const { dropped, sent } = encode({
      n: 2,
      logprobs: true,
      top_logprobs: 3,
      seed: 1,
      presence_penalty: 0,
      store: true,
      verbosity: 'low',
      metadata: { a: 'b' },
      user: 'u-1',
      stream_options: { include_usage: true },
      provider: { sort: 'price' },
    });
    expect(dropped).toEqual(['logprobs', 'metadata', 'n', 'seed', 'store', 'top_logprobs', 'verbosity']);
    expect(sent['metadata']).toEqual({ user_id: 'u-1' });
    for (const name of ['n', 'logprobs', 'seed', 'store', 'verbosity', 'provider']) expect(sent[name]).toBeUndefined();
  });

  test('21: an effort that the vendor row refuses is not sent in another form', () => {
    for (const drop of [['reasoning_effort'], ['reasoning']]) {
      const { sent, dropped } = encode({ reasoning_effort: 'high' }, { quirks: { drop }, upstreamModel: OPUS });
      expect(sent['thinking']).toBeUndefined();
      expect(sent['output_config']).toBeUndefined();
      expect(dropped).toEqual(['reasoning_effort']);
    }
  });

  test('21: a parameter that the vendor row refuses is dropped by name', () => {
    const { sent, dropped } = encode({ temperature: 0.1, stop: 'x' }, { quirks: { drop: ['stop'] } });
    expect(sent['stop_sequences']).toBeUndefined();
    expect(sent['temperature']).toBe(0.1);
    expect(dropped).toEqual(['stop']);
  });

  test('service_tier and cache_control pass', () => {
    expect(encode({ service_tier: 'default' }).sent['service_tier']).toBe('standard_only');
    const cached = { type: 'text' as const, text: 'long', cache_control: { type: 'ephemeral' as const, ttl: '1h' as const } };
    expect(encode({ messages: [{ role: 'system', content: [cached] }, user([cached])] }).sent).toMatchObject({
      system: [cached],
      messages: [{ role: 'user', content: [cached] }],
    });
  });
});

describe('tools', () => {
  test.each([
    ['auto', undefined, { type: 'auto' }],
    ['required', undefined, { type: 'any' }],
    ['none', undefined, { type: 'none' }],
    [{ type: 'function', function: { name: 'weather' } }, undefined, { type: 'tool', name: 'weather' }],
    ['required', false, { type: 'any', disable_parallel_tool_use: true }],
    [undefined, false, { type: 'auto', disable_parallel_tool_use: true }],
    [undefined, undefined, undefined],
  ])('23: tool_choice %j with parallel_tool_calls %j is %j', (choice, parallel, expected) => {
    const { sent, dropped } = encode({
      tools: [weather],
      ...(choice === undefined ? {} : { tool_choice: choice as NonNullable<ChatRequest['tool_choice']> }),
      ...(parallel === undefined ? {} : { parallel_tool_calls: parallel }),
    });
    expect(sent['tool_choice']).toEqual(expected);
    expect(sent['tools']).toHaveLength(1);
    expect(dropped).toEqual([]);
  });

  test('23: an allow-list leaves the other tools out', () => {
    const other = { type: 'function' as const, function: { name: 'other' } };
    const choice = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'weather' } }] },
    };
    const { sent } = encode({ tools: [weather, other], tool_choice: choice as unknown as NonNullable<ChatRequest['tool_choice']> });
    expect(sent['tool_choice']).toEqual({ type: 'tool', name: 'weather' });
  });

  test('24: a tool schema is an object at its root', () => {
    const { sent } = encode({
      tools: [
        { type: 'function', function: { name: 'now' } },
        { type: 'function', function: { name: 'x', parameters: { properties: {} } } },
      ],
    });
    expect((sent['tools'] as { input_schema: unknown }[]).map((tool) => tool.input_schema)).toEqual([
      { type: 'object', properties: {} },
      { type: 'object', properties: {} },
    ]);
  });

  test('27: a call without input is "{}", whole and streamed', () => {
    const block = { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} };
    expect(sync({ content: [block], stop_reason: 'tool_use' }).answers[0]?.toolCalls[0]?.function.arguments).toBe('{}');
    const silent = stream([
      START,
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_stop', index: 0 },
      ...END('tool_use'),
    ]);
    expect(silent.answers[0]?.toolCalls[0]?.function.arguments).toBe('{}');
    expect(silent.answers[0]?.finishReason).toBe('tool_calls');
  });

  test('30: tool indexes are dense from 0, whatever the content index; id and name come once', () => {
    const tool = (index: number): object[] => [
      { type: 'content_block_start', index, content_block: { type: 'tool_use', id: `toolu_${index}`, name: 'weather', input: {} } },
      { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
      { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: '"Rome"}' } },
      { type: 'content_block_stop', index },
    ];
    const { answers } = stream([START, ...textBlock(0, 'Let me look'), ...tool(1), ...tool(3), ...END('tool_use')]);
    expect(answers[0]?.toolCalls.map(({ id, function: { arguments: text } }) => [id, JSON.parse(text)])).toEqual([
      ['toolu_1', { city: 'Rome' }],
      ['toolu_3', { city: 'Rome' }],
    ]);
  });
});

describe('reasoning', () => {
  const thinking = [
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Let me ' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'think' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'sig' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'sealed' } },
    { type: 'content_block_stop', index: 1 },
  ];
  const details = [
    { type: 'reasoning.text', text: 'Let me think', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
    { type: 'reasoning.encrypted', data: 'sealed', format: 'anthropic-claude-v1', index: 1 },
  ] as const;

  test('33: thinking is reasoning_content, apart from the content', () => {
    const { answers } = stream([START, ...thinking, ...textBlock(2, 'Rome'), ...END('end_turn')]);
    expect(answers[0]).toMatchObject({ reasoning: 'Let me think', content: 'Rome', details });
  });

  test('33: reasoning that the client excluded is not shown', () => {
    const of = target({ stream: true, body: { reasoning: { effort: 'low', exclude: true } } });
    expect(stream([START, ...thinking, ...textBlock(2, 'Rome'), ...END('end_turn')], of).answers[0]).toMatchObject({
      reasoning: '',
      details: [],
    });
  });

  test('34: signatures and sealed blocks go back unchanged, first in the turn', () => {
    const { sent } = encode({
      reasoning_effort: 'low',
      messages: [
        user('Hi'),
        { role: 'assistant', content: 'Looking', reasoning_details: details, tool_calls: [call('a')] },
        { role: 'tool', tool_call_id: 'a', content: 'x' },
      ],
    });
    expect(sent.messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Let me think', signature: 'sig' },
      { type: 'redacted_thinking', data: 'sealed' },
      { type: 'text', text: 'Looking' },
      { type: 'tool_use', id: 'a', name: 'weather', input: {} },
    ]);
    expect(sent['thinking']).toBeDefined();
  });

  test("34: Anthropic's own thinking blocks are taken as well", () => {
    const blocks = [
      { type: 'thinking', thinking: 'Hm', signature: 'sig' },
      { type: 'redacted_thinking', data: 'sealed' },
      { type: 'other' },
    ];
    const assistant = { role: 'assistant', content: 'Rome', thinking_blocks: blocks } as unknown as ChatMessage;
    const { sent } = encode({ messages: [user('Hi'), assistant, user('And?')] });
    expect(sent.messages[1]?.content).toEqual([...blocks.slice(0, 2), { type: 'text', text: 'Rome' }]);
  });

  test('34: a tool loop whose thinking was not sent back is answered without thinking', () => {
    const messages: ChatMessage[] = [
      user('Hi'),
      { role: 'assistant', tool_calls: [call('a')] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    const { sent, dropped } = encode({ reasoning_effort: 'low', messages });
    expect(sent['thinking']).toBeUndefined();
    expect(dropped).toEqual(['reasoning_effort']);
  });

  test("36: another vendor's reasoning is stripped, and its call ids are made acceptable", () => {
    const foreign = { type: 'reasoning.encrypted' as const, data: 'x', format: 'google-gemini-v1' };
    const { sent } = encode({
      messages: [
        user('Hi'),
        { role: 'assistant', reasoning_details: [foreign], reasoning_content: 'hm', tool_calls: [call('call:1.2')] },
        { role: 'tool', tool_call_id: 'call:1.2', content: 'x' },
      ],
    });
    expect(sent.messages[1]?.content).toEqual([{ type: 'tool_use', id: 'call_1_2', name: 'weather', input: {} }]);
    expect(sent.messages[2]?.content[0]?.['tool_use_id']).toBe('call_1_2');
  });
});

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: { age: { type: 'integer', minimum: 0 }, tags: { type: 'array', items: { type: 'object', properties: {} } } },
  };
  const format = { type: 'json_schema' as const, json_schema: { name: 'person', strict: true, schema } };

  test('37: json_schema is output_config.format with closed objects and no bounds', () => {
    const { sent } = encode({ response_format: format }, { upstreamModel: SONNET });
    expect(sent['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          additionalProperties: false,
          properties: {
            age: { type: 'integer', description: '{minimum: 0}' },
            tags: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: false } },
          },
        },
      },
    });
  });

  test('37: an older model is made to call a tool, whose input is the content with finish_reason stop', () => {
    const overrides = { upstreamModel: HAIKU_3 };
    const { sent } = encode({ response_format: format }, overrides);
    expect(sent['tool_choice']).toEqual({ type: 'tool', name: 'output_person', disable_parallel_tool_use: true });
    const block = { type: 'tool_use', id: 'toolu_1', name: 'output_person', input: { age: 3 } };
    const of = target({ ...overrides, body: { response_format: format } });
    expect(sync({ content: [block], stop_reason: 'tool_use' }, of).answers[0]).toMatchObject({
      content: '{"age":3}',
      toolCalls: [],
      finishReason: 'stop',
    });
    const streamed = stream(
      [
        START,
        { type: 'content_block_start', index: 0, content_block: { ...block, input: {} } },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"age":3}' } },
        { type: 'content_block_stop', index: 0 },
        ...END('tool_use'),
      ],
      of,
    );
    expect(streamed.answers[0]).toMatchObject({ content: '{"age":3}', toolCalls: [], finishReason: 'stop' });
  });

  test('37: json_object is asked for in words', () => {
    expect(encode({ response_format: { type: 'json_object' } }).sent.system?.at(-1)?.text).toMatch(/JSON/);
  });

  test('38: a refusal is content_filter with its explanation', () => {
    const refused = { stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'No.' } };
    expect(sync({ content: [], ...refused }).answers[0]).toMatchObject({ finishReason: 'content_filter', refusal: 'No.' });
    const { answers } = stream([START, { type: 'message_delta', delta: refused, usage: {} }, { type: 'message_stop' }]);
    expect(answers[0]).toMatchObject({ finishReason: 'content_filter', refusal: 'No.', content: '' });
  });
});

describe('media', () => {
  const encodeImage = (url: string) =>
    encode({ messages: [user([{ type: 'image_url', image_url: { url, detail: 'high' } }])] }).sent.messages[0]?.content[0];

  test('39: an image URL travels as a URL, a data URL as base64 with the type of its bytes', () => {
    expect(encodeImage('https://x.test/a.png')).toEqual({ type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } });
    expect(encodeImage('data:image/jpeg;base64,iVBORw0KGgoAAAA')).toEqual({
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgoAAAA' },
    });
  });

  test('39: a PDF is a document', () => {
    const file = { type: 'file' as const, file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0xLjQ=' } };
    expect(encode({ messages: [user([file])] }).sent.messages[0]?.content[0]).toEqual({
      type: 'document',
      title: 'a.pdf',
      source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQ=' },
    });
  });

  test('39: audio and file ids are refused before anything is sent, in our words', () => {
    const audio = { type: 'input_audio' as const, input_audio: { data: 'UklGRg', format: 'wav' } };
    for (const part of [audio, { type: 'file' as const, file: { file_id: 'file-1' } }]) {
      try {
        encode({ messages: [user([part])] });
        expect.fail('was encoded');
      } catch (error) {
        expect(error).toMatchObject({ kind: 'invalid_request', failover: true, param: expect.stringContaining('messages[0].content[0]') });
        expect((error as UpstreamFailure).publicMessage).toBeTruthy();
      }
    }
  });
});

describe('stream and usage', () => {
  test('40: role first, constant id, created and public model, one finish reason, usage null until its own chunk', () => {
    const { chunks } = stream([START, ...textBlock(0, 'Hi'), ...END('end_turn')]);
    expect(chunks[0]).toMatchObject({ choices: [{ delta: { role: 'assistant', content: '' } }], usage: null });
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`))).toEqual(
      new Set(['chatcmpl-0199-request 1700000000 public-model']),
    );
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } });
  });

  test('41: a client that did not ask sees no usage; the meter still does', () => {
    const { chunks, usage } = stream([START, ...textBlock(0, 'Hi'), ...END('end_turn')], target({ stream: true, includeUsage: false }));
    expect(JSON.stringify(chunks)).not.toContain('usage');
    expect(usage?.buckets).toMatchObject({ inputUncached: 10, output: 5 });
  });

  test('42: prompt tokens include cache reads and writes, and writes are split by age', () => {
    const usage = {
      input_tokens: 3,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 4 },
    };
    const { chunks, usage: report } = sync({ content: [], stop_reason: 'end_turn', usage });
    expect(report).toEqual({
      buckets: { inputUncached: 3, cacheRead: 100, cacheWrite5m: 20, cacheWrite1h: 30, output: 7, requests: 0 },
      reasoningTokens: 4,
      mismatch: false,
    });
    expect(chunks[0]?.['usage']).toMatchObject({ prompt_tokens: 153, total_tokens: 160, prompt_tokens_details: { cached_tokens: 100 } });
  });

  test('42: in a stream the last value of each count wins, and an absent one keeps what was said before', () => {
    const start = {
      type: 'message_start',
      message: { id: 'm', usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 1 } },
    };
    const { usage, frames } = stream([
      start,
      ...textBlock(0, 'Hi'),
      ...END('end_turn', { input_tokens: 30, cache_read_input_tokens: null, output_tokens: 9 }),
    ]);
    expect(usage?.buckets).toMatchObject({ inputUncached: 30, cacheRead: 4, output: 9 });
    expect(frames[0]?.usage?.buckets).toMatchObject({ inputUncached: 10, cacheRead: 4 });
  });

  test.each([
    ['end_turn', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['something_new', 'stop'],
  ])('44: stop_reason %s is %s', (native, finish) => {
    const { answers, frames } = stream([START, ...textBlock(0, 'Hi'), ...END(native)]);
    expect(answers[0]?.finishReason).toBe(finish);
    expect(frames.at(-1)?.native?.finishReason).toBe(native);
  });

  test('47: an end without a stop_reason is a cut, never a stop', () => {
    expect(() => stream([START, ...textBlock(0, 'Hi')])).toThrow(expect.objectContaining({ kind: 'cut' }));
  });

  test('47: a stop_reason without message_stop is an end', () => {
    expect(stream([START, ...textBlock(0, 'Hi'), END('end_turn')[0] as object]).answers[0]?.finishReason).toBe('stop');
  });

  test('48: an overloaded event fails over before the first token and reports itself after it', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const decoder = anthropic.openStream(target({ stream: true }));
    expect(() => decoder.push([{ event: 'error', data: JSON.stringify(error) }])).toThrow(
      expect.objectContaining({ kind: 'overloaded', retryable: true }),
    );
    const late = anthropic.openStream(target({ stream: true }));
    const frame = late.push([START, ...textBlock(0, 'Hi'), error].map((body) => ({ event: '', data: JSON.stringify(body) })));
    expect(frame?.data.toString()).toContain('Hi');
    expect(late.failure).toMatchObject({ kind: 'overloaded' });
  });

  test('50: the answer carries the public model, whatever the vendor says', () => {
    expect(sync({ model: 'claude-sonnet-4-5-20250929', content: [], stop_reason: 'end_turn' }).chunks[0]?.['model']).toBe('public-model');
  });
});

describe('target', () => {
  test('the API version and the key travel as headers; nothing else does', () => {
    const { url, headers } = anthropic.encodeRequest(target({ baseUrl: 'https://api.anthropic.com' }));
    expect(url).toBe('https://api.anthropic.com/v1/messages');
    expect(headers).toEqual({
      'content-type': 'application/json',
      accept: 'application/json',
      'anthropic-version': '2023-06-01',
      'x-api-key': 'secret',
    });
  });

  test('Vertex names the model in the URL and the version in the body', () => {
    const quirks = {
      auth: 'bearer',
      path: '/models/{model}:{method}',
      more: { bodyVersion: 'vertex-2023-10-16', method: 'rawPredict', streamMethod: 'streamRawPredict' },
    } as const;
    const of = target({
      baseUrl: 'https://x.test/v1/projects/p/locations/l/publishers/anthropic',
      upstreamModel: 'claude-3-7-sonnet@20250219',
      stream: true,
      quirks,
    });
    const { url, headers, body } = anthropic.encodeRequest(of);
    expect(url).toBe('https://x.test/v1/projects/p/locations/l/publishers/anthropic/models/claude-3-7-sonnet@20250219:streamRawPredict');
    expect(headers['authorization']).toBe('Bearer secret');
    expect(JSON.parse(String(body))).toMatchObject({ anthropic_version: 'vertex-2023-10-16' });
    expect(JSON.parse(String(body)).model).toBeUndefined();
  });
});
