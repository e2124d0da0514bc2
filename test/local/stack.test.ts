import OpenAI from 'openai';
import { beforeAll, expect, it } from 'vitest';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us', 'sg'] });
});

it('serves a completion through every node', async () => {
  for (const node of stack.nodes) {
    const client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: stack.apiKey });
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
    expect(answer.choices[0]?.message.content).toBeTruthy();
  }
});

it('brings a node that was killed back on its port', async () => {
  const [node] = stack.nodes;
  await node?.kill();
  await expect(fetch(`${stack.gateway}/healthz`)).rejects.toThrow();
  await node?.start();
  expect((await fetch(`${stack.gateway}/healthz`)).status).toBe(200);
});
