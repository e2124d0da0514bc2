/** What a newcomer does first, with the official SDK against real processes: complete, stream, and find every cent in the ledger. */
import OpenAI from 'openai';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { waitForSettlement } from '../support/settlement.js';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
let client: OpenAI;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us', 'sg'] });
  client = new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.apiKey, maxRetries: 0 });
}, 120_000);

afterEach(() => assertMoneyInvariants(stack.database.pool));

describe('a newcomer', () => {
  test('gets a completion whose cost the ledger shows to the nano-dollar', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello!' }] })
      .withResponse();
    expect(data.choices[0]?.message.content).toBeTruthy();
    expect(data.model).toBe('gpt-4o');
    const id = response.headers.get('x-modelapi-generation') ?? '';
    const settlement = await waitForSettlement(stack.database.pool, id);
    expect(settlement.charge).toBe(2_500n * BigInt(data.usage?.prompt_tokens ?? 0) + 10_000n * BigInt(data.usage?.completion_tokens ?? 0));
    expect(response.headers.get('x-modelapi-cost')).toBe(formatNano(settlement.charge));
    expect((data.usage as { cost?: number }).cost).toBeCloseTo(Number(settlement.charge) / 1e9, 12);
  });

  test('streams, and is charged for what arrived', async () => {
    const { data: stream, response } = await client.chat.completions
      .create({
        model: 'claude-sonnet-4',
        messages: [{ role: 'user', content: 'Write a haiku' }],
        stream: true,
        stream_options: { include_usage: true },
      })
      .withResponse();
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text.length).toBeGreaterThan(0);
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    const settlement = await waitForSettlement(stack.database.pool, response.headers.get('x-modelapi-generation') ?? '');
    expect(settlement.charge).toBe(3_000n * BigInt(usage?.prompt_tokens ?? 0) + 15_000n * BigInt(usage?.completion_tokens ?? 0));
    expect(settlement.reason).toBe('completed');
  });

  test('uses the stream helper of the SDK, which refuses a malformed stream', async () => {
    const final = await client.chat.completions
      .stream({ model: 'gemini-3.1-pro', messages: [{ role: 'user', content: 'What is 2+2?' }] })
      .finalChatCompletion();
    expect(final.choices[0]?.finish_reason).toBe('stop');
    expect(final.choices[0]?.message.content).toBeTruthy();
  });

  test('pays nothing with a test key, which only the sandbox serves', async () => {
    const tester = new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.testKey, maxRetries: 0 });
    const { response } = await tester.chat.completions
      .create({ model: 'gpt-5.5', messages: [{ role: 'user', content: 'Hello' }] })
      .withResponse();
    expect(response.headers.get('x-modelapi-vendor')).toBe('sandbox');
    const settlement = await waitForSettlement(stack.database.pool, response.headers.get('x-modelapi-generation') ?? '');
    expect(settlement.charge).toBe(0n);
  });

  test('lists models with prices, aliases, auto and the smart groups', async () => {
    const ids = (await client.models.list()).data.map((model) => model.id);
    expect(ids.length).toBeGreaterThanOrEqual(120);
    expect(ids).toEqual(
      expect.arrayContaining(['auto', 'ama/smart-code', 'ama/smart-write', 'ama/smart-reason', 'ama/smart-analyze', 'gpt-4o']),
    );
    expect((await client.models.retrieve('claude-sonnet-4')).id).toBeTruthy();
  });

  test.each(['auto', 'ama/smart-code', 'deepseek-r1', 'glm-5-flash', 'qwen-max', 'gemini-2.0-flash'])(
    'asks for %s and is told what served',
    async (model) => {
      const { data, response } = await client.chat.completions
        .create({ model, messages: [{ role: 'user', content: 'Summarize this text in one sentence: birds fly.' }] })
        .withResponse();
      expect(data.model).not.toBe('auto');
      expect(response.headers.get('x-modelapi-route')).toBeTruthy();
      expect(response.headers.get('x-modelapi-model')).toBe(data.model);
    },
  );

  test('finds the whole story of a request by its id', async () => {
    const { response } = await client.chat.completions
      .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] })
      .withResponse();
    const id = response.headers.get('x-modelapi-generation') ?? '';
    await waitForSettlement(stack.database.pool, id);
    const story = await fetch(`${stack.gateway}/v1/generations/${id}`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
    expect(story.status).toBe(200);
    expect(await story.json()).toMatchObject({ id, model: 'gpt-4o-mini' });
  });
});

function formatNano(nano: bigint): string {
  const fraction = (nano % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${nano / 1_000_000_000n}` : `${nano / 1_000_000_000n}.${fraction}`;
}
