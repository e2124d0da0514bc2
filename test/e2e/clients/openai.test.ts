/** The official SDK: its stream helper, `parse` and `runTools` throw on what they did not expect. */
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ASK_WEATHER, MODELS, Recipe, startGateway, TOOL_DESCRIPTION, TOOL_NAME, WEATHER, WeatherQuestion } from './gateway-under-test.js';

let client: OpenAI;
beforeAll(async () => {
  const { url, apiKey } = await startGateway();
  client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}, 120_000);

const user = (content: string) => ({ role: 'user' as const, content });

describe.each(MODELS)('openai against %s', (_, model) => {
  test('text', async () => {
    const completion = await client.chat.completions.create({ model, messages: [user('Hello')] });
    expect(completion.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop', message: { role: 'assistant', refusal: null } });
    expect(completion.choices[0]?.message.content).toContain('Hello');
    expect(completion.usage?.total_tokens).toBe((completion.usage?.prompt_tokens ?? 0) + (completion.usage?.completion_tokens ?? 0));
  });

  test('stream, by the helper', async () => {
    const stream = client.chat.completions.stream({ model, messages: [user('Hello')], stream_options: { include_usage: true } });
    let text = '';
    stream.on('content', (delta) => {
      text += delta;
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.choices[0]?.message.content).toBe(text);
    expect(text).toContain('Hello');
    expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(0);
  });

  test('usage is null in every chunk but the last, and absent when nobody asked', async () => {
    const ask = async (includeUsage: boolean) => {
      const options = includeUsage ? { stream_options: { include_usage: true } } : {};
      const chunks = [];
      for await (const chunk of await client.chat.completions.create({ model, messages: [user('Hello')], stream: true, ...options })) {
        chunks.push(chunk);
      }
      return chunks;
    };
    const asked = await ask(true);
    expect(asked.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(asked.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number), cost: expect.any(Number) } });
    expect((await ask(false)).every((chunk) => chunk.usage === undefined)).toBe(true);
  });

  test.each([false, true])('runTools calls the tool and answers from its result (stream: %s)', async (stream) => {
    const asked: unknown[] = [];
    const tool = {
      type: 'function' as const,
      function: {
        name: TOOL_NAME,
        description: TOOL_DESCRIPTION,
        parameters: z.toJSONSchema(WeatherQuestion) as Record<string, unknown>,
        parse: (text: string) => WeatherQuestion.parse(JSON.parse(text)),
        function: (question: z.infer<typeof WeatherQuestion>) => {
          asked.push(question);
          return WEATHER;
        },
      },
    };
    const body = { model, messages: [user(ASK_WEATHER)], tools: [tool] };
    const runner = stream ? client.chat.completions.runTools({ ...body, stream: true }) : client.chat.completions.runTools(body);
    expect(await runner.finalContent()).toBeTruthy();
    expect(asked).toHaveLength(1);
    const roles = runner.messages.map(({ role }) => role);
    expect(roles).toEqual(['user', 'assistant', 'tool', 'assistant']);
  });

  test('parse gives the object of the schema', async () => {
    const body = { model, messages: [user('A recipe, please')], response_format: zodResponseFormat(Recipe, 'recipe') };
    const completion = await client.chat.completions.parse(body);
    const { parsed } = completion.choices[0]?.message ?? {};
    expect(Recipe.parse(parsed)).toEqual(parsed);
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual(parsed);
  });

  test('several calls of one turn keep their order and their results', async () => {
    const tools = [
      { type: 'function' as const, function: { name: TOOL_NAME, parameters: z.toJSONSchema(WeatherQuestion) as Record<string, unknown> } },
    ];
    const ask = user(`[[sandbox calls=3]] ${ASK_WEATHER}`);
    const first = await client.chat.completions.stream({ model, messages: [ask], tools }).finalChatCompletion();
    const message = first.choices[0]?.message;
    const calls = message?.tool_calls ?? [];
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
    const results = calls.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: WEATHER }));
    const messages = [user(ASK_WEATHER), message as OpenAI.ChatCompletionMessageParam, ...results];
    const second = await client.chat.completions.create({ model, messages, tools });
    expect(second.choices[0]?.message.content).toBeTruthy();
  });
});

test('models.list and models.retrieve', async () => {
  const { data } = await client.models.list();
  expect(data.length).toBeGreaterThanOrEqual(100);
  expect((await client.models.retrieve('openai/gpt-4o')).id).toBe('gpt-4o');
});
