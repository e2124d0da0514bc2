/** OpenAI's chat completions, with the departures of `dialects.ts`. */
import { type Answer, type Choice, cutIntoChunks, type Prompt, type Usage } from '../answer.js';
import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from '../json-value.js';
import { countTokens } from '../tokens.js';
import { type Call, cutArguments, RefusedRequest, type Wire, type WireFrame } from './wire.js';

export const openaiWire: Wire = {
  name: 'openai',
  errorFamily: (call) => call.dialect.errors,
  readPrompt,
  renderWhole,
  renderFrames,
  renderErrorFrame: (call) => {
    const error = { message: 'The server had an error while processing your request.', type: 'server_error', param: null, code: null };
    if (call.dialect.errors === 'groq') return `event: error\ndata: ${JSON.stringify({ error: { ...error, status_code: 500 } })}\n\n`;
    if (call.dialect.errors === 'openrouter') {
      const choices = [{ index: 0, delta: { content: '' }, finish_reason: 'error' }];
      return `data: ${JSON.stringify({ ...envelope(call), error: { code: 502, message: 'Provider disconnected' }, choices })}\n\n`;
    }
    return `data: ${JSON.stringify({ error })}\n\ndata: [DONE]\n\n`;
  },
  renderMalformedFrame: () => 'data: {"id":"chatcmpl-broken","choices":[{"delta":{"content":\n\n',
};

function readPrompt(body: JsonObject, call: Call): Prompt {
  const messages = asArray(body['messages']).map(asObject);
  if (messages.length === 0) throw new RefusedRequest("Invalid 'messages': empty array. Expected an array with minimum length 1.");
  const users = messages.filter((message) => message['role'] === 'user');
  const format = asObject(body['response_format']);
  return {
    model: call.model,
    stream: call.stream,
    text: messages.map(messageText).join('\n'),
    messageCount: messages.length,
    lastUserText: contentText(users.at(-1)?.['content']),
    endsWithToolResult: messages.at(-1)?.['role'] === 'tool',
    tools: readTools(body),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelTools: body['parallel_tool_calls'] !== false,
    schema: readSchema(format),
    maxTokens: asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']),
    stop: typeof body['stop'] === 'string' ? [body['stop']] : asArray(body['stop']).map(asString),
    choices: Math.min(Math.max(asNumber(body['n']) ?? 1, 1), 128),
    topLogprobs: body['logprobs'] === true ? (asNumber(body['top_logprobs']) ?? 0) : undefined,
    reasoning: wantsReasoning(body),
    includeUsage: asObject(body['stream_options'])['include_usage'] === true,
  };
}

function wantsReasoning(body: JsonObject): boolean {
  const effort = asString(body['reasoning_effort']) || asString(asObject(body['reasoning'])['effort']);
  if (effort !== '') return effort !== 'none';
  return body['enable_thinking'] === true || asObject(body['thinking'])['type'] === 'enabled';
}

function readSchema(format: JsonObject): JsonObject | undefined {
  if (format['type'] === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } };
  return format['type'] === 'json_schema' ? asObject(asObject(format['json_schema'])['schema']) : undefined;
}

function readTools(body: JsonObject): Prompt['tools'] {
  const declared = asArray(body['functions']).concat(
    asArray(body['tools']).map((tool) => asObject(tool)['function'] ?? asObject(tool)['custom']),
  );
  const allowed = asArray(asObject(asObject(body['tool_choice'])['allowed_tools'])['tools']).map((tool) =>
    asObject(asObject(tool)['function']),
  );
  return declared
    .map(asObject)
    .filter(({ name }) => allowed.length === 0 || allowed.some((one) => one['name'] === name))
    .map((definition) => ({ name: asString(definition['name']), schema: asObject(definition['parameters']) }));
}

function readToolChoice(choice: unknown): Prompt['toolChoice'] {
  const allowance = asObject(asObject(choice)['allowed_tools'])['mode'];
  if (allowance !== undefined) return allowance === 'required' ? 'required' : 'auto';
  if (choice === 'none') return 'none';
  if (choice === 'required' || choice === 'any') return 'required';
  return isObject(choice) ? { name: asString(asObject(choice['function'])['name']) } : 'auto';
}

function messageText(message: JsonObject): string {
  const calls = asArray(message['tool_calls']).map((call) => {
    const called = asObject(asObject(call)['function']);
    return `${asString(called['name'])} ${asString(called['arguments'])}`;
  });
  return [contentText(message['content']), ...calls].join('\n');
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asArray(content)
    .map((part) => asString(asObject(part)['text']))
    .join('\n');
}

function envelope(call: Call, chunk = true): JsonObject {
  return {
    id: `chatcmpl-sandbox${call.sequence.toString(36).padStart(8, '0')}`,
    object: chunk ? 'chat.completion.chunk' : 'chat.completion',
    created: call.createdAt,
    model: call.model,
    system_fingerprint: 'fp_sandbox',
  };
}

function renderWhole(answer: Answer, prompt: Prompt, call: Call): unknown {
  const choices = answer.choices.map((choice, index) => ({
    index,
    message: {
      role: 'assistant',
      content: choice.calls.length > 0 ? null : choice.text,
      refusal: null,
      ...reasoningOf(choice.reasoning, choice.text, call),
      ...(choice.calls.length > 0 ? { tool_calls: choice.calls.map((_, at) => wholeCall(choice, at, index, call)) } : {}),
    },
    logprobs: logprobsOf(choice.text, prompt),
    finish_reason: choice.finish,
  }));
  return { ...envelope(call, false), choices, ...withUsage(answer.usage, call) };
}

function wholeCall(choice: Choice, at: number, choiceIndex: number, call: Call): JsonObject {
  const called = choice.calls[at];
  return { id: callId(call, choiceIndex, at), type: 'function', function: { name: called?.name, arguments: called?.arguments } };
}

function callId(call: Call, choiceIndex: number, at: number): string {
  const number = (call.sequence * 1000 + choiceIndex * 100 + at).toString(36);
  return call.dialect.errors === 'mistral' ? number.padStart(9, 'S').slice(-9) : `call_sandbox${number}`;
}

function reasoningOf(reasoning: string, text: string, call: Call): JsonObject {
  if (reasoning === '') return {};
  if (call.dialect.reasoning === 'list') {
    return {
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: reasoning }] },
        { type: 'text', text },
      ],
    };
  }
  return { [call.dialect.reasoning]: reasoning };
}

function* renderFrames(answer: Answer, prompt: Prompt, call: Call): Iterable<WireFrame> {
  const { dialect, script } = call;
  const shown = prompt.includeUsage || dialect.usageUnasked;
  const every = dialect.usage === 'every-chunk' ? withUsage(answer.usage, call) : {};
  const head = envelope(call);
  let padding = 0;
  const frame = (delta: boolean, choices: readonly JsonObject[], rest: JsonObject = {}): WireFrame => {
    const pad = dialect.padding === undefined ? {} : { [dialect.padding]: 'a1b2c3d4e5f6g7h8'.slice(padding++ % 12) };
    const usage = prompt.includeUsage && dialect.usage !== 'finish-chunk' ? { usage: null } : {};
    return { data: `data: ${JSON.stringify({ ...head, choices, ...usage, ...every, ...rest, ...pad })}\n\n`, delta };
  };

  if (dialect.comment !== undefined) yield { data: dialect.comment, delta: false };
  const whole = shown && dialect.usage !== 'own-chunk' ? withUsage(answer.usage, call) : {};
  function* framesOf(choice: Choice, index: number): Iterable<WireFrame> {
    const one = (delta: JsonObject, logprobs: unknown = null): JsonObject => ({ index, delta, logprobs, finish_reason: null });
    if (choice.calls.length === 0) yield frame(false, [one({ role: 'assistant', content: '', refusal: null })]);
    for (const piece of cutIntoChunks(choice.reasoning, script)) {
      yield frame(true, [one(dialect.reasoning === 'list' ? reasoningListDelta(piece) : { [dialect.reasoning]: piece, content: null })]);
    }
    for (const piece of cutIntoChunks(choice.text, script)) yield frame(true, [one({ content: piece }, logprobsOf(piece, prompt))]);
    for (const delta of toolDeltas(choice, index, call)) yield frame(true, [one(delta)]);
    const usage = index === answer.choices.length - 1 ? whole : {};
    yield frame(false, [{ index, delta: {}, logprobs: null, finish_reason: choice.finish }], usage);
  }
  yield* interleave(answer.choices.map(framesOf));
  if (shown && (dialect.usage === 'own-chunk' || dialect.usage === 'both')) yield frame(false, [], withUsage(answer.usage, call));
  if (shown && script.fault === 'usage-twice') yield frame(false, [], withUsage(answer.usage, call));
  yield { data: 'data: [DONE]\n\n', delta: false };
}

/** Choices take turns, as they do when a vendor samples them side by side. */
function* interleave(lines: readonly Iterable<WireFrame>[]): Iterable<WireFrame> {
  let open = lines.map((line) => line[Symbol.iterator]());
  while (open.length > 0) {
    const next = open.map((line) => ({ line, step: line.next() })).filter(({ step }) => step.done !== true);
    for (const { step } of next) if (step.done !== true) yield step.value;
    open = next.map(({ line }) => line);
  }
}

function reasoningListDelta(piece: string): JsonObject {
  return { content: [{ type: 'thinking', thinking: [{ type: 'text', text: piece }] }] };
}

function* toolDeltas(choice: Choice, choiceIndex: number, call: Call): Iterable<JsonObject> {
  for (const [index, called] of choice.calls.entries()) {
    const first = index === 0 ? { role: 'assistant', content: null } : {};
    const id = callId(call, choiceIndex, index);
    const shape = call.dialect.toolDelta;
    const opening = shape === 'whole' ? called.arguments : '';
    yield { ...first, tool_calls: [{ index, id, type: 'function', function: { name: called.name, arguments: opening } }] };
    if (shape === 'whole') continue;
    for (const piece of cutArguments(called.arguments)) {
      if (shape === 'qwen')
        yield { role: null, content: null, tool_calls: [{ index, id: '', type: 'function', function: { name: '', arguments: piece } }] };
      else yield { tool_calls: [{ index, function: { arguments: piece } }] };
    }
  }
}

function withUsage(usage: Usage, call: Call): JsonObject {
  const { script, dialect } = call;
  if (script.fault === 'no-usage') return {};
  const sign = script.fault === 'usage-negative' ? -1 : 1;
  const completion = dialect.reasoningOutside ? usage.output - usage.reasoning : usage.output;
  return {
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: completion * sign,
      total_tokens: usage.input + usage.output + (script.fault === 'usage-mismatch' ? 17 : 0),
      prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: usage.reasoning,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
      ...(dialect.errors === 'deepseek'
        ? { prompt_cache_hit_tokens: usage.cached, prompt_cache_miss_tokens: usage.input - usage.cached }
        : {}),
    },
  };
}

/** One entry a word, which is what a client can check: probabilities are made up but repeatable. */
function logprobsOf(text: string, prompt: Prompt): unknown {
  if (prompt.topLogprobs === undefined || text === '') return null;
  const content = (text.match(/\s*\S+\s*$|\s*\S+/gu) ?? []).map((token) => ({
    token,
    logprob: -0.01 * countTokens(token),
    bytes: [...Buffer.from(token)],
    top_logprobs: Array.from({ length: prompt.topLogprobs ?? 0 }, (_, rank) => ({
      token: `${token}${rank === 0 ? '' : rank}`,
      logprob: -0.01 - rank,
      bytes: null,
    })),
  }));
  return { content, refusal: null };
}
