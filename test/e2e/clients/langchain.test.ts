/** LangChain, which asks for usage in every stream and reads chunks with few questions. */
import { HumanMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ASK_WEATHER,
  type GatewayUnderTest,
  MODELS,
  Recipe,
  startGateway,
  TOOL_DESCRIPTION,
  TOOL_NAME,
  WEATHER,
  WeatherQuestion,
} from './gateway-under-test.js';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway();
}, 120_000);

describe.each(MODELS)('langchain against %s', (_, model) => {
  const chat = () =>
    new ChatOpenAI({
      model,
      apiKey: gateway.apiKey,
      configuration: { baseURL: `${gateway.url}/v1` },
      useResponsesApi: false,
      maxRetries: 0,
    });

  test('text', async () => {
    const answer = await chat().invoke('Hello');
    expect(answer.text).toContain('Hello');
    expect((answer.usage_metadata as UsageMetadata | undefined)?.total_tokens).toBeGreaterThan(0);
  });

  test('stream', async () => {
    let text = '';
    let tokens = 0;
    for await (const chunk of await chat().stream('Hello')) {
      text += chunk.text;
      tokens += (chunk.usage_metadata as UsageMetadata | undefined)?.output_tokens ?? 0;
    }
    expect(text).toContain('Hello');
    expect(tokens).toBeGreaterThan(0);
  });

  test('tools, called and answered', async () => {
    const bound = chat().bindTools([{ name: TOOL_NAME, description: TOOL_DESCRIPTION, schema: WeatherQuestion }]);
    const question = new HumanMessage(ASK_WEATHER);
    const called = await bound.invoke([question]);
    const [call] = called.tool_calls ?? [];
    expect(WeatherQuestion.parse(call?.args)).toEqual(call?.args);
    const result = new ToolMessage({ tool_call_id: call?.id ?? '', content: WEATHER });
    const answer = await bound.invoke([question, called, result]);
    expect(answer.text).toBeTruthy();
    expect(answer.tool_calls).toEqual([]);
  });

  test('tools in a stream', async () => {
    const bound = chat().bindTools([{ name: TOOL_NAME, description: TOOL_DESCRIPTION, schema: WeatherQuestion }]);
    let whole: Awaited<ReturnType<typeof bound.invoke>> | undefined;
    for await (const chunk of await bound.stream(ASK_WEATHER)) whole = whole === undefined ? chunk : whole.concat(chunk);
    expect(whole?.tool_calls).toHaveLength(1);
    expect(WeatherQuestion.parse(whole?.tool_calls?.[0]?.args)).toBeTruthy();
  });

  test.each(['jsonSchema', 'functionCalling'] as const)('structured output by %s', async (method) => {
    const answer = await chat().withStructuredOutput(Recipe, { method, name: 'recipe' }).invoke('A recipe, please');
    expect(Recipe.parse(answer)).toEqual(answer);
  });
});
