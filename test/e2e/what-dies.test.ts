/** What the first promises say of `kill -9`: no settlement is lost, and completions go on without the control plane. */
import OpenAI from 'openai';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { waitForSettlement } from '../support/settlement.js';
import { startStack, type TestStack } from '../support/stack.js';

const PACED = '[[sandbox pace=50 chunks=200 words=400]] Tell a long story';

let stack: TestStack;
let client: OpenAI;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us'] });
  client = new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.apiKey, maxRetries: 0 });
}, 120_000);

afterEach(() => assertMoneyInvariants(stack.database.pool));

describe('without the control plane', () => {
  test('completions are served, and their usage settles when it is back', async () => {
    const warm = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] }).withResponse();
    await waitForSettlement(stack.database.pool, warm.response.headers.get('x-modelapi-generation') ?? '');
    await stack.control.kill();
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) {
      const { response } = await client.chat.completions
        .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 60 })
        .withResponse();
      ids.push(response.headers.get('x-modelapi-generation') ?? '');
    }
    await stack.control.start();
    for (const id of ids) expect((await waitForSettlement(stack.database.pool, id)).reason).toBe('completed');
  });

  test('a node that restarts serves from its disk', async () => {
    await stack.control.kill();
    try {
      await stack.nodes[0]?.kill();
      const startedAt = performance.now();
      await stack.nodes[0]?.start();
      console.log(`node ready from disk in ${Math.round(performance.now() - startedAt)} ms, process start included`);
      const models = await client.models.list();
      expect(models.data.length).toBeGreaterThan(100);
    } finally {
      await stack.control.start();
    }
  });
});

describe('a node killed in the middle of a stream', () => {
  test('settles the request once after its restart, for what was delivered, and gives its leases back', async () => {
    const { data: stream, response } = await client.chat.completions
      .create({ model: 'gpt-4o', messages: [{ role: 'user', content: PACED }], stream: true })
      .withResponse();
    let text = '';
    await expect(
      (async () => {
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? '';
          if (text.length > 400) await stack.nodes[0]?.kill();
        }
      })(),
    ).rejects.toThrow();
    await stack.nodes[0]?.start();
    const settlement = await waitForSettlement(stack.database.pool, response.headers.get('x-modelapi-generation') ?? '');
    expect(settlement).toMatchObject({ reason: 'node_crash', estimated: true });
    const full = 10_000n * 600n;
    expect(settlement.charge).toBeGreaterThan(0n);
    expect(settlement.charge).toBeLessThan(full);
    await expect
      .poll(
        async () =>
          (
            await stack.database.pool.query(
              "SELECT count(*)::int AS open FROM lease WHERE state = 'open' AND node_epoch < (SELECT max(node_epoch) FROM lease)",
            )
          ).rows[0].open,
        { timeout: 10_000 },
      )
      .toBe(0);
  });
});
