/** OpenRouter's own SDK: the strictest validator of all. */
import { OpenRouter } from '@openrouter/sdk';
import type { ChatMessages, ChatRequest, ChatResult, ChatStreamChunk } from '@openrouter/sdk/models';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ASK_WEATHER, MODELS, Recipe, startGateway, TOOL_DESCRIPTION, TOOL_NAME, WEATHER, WeatherQuestion } from './gateway-under-test.js';

let client: OpenRouter;
beforeAll(async () => {
  const { url, apiKey } = await startGateway();
  client = new OpenRouter({ apiKey, serverURL: `${url}/v1`, retryConfig: { strategy: 'none' } });
}, 120_000);

const user = (content: string): ChatMessages => ({ role: 'user', content });
const TOOLS: ChatRequest['tools'] = [
  { type: 'function', function: { name: TOOL_NAME, description: TOOL_DESCRIPTION, parameters: z.toJSONSchema(WeatherQuestion) } },
];

async function send(chatRequest: ChatRequest): Promise<ChatResult> {
  return (await client.chat.send({ chatRequest: { ...chatRequest, stream: false } })) as ChatResult;
}

async function stream(chatRequest: ChatRequest): Promise<ChatStreamChunk[]> {
  const chunks: ChatStreamChunk[] = [];
  const answer = await client.chat.send({ chatRequest: { ...chatRequest, stream: true } });
  for await (const chunk of answer as AsyncIterable<ChatStreamChunk>) chunks.push(chunk);
  return chunks;
}

describe.each(MODELS)('openrouter against %s', (_, model) => {
  test('text, with what it cost', async () => {
    const result = await send({ model, messages: [user('Hello')] });
    expect(result.choices[0]?.message.content).toContain('Hello');
    expect(result.choices[0]?.finishReason).toBe('stop');
    expect(result.usage?.cost).toBeGreaterThan(0);
    expect(result.usage?.costDetails?.upstreamInferenceCompletionsCost).toBeGreaterThanOrEqual(0);
  });

  test('stream', async () => {
    const chunks = await stream({ model, messages: [user('Hello')] });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toContain('Hello');
    expect(chunks.at(-1)?.choices[0]?.finishReason).toBe('stop');
  });

  test('stream with usage', async () => {
    const chunks = await stream({ model, messages: [user('Hello')], streamOptions: { includeUsage: true } });
    expect(chunks.at(-1)?.usage?.cost).toBeGreaterThan(0);
  });

  test('tools, called and answered', async () => {
    const messages = [user(ASK_WEATHER)];
    const called = await send({ model, messages, tools: TOOLS });
    const message = called.choices[0]?.message;
    const [call] = message?.toolCalls ?? [];
    expect(WeatherQuestion.parse(JSON.parse(call?.function.arguments ?? ''))).toBeTruthy();
    expect(called.choices[0]?.finishReason).toBe('tool_calls');
    const result: ChatMessages = { role: 'tool', toolCallId: call?.id ?? '', content: WEATHER };
    const answer = await send({ model, messages: [...messages, ...(message ? [message] : []), result], tools: TOOLS });
    expect(answer.choices[0]?.message.content).toBeTruthy();
  });

  test('tools in a stream', async () => {
    const chunks = await stream({ model, messages: [user(ASK_WEATHER)], tools: TOOLS });
    const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.toolCalls ?? []);
    expect(deltas[0]).toMatchObject({ index: 0, type: 'function', function: { name: TOOL_NAME } });
    expect(WeatherQuestion.parse(JSON.parse(deltas.map((delta) => delta.function?.arguments ?? '').join('')))).toBeTruthy();
    expect(chunks.at(-1)?.choices[0]?.finishReason).toBe('tool_calls');
  });

  test('structured output', async () => {
    const result = await send({
      model,
      messages: [user('A recipe, please')],
      responseFormat: { type: 'json_schema', jsonSchema: { name: 'recipe', strict: true, schema: z.toJSONSchema(Recipe) } },
    });
    expect(Recipe.parse(JSON.parse(String(result.choices[0]?.message.content)))).toBeTruthy();
  });

  test.runIf(model === 'claude-sonnet-4')('reasoning, with details that go back as they came', async () => {
    const messages = [user('[[sandbox reasoning=20]] Hello')];
    const { choices } = await send({ model, messages, reasoning: { effort: 'high' } });
    const message = choices[0]?.message;
    expect(message?.reasoningDetails?.length).toBeGreaterThan(0);
    const again = await send({
      model,
      messages: [...messages, ...(message ? [message] : []), user('Go on')],
      reasoning: { effort: 'high' },
    });
    expect(again.choices[0]?.message.content).toBeTruthy();
  });
});

test('models.list', async () => {
  const { result } = await firstPage();
  expect(result.data.length).toBeGreaterThanOrEqual(100);
  const gpt = result.data.find(({ id }) => id === 'gpt-4o');
  expect(gpt).toMatchObject({ contextLength: 128_000, pricing: { prompt: '0.0000025', completion: '0.00001' } });
});

async function firstPage() {
  for await (const page of await client.models.list()) return page;
  throw new Error('no page');
}
