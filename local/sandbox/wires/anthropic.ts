/** Anthropic's messages: typed blocks, `event:` lines, pings, spaces before the closing brace, cumulative output tokens, no [DONE]. */
import { type Answer, cutIntoChunks, type Prompt, type Usage } from '../answer.js';
import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from '../json-value.js';
import { type Call, cutArguments, RefusedRequest, type Wire, type WireFrame } from './wire.js';

export const anthropicWire: Wire = {
  name: 'anthropic',
  errorFamily: () => 'anthropic',
  readPrompt,
  renderWhole,
  renderFrames,
  renderErrorFrame: () => event('error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
  renderMalformedFrame: () => 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_\n\n',
};

function readPrompt(body: JsonObject, call: Call): Prompt {
  const messages = asArray(body['messages']).map(asObject);
  refuseWhatAnthropicRefuses(body, messages);
  const users = messages.filter((message) => message['role'] === 'user');
  const lastBlocks = blocksOf(messages.at(-1)?.['content']);
  const choice = asObject(body['tool_choice']);
  return {
    model: call.model,
    stream: call.stream,
    text: [contentText(body['system']), ...messages.map((message) => contentText(message['content']))].join('\n'),
    messageCount: messages.length,
    lastUserText: textOnly(users.at(-1)?.['content']),
    endsWithToolResult: lastBlocks.some((block) => block['type'] === 'tool_result'),
    tools: asArray(body['tools']).map((tool) => ({
      name: asString(asObject(tool)['name']),
      schema: asObject(asObject(tool)['input_schema']),
    })),
    toolChoice: readToolChoice(choice),
    parallelTools: choice['disable_parallel_tool_use'] !== true,
    schema: readSchema(body),
    maxTokens: asNumber(body['max_tokens']),
    stop: asArray(body['stop_sequences']).map(asString),
    choices: 1,
    topLogprobs: undefined,
    reasoning: ['enabled', 'adaptive'].includes(asString(asObject(body['thinking'])['type'])),
    includeUsage: true,
  };
}

/** The 400s that a translation to this protocol must not run into (conformance.md 7: 1, 2, 5, 12, 16, 24). */
function refuseWhatAnthropicRefuses(body: JsonObject, messages: readonly JsonObject[]): void {
  if (asNumber(body['max_tokens']) === undefined) throw new RefusedRequest('max_tokens: Field required');
  if (messages.length === 0) throw new RefusedRequest('messages: at least one message is required');
  if (messages[0]?.['role'] !== 'user') throw new RefusedRequest('messages: first message must use the "user" role');
  if ((asNumber(body['temperature']) ?? 0) > 1) throw new RefusedRequest('temperature: range: 0..1');
  for (const tool of asArray(body['tools']).map(asObject)) {
    if (tool['type'] === undefined && asObject(tool['input_schema'])['type'] !== 'object') {
      throw new RefusedRequest('tools.0.custom.input_schema.type: Input should be "object"');
    }
  }
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message['content']);
    if (blocks.some((block) => block['type'] === 'text' && asString(block['text']).trim() === '')) {
      throw new RefusedRequest('messages: text content blocks must contain non-whitespace text');
    }
    const results = new Set(blocks.filter((block) => block['type'] === 'tool_result').map((block) => asString(block['tool_use_id'])));
    const missing = open.filter((id) => !results.has(id));
    if (missing.length > 0) {
      throw new RefusedRequest(
        `messages.${index - 1}: tool_use ids were found without tool_result blocks immediately after: ${missing.join(', ')}.`,
      );
    }
    open = blocks.filter((block) => block['type'] === 'tool_use').map((block) => asString(block['id']));
  }
}

function readToolChoice(choice: JsonObject): Prompt['toolChoice'] {
  if (choice['type'] === 'any') return 'required';
  if (choice['type'] === 'none') return 'none';
  return choice['type'] === 'tool' ? { name: asString(choice['name']) } : 'auto';
}

function readSchema(body: JsonObject): JsonObject | undefined {
  const format = asObject(asObject(body['output_config'])['format'] ?? body['output_format']);
  return format['type'] === 'json_schema' ? asObject(format['schema']) : undefined;
}

function blocksOf(content: unknown): readonly JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : asArray(content).filter(isObject);
}

function textOnly(content: unknown): string {
  return blocksOf(content)
    .map((block) => asString(block['text']))
    .filter((text) => text !== '')
    .join('\n');
}

function contentText(content: unknown): string {
  return blocksOf(content)
    .map((block) => {
      if (block['type'] === 'tool_use') return `${asString(block['name'])} ${JSON.stringify(block['input'] ?? {})}`;
      return block['type'] === 'tool_result' ? contentText(block['content']) : asString(block['text']) + asString(block['thinking']);
    })
    .join('\n');
}

/** Signatures must come back unchanged: a test sees whether they did. */
const SIGNATURE = 'U2FuZGJveFNpZ25hdHVyZQ==';

function stopReason(answer: Answer): string {
  const finish = answer.choices[0]?.finish;
  return finish === 'tool_calls' ? 'tool_use' : finish === 'length' ? 'max_tokens' : 'end_turn';
}

function inputUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.input - usage.cached - usage.cacheWrite,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cached,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0 },
  };
}

function outputTokens(usage: Usage, call: Call): number {
  return call.script.fault === 'usage-negative' ? -usage.output : usage.output;
}

function head(call: Call): JsonObject {
  return { model: call.model, id: `msg_sandbox${call.sequence.toString(36)}`, type: 'message', role: 'assistant' };
}

function renderWhole(answer: Answer, _prompt: Prompt, call: Call): unknown {
  const choice = answer.choices[0];
  const content: JsonObject[] = [];
  if (choice?.reasoning) content.push({ type: 'thinking', thinking: choice.reasoning, signature: SIGNATURE });
  if (choice?.text) content.push({ type: 'text', text: choice.text });
  for (const [index, called] of (choice?.calls ?? []).entries()) {
    content.push({ type: 'tool_use', id: toolId(call, index), name: called.name, input: JSON.parse(called.arguments) });
  }
  const usage = { ...inputUsage(answer.usage), output_tokens: outputTokens(answer.usage, call), service_tier: 'standard' };
  return {
    ...head(call),
    content,
    stop_reason: stopReason(answer),
    stop_sequence: null,
    ...(call.script.fault === 'no-usage' ? {} : { usage }),
  };
}

function toolId(call: Call, index: number): string {
  return `toolu_sandbox${call.sequence.toString(36)}x${index}`;
}

function* renderFrames(answer: Answer, _prompt: Prompt, call: Call): Iterable<WireFrame> {
  const choice = answer.choices[0];
  const { script } = call;
  const reports = script.fault !== 'no-usage';
  const opening = reports ? { usage: { ...inputUsage(answer.usage), output_tokens: 1, service_tier: 'standard' } } : {};
  yield frame('message_start', { message: { ...head(call), content: [], stop_reason: null, stop_sequence: null, ...opening } });

  let index = 0;
  if (choice?.reasoning) {
    yield frame('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } });
    yield frame('ping', {});
    for (const thinking of cutIntoChunks(choice.reasoning, script)) yield delta(index, { type: 'thinking_delta', thinking });
    yield frame('content_block_delta', { index, delta: { type: 'signature_delta', signature: SIGNATURE } });
    yield frame('content_block_stop', { index: index++ });
  }
  if (choice?.text) {
    yield frame('content_block_start', { index, content_block: { type: 'text', text: '' } });
    if (index === 0) yield frame('ping', {});
    for (const text of cutIntoChunks(choice.text, script)) yield delta(index, { type: 'text_delta', text });
    yield frame('content_block_stop', { index: index++ });
  }
  for (const [at, called] of (choice?.calls ?? []).entries()) {
    yield frame('content_block_start', { index, content_block: { type: 'tool_use', id: toolId(call, at), name: called.name, input: {} } });
    yield delta(index, { type: 'input_json_delta', partial_json: '' });
    if (called.arguments !== '{}') {
      for (const piece of cutArguments(called.arguments)) yield delta(index, { type: 'input_json_delta', partial_json: piece });
    }
    yield frame('content_block_stop', { index: index++ });
  }
  const closing = { ...inputUsage(answer.usage), output_tokens: outputTokens(answer.usage, call) };
  const last = { delta: { stop_reason: stopReason(answer), stop_sequence: null }, ...(reports ? { usage: closing } : {}) };
  yield frame('message_delta', last);
  if (script.fault === 'usage-twice') yield frame('message_delta', last);
  yield frame('message_stop', {});
}

function delta(index: number, change: JsonObject): WireFrame {
  return { ...frame('content_block_delta', { index, delta: change }), delta: true };
}

function frame(type: string, body: JsonObject): WireFrame {
  return { data: event(type, { type, ...body }), delta: false };
}

/** Anthropic pads its JSON with spaces; how many is derived from the length, so that it is repeatable. */
function event(type: string, body: JsonObject): string {
  const json = JSON.stringify(body);
  return `event: ${type}\ndata: ${json.slice(0, -1)}${' '.repeat(json.length % 14)}}\n\n`;
}
