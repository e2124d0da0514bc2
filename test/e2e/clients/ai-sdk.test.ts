/** Vercel's AI SDK by its two ways to an OpenAI-compatible server; both validate every chunk with Zod. */
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, type LanguageModel, Output, streamText, tool } from 'ai';
import { beforeAll, describe, expect, test } from 'vitest';
import { ASK_WEATHER, MODELS, Recipe, startGateway, TOOL_DESCRIPTION, TOOL_NAME, WEATHER, WeatherQuestion } from './gateway-under-test.js';

let providers: Record<'compatible' | 'openai', (model: string) => LanguageModel>;
beforeAll(async () => {
  const { url, apiKey } = await startGateway();
  const baseURL = `${url}/v1`;
  providers = {
    compatible: createOpenAICompatible({ name: 'modelapi', baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true }),
    openai: createOpenAI({ baseURL, apiKey }).chat,
  };
}, 120_000);

const cases = MODELS.flatMap(([protocol, name]) => (['compatible', 'openai'] as const).map((kind) => [kind, protocol, name] as const));

describe.each(cases)('ai with the %s provider against %s', (kind, _, name) => {
  const common = () => ({ model: providers[kind](name), maxRetries: 0 });

  test('text', async () => {
    const { text, finishReason, usage } = await generateText({ ...common(), prompt: 'Hello' });
    expect(text).toContain('Hello');
    expect(finishReason).toBe('stop');
    expect(usage.inputTokens).toBeGreaterThan(0);
    expect(usage.outputTokens).toBeGreaterThan(0);
  });

  test('stream', async () => {
    const errors: unknown[] = [];
    const result = streamText({ ...common(), prompt: 'Hello', onError: ({ error }) => void errors.push(error) });
    let text = '';
    for await (const delta of result.textStream) text += delta;
    expect(errors).toEqual([]);
    expect(text).toContain('Hello');
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).outputTokens).toBeGreaterThan(0);
  });

  const tools = () => {
    const asked: unknown[] = [];
    const execute = (question: unknown) => {
      asked.push(question);
      return WEATHER;
    };
    return { asked, tools: { [TOOL_NAME]: tool({ description: TOOL_DESCRIPTION, inputSchema: WeatherQuestion, execute }) } };
  };

  test('tools, called and answered', async () => {
    const { asked, tools: offered } = tools();
    const { text, steps } = await generateText({ ...common(), prompt: ASK_WEATHER, tools: offered, stopWhen: isStepCount(3) });
    expect(asked).toHaveLength(1);
    expect(steps.map((step) => step.finishReason)).toEqual(['tool-calls', 'stop']);
    expect(text).toBeTruthy();
  });

  test('tools in a stream', async () => {
    const { asked, tools: offered } = tools();
    const errors: unknown[] = [];
    const onError = ({ error }: { error: unknown }) => void errors.push(error);
    const result = streamText({ ...common(), prompt: ASK_WEATHER, tools: offered, stopWhen: isStepCount(3), onError });
    expect(await result.text).toBeTruthy();
    expect(errors).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  test('structured output', async () => {
    const output = Output.object({ schema: Recipe });
    const result = await generateText({ ...common(), prompt: 'A recipe, please', output });
    expect(Recipe.parse(result.output)).toEqual(result.output);
    const streamed = streamText({ ...common(), prompt: 'A recipe, please', output });
    expect(Recipe.parse(await streamed.output)).toEqual(result.output);
  });

  test.runIf(kind === 'compatible' && name === 'claude-sonnet-4')('reasoning stands apart from the text', async () => {
    const { text, reasoningText } = await generateText({ ...common(), prompt: '[[sandbox reasoning=20]] Hello', reasoning: 'high' });
    expect(reasoningText).toBeTruthy();
    expect(text).not.toContain(reasoningText ?? '');
  });
});
