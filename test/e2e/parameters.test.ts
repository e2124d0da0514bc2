/** Parameters that vendors differ in, end to end: what is passed, said in other words, dropped by name, or refused when it is required. */
import OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
let client: OpenAI;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us'] });
  client = new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.apiKey, maxRetries: 0 });
}, 120_000);

const messages = [{ role: 'user' as const, content: 'Hello' }];
const declared = (name: string) => ({ name, parameters: { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] } });
const tool = (name: string) => ({ type: 'function' as const, function: declared(name) });
const BY_PROTOCOL = ['gpt-4o', 'claude-sonnet-4', 'gemini-3.1-pro', 'deepseek-v4-flash'];

describe('n', () => {
  test.each(['gpt-4o', 'gemini-3.1-pro'])('%s gives as many choices as were asked for', async (model) => {
    const { data, response } = await client.chat.completions.create({ model, messages, n: 3 }).withResponse();
    expect(data.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(response.headers.get('x-modelapi-dropped')).toBeNull();
  });

  test.each([false, true])('Claude has no n: it is named, and one choice comes (stream: %s)', async (stream) => {
    const asked = client.chat.completions.create({ model: 'claude-sonnet-4', messages, n: 3, stream });
    const { data, response } = await asked.withResponse();
    expect(response.headers.get('x-modelapi-dropped')?.split(',')).toContain('n');
    if (!('choices' in data)) {
      const indexes = new Set<number>();
      for await (const chunk of data) for (const choice of chunk.choices) indexes.add(choice.index);
      expect([...indexes]).toEqual([0]);
    } else expect(data.choices).toHaveLength(1);
  });

  test('with require_parameters Claude is excluded, and another model of the list serves', async () => {
    const required = { messages, n: 3, provider: { require_parameters: true } };
    const refused = client.chat.completions.create({ model: 'claude-sonnet-4', ...required });
    const error = await refused.then(
      () => undefined,
      (reason: unknown) => reason as InstanceType<typeof OpenAI.APIError>,
    );
    expect(error?.status).toBe(503);
    expect(JSON.stringify(error?.error)).toContain('claude-sonnet-4');
    const body = { model: 'claude-sonnet-4', models: ['gpt-4o'], ...required };
    const { data, response } = await client.chat.completions.create(body).withResponse();
    expect(response.headers.get('x-modelapi-model')).toBe('gpt-4o');
    expect(data.choices).toHaveLength(3);
  });
});

describe.each(BY_PROTOCOL)('the tools of %s', (model) => {
  test('allowed_tools', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages,
      tools: [tool('alpha'), tool('beta')],
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'beta' } }] },
      },
    });
    const call = choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'beta' } });
  });

  test("functions, OpenAI's first shape of tools", async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages,
      functions: [declared('alpha')],
      function_call: { name: 'alpha' },
    });
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'alpha' } });
  });
});

test('custom tools go to OpenAI alone; others get what they can do, with a word about the rest', async () => {
  const custom = { type: 'custom' as const, custom: { name: 'sql' } };
  const openai = await client.chat.completions.create({ model: 'gpt-4o', messages, tools: [custom] }).withResponse();
  expect(openai.response.headers.get('x-modelapi-dropped')).toBeNull();
  for (const model of BY_PROTOCOL.slice(1)) {
    const { response } = await client.chat.completions.create({ model, messages, tools: [custom, tool('alpha')] }).withResponse();
    expect(response.headers.get('x-modelapi-dropped')?.split(',')).toEqual(['tools']);
  }
  const required = { messages, tools: [custom], model: 'claude-sonnet-4', models: ['gpt-4o'], provider: { require_parameters: true } };
  const { response } = await client.chat.completions.create(required).withResponse();
  expect(response.headers.get('x-modelapi-model')).toBe('gpt-4o');
});
