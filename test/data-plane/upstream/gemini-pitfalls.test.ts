/** The pitfalls of conformance 7 that concern Gemini, by number. */
import { describe, expect, test } from 'vitest';
import { gemini } from '../../../data-plane/upstream/protocols/gemini/index.js';
import type { AttemptTarget } from '../../../data-plane/upstream/protocols/protocol-adapter.js';
import { remoteMediaUrls, withInlineMedia } from '../../../data-plane/upstream/protocols/remote-media.js';
import type { ChatMessage, ChatRequest, FunctionTool, ToolCall } from '../../../shared/chat.js';
import { replayStream, replaySync, target } from '../../conformance/gemini-and-anthropic-replay.js';

type Overrides = Parameters<typeof target>[0];
interface Sent {
  readonly contents: { role: string; parts: Record<string, unknown>[] }[];
  readonly systemInstruction?: { parts: { text: string }[] };
  readonly generationConfig: Record<string, unknown>;
  readonly tools?: { functionDeclarations: Record<string, unknown>[] }[];
  readonly toolConfig?: unknown;
}

const FLASH = 'gemini-2.5-flash';
const PRO = 'gemini-2.5-pro';
const THREE = 'gemini-3-pro-preview';

function encode(body: Partial<ChatRequest>, overrides: Overrides = {}): { sent: Sent; dropped: readonly string[] } {
  const encoded = gemini.encodeRequest(target({ upstreamModel: FLASH, ...overrides, body }));
  return { sent: JSON.parse(String(encoded.body)) as Sent, dropped: encoded.dropped };
}

const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', ...(content === undefined ? {} : { content }) });
const call = (id: string, name = 'weather', signature?: string): ToolCall => ({
  id,
  type: 'function',
  function: { name, arguments: '{"city":"Rome"}' },
  ...(signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } }),
});
const tool = (name: string, parameters?: FunctionTool['function']['parameters']): FunctionTool => ({
  type: 'function',
  function: { name, ...(parameters === undefined ? {} : { parameters }) },
});
const loop = (...calls: ToolCall[]): ChatMessage[] => [
  user('Hi'),
  { role: 'assistant', content: null, tool_calls: calls },
  ...calls.map((asked): ChatMessage => ({ role: 'tool', tool_call_id: asked.id, content: `${asked.id} result` })),
];

const candidate = (parts: object[], rest: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...rest }],
});
const USAGE = { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 } };
const stream = (bodies: object[], of: AttemptTarget = target({ stream: true, upstreamModel: THREE })) =>
  replayStream(gemini, [Buffer.from(bodies.map((body) => `data: ${JSON.stringify(body)}\r\n\r\n`).join(''))], of);
const sync = (body: object, of: AttemptTarget = target({ upstreamModel: THREE })) =>
  replaySync(gemini, Buffer.from(JSON.stringify(body)), of);

describe('messages', () => {
  test('4, 6: system goes apart, roles alternate as user and model, nothing is empty', () => {
    const { sent } = encode({
      messages: [
        { role: 'developer', content: 'rules' },
        user('a'),
        user('b'),
        { role: 'assistant', content: '' },
        user('c'),
        { role: 'assistant', content: 'd' },
        user('e'),
      ],
    });
    expect(sent.systemInstruction?.parts).toEqual([{ text: 'rules' }]);
    expect(sent.contents.map(({ role, parts }) => [role, parts.length])).toEqual([
      ['user', 3],
      ['model', 1],
      ['user', 1],
    ]);
  });

  test('6: a history that ends with the assistant is closed by a user turn', () => {
    expect(encode({ messages: [user('a'), { role: 'assistant', content: 'b' }] }).sent.contents.map(({ role }) => role)).toEqual([
      'user',
      'model',
      'user',
    ]);
  });

  test('8: results carry the name of the function, wrapped, in one turn and in the order of the calls', () => {
    const [first, assistant, ...results] = loop(call('x1', 'weather'), call('x2', 'time'));
    const { sent } = encode({ messages: [first, assistant, ...results.reverse()] as ChatMessage[] });
    expect(sent.contents[2]).toEqual({
      role: 'user',
      parts: [
        { functionResponse: { id: 'x1', name: 'weather', response: { result: 'x1 result' } } },
        { functionResponse: { id: 'x2', name: 'time', response: { result: 'x2 result' } } },
      ],
    });
  });

  test('8: a result that is JSON with $ref stays a string', () => {
    const messages = [...loop(call('x1')).slice(0, 2), { role: 'tool' as const, tool_call_id: 'x1', content: '{"$ref":"#/a"}' }];
    expect(encode({ messages }).sent.contents[2]?.parts[0]).toMatchObject({ functionResponse: { response: { result: '{"$ref":"#/a"}' } } });
  });

  test('10: images of a tool result are kept: inside it on Gemini 3, behind it before', () => {
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgoAAAA' } };
    const messages = [...loop(call('x1')).slice(0, 2), { role: 'tool' as const, tool_call_id: 'x1', content: [image] }];
    const inline = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgoAAAA' } };
    expect(encode({ messages }, { upstreamModel: THREE }).sent.contents[2]?.parts).toMatchObject([
      { functionResponse: { parts: [inline] } },
    ]);
    expect(encode({ messages }).sent.contents[2]?.parts).toMatchObject([{ functionResponse: {} }, inline]);
  });
});

describe('parameters', () => {
  test('12: maxOutputTokens never passes the limit', () => {
    expect(encode({ max_tokens: 100_000 }, { outputLimit: 8192 }).sent.generationConfig['maxOutputTokens']).toBe(8192);
    expect(encode({ max_tokens: 10, max_completion_tokens: 20 }).sent.generationConfig['maxOutputTokens']).toBe(20);
  });

  test('16: temperature goes to 2', () => {
    expect(encode({ temperature: 1.9 }).sent.generationConfig['temperature']).toBe(1.9);
    expect(encode({ temperature: 9 }).sent.generationConfig['temperature']).toBe(2);
  });

  test.each([
    [FLASH, 'low', { includeThoughts: true, thinkingBudget: 2048 }],
    [FLASH, 'none', { includeThoughts: false, thinkingBudget: 0 }],
    [PRO, 'none', { includeThoughts: false, thinkingBudget: 128 }],
    [FLASH, 'max', { includeThoughts: true, thinkingBudget: 24_576 }],
    [THREE, 'medium', { includeThoughts: true, thinkingLevel: 'low' }],
    [THREE, 'none', { includeThoughts: false, thinkingLevel: 'low' }],
    ['gemini-3-flash-preview', 'minimal', { includeThoughts: true, thinkingLevel: 'minimal' }],
  ] as const)('17: %s with effort %s is a budget or a level, never both', (upstreamModel, effort, expected) => {
    const { sent, dropped } = encode({ reasoning_effort: effort }, { upstreamModel });
    expect(sent.generationConfig['thinkingConfig']).toEqual(expected);
    expect(dropped).toEqual([]);
  });

  test('17: a model that does not think has the effort named as dropped', () => {
    const { sent, dropped } = encode({ reasoning_effort: 'high' }, { upstreamModel: 'gemini-2.0-flash' });
    expect(sent.generationConfig['thinkingConfig']).toBeUndefined();
    expect(dropped).toEqual(['reasoning_effort']);
  });

  test('18: at most five stop sequences', () => {
    const { sent, dropped } = encode({ stop: ['1', '2', '3', '4', '5', '6'] });
    expect(sent.generationConfig['stopSequences']).toHaveLength(5);
    expect(dropped).toEqual(['stop']);
  });

  test('19: n is candidateCount, and choices interleave with a finish each and usage once', () => {
    expect(encode({ n: 2 }).sent.generationConfig['candidateCount']).toBe(2);
    const two = (index: number, text: string, finishReason?: string): object => ({
      index,
      content: { parts: [{ text }] },
      ...(finishReason === undefined ? {} : { finishReason }),
    });
    const { answers, chunks } = stream([
      { candidates: [two(0, 'a'), two(1, 'x')] },
      { candidates: [two(1, 'y', 'STOP')] },
      { candidates: [two(0, 'b', 'MAX_TOKENS')], ...USAGE },
    ]);
    expect(answers).toMatchObject([
      { content: 'ab', finishReason: 'length' },
      { content: 'xy', finishReason: 'stop' },
    ]);
    expect(chunks.filter((chunk) => chunk['usage'] !== null)).toHaveLength(1);
    const whole = sync({ candidates: [two(0, 'a', 'STOP'), two(1, 'b', 'STOP')], ...USAGE });
    expect(whole.answers.map(({ content }) => content)).toEqual(['a', 'b']);
  });

  test('20: logprobs both ways', () => {
    expect(encode({ logprobs: true, top_logprobs: 2 }).sent.generationConfig).toMatchObject({ responseLogprobs: true, logprobs: 2 });
    const logprobsResult = {
      chosenCandidates: [{ token: 'Hé', logProbability: -0.1, tokenId: 1 }],
      topCandidates: [
        {
          candidates: [
            { token: 'Hé', logProbability: -0.1 },
            { token: 'Ho', logProbability: -2 },
          ],
        },
      ],
    };
    const expected = [
      {
        token: 'Hé',
        logprob: -0.1,
        bytes: [72, 195, 169],
        top_logprobs: [{ token: 'Hé' }, { token: 'Ho', logprob: -2, bytes: [72, 111] }],
      },
    ];
    const body = { ...candidate([{ text: 'Hé' }], { finishReason: 'STOP', logprobsResult }), ...USAGE };
    expect(sync(body).answers[0]?.logprobs).toMatchObject(expected);
    expect(stream([body]).answers[0]?.logprobs).toMatchObject(expected);
  });

  test('21, 22: what Gemini cannot do is named, and no safety settings are added', () => {
    const { sent, dropped } = encode({
      user: 'u',
      store: true,
      logit_bias: { 1: 2 },
      parallel_tool_calls: false,
      tools: [tool('a')],
      seed: 3,
      presence_penalty: 0.5,
    });
    expect(dropped).toEqual(['logit_bias', 'parallel_tool_calls', 'store', 'user']);
    expect(sent.generationConfig).toMatchObject({ seed: 3, presencePenalty: 0.5 });
    expect(JSON.stringify(sent)).not.toContain('safety');
  });
});

describe('tools', () => {
  test.each([
    ['auto', { mode: 'AUTO' }],
    ['required', { mode: 'ANY' }],
    ['none', { mode: 'NONE' }],
    [
      { type: 'function', function: { name: 'weather' } },
      { mode: 'ANY', allowedFunctionNames: ['weather'] },
    ],
  ])('23: tool_choice %j is %j', (choice, expected) => {
    const { sent } = encode({ tools: [tool('weather'), tool('time')], tool_choice: choice as NonNullable<ChatRequest['tool_choice']> });
    expect(sent.toolConfig).toEqual({ functionCallingConfig: expected });
    expect(sent.tools?.[0]?.functionDeclarations).toHaveLength(2);
  });

  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    additionalProperties: false,
    $defs: { Pet: { type: 'object', properties: { kind: { const: 'cat' } }, required: ['kind'] } },
    properties: {
      pet: { $ref: '#/$defs/Pet' },
      size: { type: ['integer', 'null'], exclusiveMinimum: 0, default: 3 },
      level: { enum: [1, 2] },
      tags: { type: 'array' },
      free: { type: 'object', properties: {} },
      either: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
    required: ['pet', 'gone'],
  };

  test('25: current models take JSON Schema as it is', () => {
    expect(encode({ tools: [tool('a', schema)] }).sent.tools?.[0]?.functionDeclarations[0]).toEqual({
      name: 'a',
      parametersJsonSchema: schema,
    });
  });

  test('25: older ones take the OpenAPI subset', () => {
    const { sent } = encode(
      { tools: [tool('a', schema), tool('b', { type: 'object', properties: {} }), tool('c')] },
      { quirks: { more: { openApiSchema: true } } },
    );
    expect(sent.tools?.[0]?.functionDeclarations).toEqual([
      {
        name: 'a',
        parameters: {
          type: 'OBJECT',
          properties: {
            pet: { type: 'OBJECT', properties: { kind: { type: 'STRING', format: 'enum', enum: ['cat'] } }, required: ['kind'] },
            size: { type: 'INTEGER', nullable: true },
            level: { type: 'STRING', format: 'enum', enum: ['1', '2'] },
            tags: { type: 'ARRAY', items: { type: 'STRING' } },
            free: { type: 'OBJECT' },
            either: { type: 'STRING', nullable: true },
          },
          required: ['pet'],
        },
      },
      { name: 'b' },
      { name: 'c' },
    ]);
  });

  test('25: a schema that contains itself ends somewhere', () => {
    const tree = { type: 'object', properties: { child: { $ref: '#' }, kids: { type: 'array', items: { $ref: '#' } } } };
    const { sent } = encode({ tools: [tool('a', { ...tree, $ref: undefined })] }, { quirks: { more: { openApiSchema: true } } });
    expect(JSON.stringify(sent).length).toBeLessThan(1_000_000);
  });

  test('26: names are made acceptable, unique, and mapped back', () => {
    const body = { tools: [tool('my tool!'), tool('my tool?'), tool('1st')] };
    const { sent } = encode(body);
    const names = sent.tools?.[0]?.functionDeclarations.map((declared) => declared['name']);
    expect(names).toEqual(['my_tool_', 'my_tool__2', '_1st']);
    const answer = candidate([{ functionCall: { name: 'my_tool__2', args: {} } }], { finishReason: 'STOP' });
    expect(sync({ ...answer, ...USAGE }, target({ upstreamModel: THREE, body })).answers[0]?.toolCalls[0]?.function.name).toBe('my tool?');
  });

  test('28: calls without an id get different ones, which are not sent back; given ones are', () => {
    const parts = [
      { functionCall: { name: 'a', args: {} } },
      { functionCall: { name: 'a', args: {} } },
      { functionCall: { name: 'a', args: {}, id: 'given' } },
    ];
    const { answers } = sync({ ...candidate(parts, { finishReason: 'STOP' }), ...USAGE });
    const ids = answers[0]?.toolCalls.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(3);
    expect(ids[2]).toBe('given');
    const { sent } = encode({ messages: loop(...ids.map((id) => call(id, 'a'))) });
    expect(sent.contents[1]?.parts.map((part) => (part['functionCall'] as { id?: string }).id)).toEqual([undefined, undefined, 'given']);
  });

  test('29: a call before a trailing STOP with empty text finishes as tool_calls', () => {
    const { answers } = stream([
      candidate([{ functionCall: { name: 'a', args: { x: 1 } } }]),
      { ...candidate([{ text: '' }], { finishReason: 'STOP' }), ...USAGE },
    ]);
    expect(answers[0]).toMatchObject({ finishReason: 'tool_calls', toolCalls: [{ function: { name: 'a', arguments: '{"x":1}' } }] });
  });

  test('29: arguments that come piece by piece are one valid JSON string', () => {
    const piece = (functionCall: object): object => candidate([{ functionCall }]);
    const { answers } = stream([
      piece({ name: 'a', willContinue: true }),
      piece({ partialArgs: [{ jsonPath: '$.city', stringValue: 'New ', willContinue: true }], willContinue: true }),
      piece({
        partialArgs: [
          { jsonPath: '$.city', stringValue: 'York' },
          { jsonPath: "$['days'][1].n", numberValue: 2 },
        ],
        willContinue: true,
      }),
      piece({
        partialArgs: [
          { jsonPath: '$.ok', boolValue: true },
          { jsonPath: '$.no', nullValue: 'NULL_VALUE' },
        ],
      }),
      { ...candidate([], { finishReason: 'STOP' }), ...USAGE },
    ]);
    expect(JSON.parse(answers[0]?.toolCalls[0]?.function.arguments ?? '')).toEqual({
      city: 'New York',
      days: [null, { n: 2 }],
      ok: true,
      no: null,
    });
  });

  test('30: tool indexes are dense, arguments are strings', () => {
    const { answers } = stream([
      candidate([{ text: 'Well' }, { functionCall: { name: 'a' } }]),
      { ...candidate([{ functionCall: { name: 'b', args: { x: [1] } } }], { finishReason: 'STOP' }), ...USAGE },
    ]);
    expect(answers[0]?.toolCalls.map(({ function: called }) => called)).toEqual([
      { name: 'a', arguments: '{}' },
      { name: 'b', arguments: '{"x":[1]}' },
    ]);
  });

  test.each(['UNEXPECTED_TOOL_CALL', 'MALFORMED_FUNCTION_CALL', 'TOO_MANY_TOOL_CALLS'])(
    '32: %s is a failure, not an empty stop',
    (finishReason) => {
      const body = { ...candidate([], { finishReason }), ...USAGE };
      const failure = expect.objectContaining({ kind: 'server_error', retryable: true, failover: true, vendorCode: finishReason });
      expect(() => sync(body)).toThrow(failure);
      expect(() => stream([body])).toThrow(failure);
    },
  );
});

describe('reasoning', () => {
  test('33: thoughts are reasoning_content, apart from the content', () => {
    const body = { ...candidate([{ text: 'Hm', thought: true }, { text: 'Rome' }], { finishReason: 'STOP' }), ...USAGE };
    for (const replay of [sync(body), stream([body])]) expect(replay.answers[0]).toMatchObject({ reasoning: 'Hm', content: 'Rome' });
  });

  test('34: the signature of a call is shown twice over, and either way back re-attaches it', () => {
    const body = {
      ...candidate([{ functionCall: { name: 'weather', args: {}, id: 'x1' }, thoughtSignature: 'sig' }], { finishReason: 'STOP' }),
      ...USAGE,
    };
    for (const replay of [sync(body), stream([body])]) {
      const [answer] = replay.answers;
      expect(answer?.toolCalls[0]).toMatchObject({ extra_content: { google: { thought_signature: 'sig' } } });
      expect(answer?.details).toEqual([{ type: 'reasoning.encrypted', data: 'sig', id: 'x1', format: 'google-gemini-v1', index: 0 }]);
    }
    const details = [{ type: 'reasoning.encrypted' as const, data: 'sig', id: 'x1', format: 'google-gemini-v1' }];
    const [first, assistant, ...rest] = loop(call('x1'));
    const histories = [loop(call('x1', 'weather', 'sig')), [first, { ...assistant, reasoning_details: details }, ...rest] as ChatMessage[]];
    for (const messages of histories)
      expect(encode({ messages }, { upstreamModel: THREE }).sent.contents[1]?.parts[0]).toMatchObject({ thoughtSignature: 'sig' });
  });

  test('34: a signature on a text part, even an empty one, goes back to a text part', () => {
    const body = { ...candidate([{ text: 'Rome' }, { text: '', thoughtSignature: 'sig' }], { finishReason: 'STOP' }), ...USAGE };
    const details = stream([body]).answers[0]?.details as unknown as NonNullable<ChatMessage['reasoning_details']>;
    expect(details).toMatchObject([{ data: 'sig' }]);
    const { sent } = encode(
      { messages: [user('Hi'), { role: 'assistant', content: 'Rome', reasoning_details: details }, user('And?')] },
      { upstreamModel: THREE },
    );
    expect(sent.contents[1]?.parts).toEqual([{ text: 'Rome', thoughtSignature: 'sig' }]);
  });

  test("34, 36: a call that another model made carries Google's stand-in on Gemini 3 only, and foreign signatures are stripped", () => {
    const [first, assistant, ...rest] = loop(call('toolu_1'), call('toolu_2'));
    const foreign = [{ type: 'reasoning.text' as const, text: 'x', signature: 'claude', format: 'anthropic-claude-v1' }];
    const messages = [first, { ...assistant, reasoning_details: foreign }, ...rest] as ChatMessage[];
    const parts = encode({ messages }, { upstreamModel: THREE }).sent.contents[1]?.parts ?? [];
    expect(parts.map((part) => part['thoughtSignature'])).toEqual(['skip_thought_signature_validator', undefined]);
    expect(JSON.stringify(encode({ messages }).sent)).not.toMatch(/skip_thought|claude/);
  });
});

describe('structured output', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
  const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema } };

  test('37: json_schema is responseJsonSchema, json_object a mime type', () => {
    expect(encode({ response_format: format }).sent.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
    });
    expect(encode({ response_format: { type: 'json_object' } }).sent.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
    });
  });

  test('37: Gemini 2 cannot combine it with tools and says so', () => {
    const body = { response_format: format, tools: [tool('a')] };
    expect(encode(body).dropped).toEqual(['response_format']);
    expect(encode(body, { upstreamModel: THREE }).dropped).toEqual([]);
  });

  test('38: a blocked prompt without candidates is a content_filter', () => {
    const body = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 } };
    for (const replay of [sync(body), stream([body])]) {
      expect(replay.answers[0]).toMatchObject({ content: '', finishReason: 'content_filter' });
      expect(replay.usage?.buckets).toMatchObject({ inputUncached: 4, output: 0 });
    }
  });
});

describe('media', () => {
  const url = 'https://x.test/cat.png';
  const image = (location: string): ChatMessage => user([{ type: 'image_url', image_url: { url: location, detail: 'low' } }]);

  test('39: URLs to fetch are listed, and travel as bytes once fetched', () => {
    const body: ChatRequest = {
      model: 'm',
      messages: [image(url), image(url), image('https://generativelanguage.googleapis.com/v1beta/files/1')],
    };
    expect(remoteMediaUrls(body, 'gemini', {})).toEqual([url]);
    expect(remoteMediaUrls(body, 'anthropic', {})).toEqual([]);
    expect(remoteMediaUrls(body, 'anthropic', { inlineImages: true })).toContain(url);
    const inline = withInlineMedia(body, new Map([[url, { mimeType: 'image/png', base64: 'iVBORw0KGgo' }]]));
    const { sent } = encode(inline);
    expect(sent.contents[0]?.parts).toEqual([
      { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo' } },
      { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo' } },
      { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/1' } },
    ]);
  });

  test('39: a URL that nobody fetched is refused before anything is sent', () => {
    expect(() => encode({ messages: [image(url)] })).toThrow(expect.objectContaining({ kind: 'invalid_request', failover: true }));
  });

  test('39: audio and files are inline data with the type of their bytes', () => {
    const { sent } = encode({
      messages: [
        user([
          { type: 'input_audio', input_audio: { data: 'SUQzAA', format: 'mp3' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'JVBERi0xLjQ=' } },
        ]),
      ],
    });
    expect(sent.contents[0]?.parts).toEqual([
      { inlineData: { mimeType: 'audio/mpeg', data: 'SUQzAA' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0xLjQ=' } },
    ]);
  });

  test('generated images are shown as data URLs', () => {
    const body = { ...candidate([{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }], { finishReason: 'STOP' }), ...USAGE };
    for (const replay of [sync(body), stream([body])]) {
      expect(replay.answers[0]?.images).toEqual([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }]);
    }
  });
});

describe('stream and usage', () => {
  test('40: role first, constant id, created and public model, one finish reason, then usage', () => {
    const { chunks } = stream([
      candidate([{ text: 'Hi' }]),
      { ...candidate([{ text: '!' }], { finishReason: 'STOP' }), ...USAGE, modelVersion: 'gemini-x' },
    ]);
    expect(chunks[0]).toMatchObject({ choices: [{ delta: { role: 'assistant', content: '' } }], usage: null });
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`))).toEqual(
      new Set(['chatcmpl-0199-request 1700000000 public-model']),
    );
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } });
  });

  test('43: completion is candidates and thoughts, cached stands inside the prompt, tools read input; the last report counts', () => {
    const usageMetadata = {
      promptTokenCount: 100,
      cachedContentTokenCount: 40,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 20,
      toolUsePromptTokenCount: 7,
      totalTokenCount: 132,
    };
    const { usage } = stream([
      { ...candidate([{ text: 'Hi' }]), ...USAGE },
      { ...candidate([], { finishReason: 'STOP' }), usageMetadata },
    ]);
    expect(usage).toEqual({
      buckets: { inputUncached: 67, cacheRead: 40, cacheWrite5m: 0, cacheWrite1h: 0, output: 25, requests: 0 },
      reasoningTokens: 20,
      mismatch: false,
    });
  });

  test.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
    ['BLOCKLIST', 'content_filter'],
    ['PROHIBITED_CONTENT', 'content_filter'],
    ['SPII', 'content_filter'],
    ['IMAGE_SAFETY', 'content_filter'],
    ['LANGUAGE', 'stop'],
    ['OTHER', 'stop'],
    ['SOMETHING_NEW', 'stop'],
  ])('44: %s is %s, with the native reason beside it', (finishReason, finish) => {
    const body = { ...candidate([{ text: 'Hi' }], { finishReason }), ...USAGE };
    for (const { answers, chunks, frames } of [sync(body), stream([body])]) {
      expect(answers[0]?.finishReason).toBe(finish);
      expect(frames.at(-1)?.native?.finishReason).toBe(finishReason);
      expect(JSON.stringify(chunks)).toContain(`"native_finish_reason":"${finishReason}"`);
    }
  });

  test('45: thinking that ate all tokens is an empty answer with length', () => {
    const body = { candidates: [{ content: { role: 'model' }, finishReason: 'MAX_TOKENS', index: 0 }], ...USAGE };
    for (const { answers } of [sync(body), stream([body])]) expect(answers[0]).toMatchObject({ content: '', finishReason: 'length' });
  });

  test('47: an end without a finishReason is a cut, never a stop', () => {
    expect(() => stream([candidate([{ text: 'Hi' }])])).toThrow(expect.objectContaining({ kind: 'cut' }));
    expect(() => stream([])).toThrow(expect.objectContaining({ kind: 'cut' }));
  });

  test("47: a relay's [DONE] is the end, and a cut before it is one", () => {
    const read = (bodies: object[]): Buffer[] => [
      Buffer.from(`${bodies.map((body) => `data: ${JSON.stringify(body)}\n\n`).join('')}data: [DONE]\n\n`),
    ];
    const of = target({ stream: true, upstreamModel: THREE });
    expect(replayStream(gemini, read([{ ...candidate([{ text: 'Hi' }], { finishReason: 'STOP' }), ...USAGE }]), of).finished).toBe(true);
    expect(() => replayStream(gemini, read([candidate([{ text: 'Hi' }])]), of)).toThrow(expect.objectContaining({ kind: 'cut' }));
  });

  test('48: an error in mid-stream is a failure behind what was good, also as bare JSON in an array', () => {
    const error = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };
    const decoder = gemini.openStream(target({ stream: true }));
    const frame = decoder.push([candidate([{ text: 'Hi' }]), [error]].map((body) => ({ event: '', data: JSON.stringify(body) })));
    expect(frame?.data.toString()).toContain('Hi');
    expect(decoder.failure).toMatchObject({ kind: 'overloaded', retryable: true });
    const bare = Buffer.from(`[${JSON.stringify(error, null, 2)}\n]\n`);
    expect(() => replayStream(gemini, [bare], target({ stream: true }))).toThrow(expect.objectContaining({ kind: 'overloaded' }));
  });
});

describe('target', () => {
  const url = (overrides: Overrides) => gemini.encodeRequest(target({ upstreamModel: FLASH, ...overrides })).url;

  test('AI Studio: version, model and method in the path, the key as a header', () => {
    expect(url({ baseUrl: 'https://generativelanguage.googleapis.com' })).toBe(
      `https://generativelanguage.googleapis.com/v1beta/models/${FLASH}:generateContent`,
    );
    expect(url({ baseUrl: 'https://generativelanguage.googleapis.com/v1beta/', stream: true })).toBe(
      `https://generativelanguage.googleapis.com/v1beta/models/${FLASH}:streamGenerateContent?alt=sse`,
    );
    expect(gemini.encodeRequest(target({})).headers['x-goog-api-key']).toBe('secret');
  });

  test('Vertex: the base URL names project, location and publisher, the token is a bearer', () => {
    const baseUrl = 'https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google';
    expect(url({ baseUrl })).toBe(`${baseUrl}/models/${FLASH}:generateContent`);
    const express = { path: '/v1/publishers/google/models/{model}:{method}' };
    expect(url({ baseUrl, quirks: express })).toBe(`${baseUrl}/models/${FLASH}:generateContent`);
    expect(url({ baseUrl: 'https://aiplatform.googleapis.com', quirks: express })).toBe(
      `https://aiplatform.googleapis.com/v1/publishers/google/models/${FLASH}:generateContent`,
    );
    expect(gemini.encodeRequest(target({ baseUrl, quirks: { auth: 'bearer' } })).headers['authorization']).toBe('Bearer secret');
  });
});
