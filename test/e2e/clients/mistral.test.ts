/** Mistral's own SDK, which adds `/v1` by itself and validates with Zod. */
import { Mistral } from '@mistralai/mistralai';
import type { ChatCompletionRequest, CompletionChunk } from '@mistralai/mistralai/models/components';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ASK_WEATHER, MODELS, Recipe, startGateway, TOOL_DESCRIPTION, TOOL_NAME, WEATHER, WeatherQuestion } from './gateway-under-test.js';

let client: Mistral;
beforeAll(async () => {
  const { url, apiKey } = await startGateway();
  client = new Mistral({ apiKey, serverURL: url, retryConfig: { strategy: 'none' } });
}, 120_000);

type Messages = ChatCompletionRequest['messages'];
const user = (content: string): Messages[number] => ({ role: 'user', content });
const TOOLS: ChatCompletionRequest['tools'] = [
  { type: 'function', function: { name: TOOL_NAME, description: TOOL_DESCRIPTION, parameters: z.toJSONSchema(WeatherQuestion) } },
];

async function stream(request: ChatCompletionRequest): Promise<CompletionChunk[]> {
  const chunks: CompletionChunk[] = [];
  for await (const event of await client.chat.stream({ ...request, stream: true })) chunks.push(event.data);
  return chunks;
}

describe.each(MODELS)('mistral against %s', (_, model) => {
  test('text', async () => {
    const answer = await client.chat.complete({ model, messages: [user('Hello')] });
    expect(answer.choices[0]?.message?.content).toContain('Hello');
    expect(answer.usage.totalTokens).toBeGreaterThan(0);
  });

  test('stream', async () => {
    const chunks = await stream({ model, messages: [user('Hello')] });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toContain('Hello');
    expect(chunks.at(-1)?.choices[0]?.finishReason).toBe('stop');
  });

  test('tools, called and answered', async () => {
    const messages = [user(ASK_WEATHER)];
    const called = await client.chat.complete({ model, messages, tools: TOOLS, toolChoice: 'required' });
    const message = called.choices[0]?.message;
    const [call] = message?.toolCalls ?? [];
    expect(WeatherQuestion.parse(JSON.parse(String(call?.function.arguments)))).toBeTruthy();
    const result: Messages[number] = { role: 'tool', toolCallId: call?.id ?? '', name: TOOL_NAME, content: WEATHER };
    const again: Messages = [...messages, ...(message ? [{ ...message, role: 'assistant' as const }] : []), result];
    const answer = await client.chat.complete({ model, messages: again, tools: TOOLS });
    expect(answer.choices[0]?.message?.content).toBeTruthy();
  });

  test('structured output', async () => {
    const request = { model, messages: [user('A recipe, please')], responseFormat: Recipe };
    const answer = await client.chat.parse(request);
    expect(Recipe.parse(answer.choices?.[0]?.message?.parsed)).toBeTruthy();
  });
});
