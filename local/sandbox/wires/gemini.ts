/** Gemini's generateContent: CRLF frames, usage on every chunk, whole function calls in one part, STOP even for tool calls, no [DONE]. */
import { type Answer, type Choice, cutIntoChunks, type Prompt, type Usage } from '../answer.js';
import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from '../json-value.js';
import { type Call, RefusedRequest, type Wire, type WireFrame } from './wire.js';

export const geminiWire: Wire = {
  name: 'gemini',
  errorFamily: (call) => (call.asArray || call.vendor.startsWith('vertex') ? 'vertex' : 'gemini'),
  readPrompt,
  renderWhole: (answer, _prompt, call) => ({
    candidates: answer.choices.map((choice, index) => ({
      content: { parts: partsOf(choice, call), role: 'model' },
      finishReason: finishReason(choice),
      index,
      ...logprobs(choice, _prompt),
    })),
    ...usageMetadata(answer.usage, call, true),
    ...tail(call),
  }),
  renderFrames,
  renderErrorFrame: () =>
    'data: {"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}\r\n\r\n',
  renderMalformedFrame: () => 'data: {"candidates": [{"content": {"parts": [{"text": \r\n\r\n',
};

function readPrompt(body: JsonObject, call: Call): Prompt {
  const contents = asArray(body['contents']).map(asObject);
  refuseWhatGeminiRefuses(contents);
  const generation = asObject(body['generationConfig']);
  const calling = asObject(asObject(body['toolConfig'])['functionCallingConfig']);
  const users = contents.filter((content) => content['role'] !== 'model');
  const thinking = asObject(generation['thinkingConfig']);
  return {
    model: call.model,
    stream: call.stream,
    text: [asObject(body['systemInstruction'] ?? body['system_instruction']), ...contents].map(contentText).join('\n'),
    messageCount: contents.length,
    lastUserText: partTexts(users.findLast((content) => partTexts(content) !== '') ?? {}),
    endsWithToolResult: asArray(contents.at(-1)?.['parts']).some((part) => 'functionResponse' in asObject(part)),
    tools: asArray(body['tools']).flatMap((tool) =>
      asArray(asObject(tool)['functionDeclarations']).map((declared) => {
        const definition = asObject(declared);
        return { name: asString(definition['name']), schema: asObject(definition['parametersJsonSchema'] ?? definition['parameters']) };
      }),
    ),
    toolChoice: readToolChoice(calling),
    parallelTools: true,
    schema: readSchema(generation),
    maxTokens: asNumber(generation['maxOutputTokens']),
    stop: asArray(generation['stopSequences']).map(asString),
    choices: Math.min(Math.max(asNumber(generation['candidateCount']) ?? 1, 1), 8),
    topLogprobs: generation['responseLogprobs'] === true ? (asNumber(generation['logprobs']) ?? 0) : undefined,
    reasoning: thinking['includeThoughts'] === true || (asNumber(thinking['thinkingBudget']) ?? 0) > 0,
    includeUsage: true,
  };
}

/** conformance.md 7: 6, 8. */
function refuseWhatGeminiRefuses(contents: readonly JsonObject[]): void {
  if (contents.length === 0) throw new RefusedRequest('* GenerateContentRequest.contents: contents is not specified');
  for (const content of contents) {
    if (content['role'] !== undefined && content['role'] !== 'user' && content['role'] !== 'model' && content['role'] !== 'function') {
      throw new RefusedRequest('Please use a valid role: user, model.');
    }
    if (asArray(content['parts']).length === 0)
      throw new RefusedRequest('* GenerateContentRequest.contents.parts: contents.parts must not be empty.');
    for (const part of asArray(content['parts']).map(asObject)) {
      const response = part['functionResponse'];
      if (response !== undefined && !isObject(asObject(response)['response'])) {
        throw new RefusedRequest('Invalid value at functionResponse.response (type.googleapis.com/google.protobuf.Struct)');
      }
    }
  }
}

function readToolChoice(calling: JsonObject): Prompt['toolChoice'] {
  const mode = asString(calling['mode']).toUpperCase();
  if (mode === 'NONE') return 'none';
  if (mode !== 'ANY') return 'auto';
  const names = asArray(calling['allowedFunctionNames']);
  return names.length === 1 ? { name: asString(names[0]) } : 'required';
}

function readSchema(generation: JsonObject): JsonObject | undefined {
  const schema = generation['responseJsonSchema'] ?? generation['responseSchema'];
  if (isObject(schema)) return schema;
  return generation['responseMimeType'] === 'application/json' ? { type: 'object', properties: { answer: { type: 'string' } } } : undefined;
}

function partTexts(content: JsonObject): string {
  return asArray(content['parts'])
    .map((part) => asString(asObject(part)['text']))
    .filter((text) => text !== '')
    .join('\n');
}

function contentText(content: JsonObject): string {
  return asArray(content['parts'])
    .map((part) => {
      const { functionCall, functionResponse } = asObject(part);
      return (
        asString(asObject(part)['text']) +
        (functionCall ? JSON.stringify(functionCall) : '') +
        (functionResponse ? JSON.stringify(functionResponse) : '')
      );
    })
    .join('\n');
}

/** Gemini 3 wants it back on the part that carried it. */
const THOUGHT_SIGNATURE = 'U2FuZGJveFRob3VnaHQ=';

function signature(call: Call): JsonObject {
  return call.model.startsWith('gemini-3') ? { thoughtSignature: THOUGHT_SIGNATURE } : {};
}

function partsOf(choice: Choice, call: Call): JsonObject[] {
  const parts: JsonObject[] = [];
  if (choice.reasoning !== '') parts.push({ text: choice.reasoning, thought: true });
  if (choice.text !== '') parts.push({ text: choice.text });
  for (const [index, called] of choice.calls.entries()) parts.push(callPart(called.name, called.arguments, index, call));
  return parts;
}

/** Only the first of parallel calls is signed, as Gemini 3 does. */
function callPart(name: string, args: string, index: number, call: Call): JsonObject {
  return { functionCall: { name, args: JSON.parse(args) as unknown }, ...(index === 0 ? signature(call) : {}) };
}

function finishReason(choice: Choice): string {
  return choice.finish === 'length' ? 'MAX_TOKENS' : 'STOP';
}

function usageMetadata(usage: Usage, call: Call, whole: boolean): JsonObject {
  const { fault } = call.script;
  if (fault === 'no-usage') return {};
  const candidates = usage.output - usage.reasoning;
  const total = usage.input + (whole ? usage.output : 0) + (fault === 'usage-mismatch' ? 17 : 0);
  return {
    usageMetadata: {
      promptTokenCount: usage.input,
      ...(usage.cached > 0 ? { cachedContentTokenCount: usage.cached } : {}),
      ...(whole ? { candidatesTokenCount: fault === 'usage-negative' ? -candidates : candidates } : {}),
      totalTokenCount: total,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.input }],
      ...(whole && usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
    },
  };
}

function tail(call: Call): JsonObject {
  return { modelVersion: call.model, responseId: `sandbox${call.sequence.toString(36)}` };
}

function logprobs(choice: Choice, prompt: Prompt): JsonObject {
  if (prompt.topLogprobs === undefined) return {};
  const chosenCandidates = (choice.text.match(/\s*\S+/gu) ?? []).map((token) => ({ token, tokenId: 1, logProbability: -0.1 }));
  return { avgLogprobs: -0.1, logprobsResult: { chosenCandidates, topCandidates: chosenCandidates.map((one) => ({ candidates: [one] })) } };
}

function* renderFrames(answer: Answer, prompt: Prompt, call: Call): Iterable<WireFrame> {
  let first = true;
  const frame = (candidate: JsonObject, whole: boolean, delta: boolean): WireFrame => {
    const body = JSON.stringify({ candidates: [candidate], ...usageMetadata(answer.usage, call, whole), ...tail(call) });
    const data = call.asArray ? `${first ? '[' : ',\r\n'}${body}` : `data: ${body}\r\n\r\n`;
    first = false;
    return { data, delta };
  };
  for (const [index, choice] of answer.choices.entries()) {
    const part = (one: JsonObject): JsonObject => ({ content: { parts: [one], role: 'model' }, index });
    for (const text of cutIntoChunks(choice.reasoning, call.script)) yield frame(part({ text, thought: true }), false, true);
    for (const text of cutIntoChunks(choice.text, call.script)) yield frame(part({ text }), false, true);
    for (const [at, called] of choice.calls.entries()) yield frame(part(callPart(called.name, called.arguments, at, call)), false, true);
    yield frame({ ...part({ text: '' }), finishReason: finishReason(choice), ...logprobs(choice, prompt) }, true, false);
  }
  if (call.asArray) yield { data: ']', delta: false };
}
