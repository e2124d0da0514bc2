/** Six hosts, two of them here: the primary host goes to the nearest living region, a regional host pins, and nothing loops. */
import { request } from 'undici';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';

/** IIJ, Japan; Deutsche Telekom, Germany. */
const JAPAN = '202.232.2.1';
const PRIMARY = 'api.localhost';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({
    nodes: ['us', 'jp'],
    extra: () => ({ dataPlane: { TRUSTED_PROXIES: '127.0.0.1/32' } }),
  });
}, 120_000);

afterEach(() => assertMoneyInvariants(stack.database.pool));

async function complete(host: string, from: string, stream = false) {
  const answer = await request(`${stack.gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { host, authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json', 'x-forwarded-for': from },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }], stream }),
  });
  return { status: answer.statusCode, region: answer.headers['x-modelapi-region'], body: await answer.body.text() };
}

describe('the primary host', () => {
  test.each([false, true])('serves a Japanese client in Japan (stream: %s)', async (stream) => {
    await expect
      .poll(() => complete(PRIMARY, JAPAN, stream), { timeout: 15_000, interval: 500 })
      .toMatchObject({ status: 200, region: 'jp' });
    if (stream) expect((await complete(PRIMARY, JAPAN, true)).body.trimEnd()).toMatch(/data: \[DONE\]$/);
  });

  test('serves a client of whom nothing is known where it arrives', async () => {
    expect(await complete(PRIMARY, '10.0.0.1')).toMatchObject({ status: 200, region: 'us' });
  });

  test('lists the regions, their health, and the nearest', async () => {
    const answer = await request(`${stack.gateway}/v1/regions`, { headers: { host: PRIMARY, 'x-forwarded-for': JAPAN } });
    expect(await answer.body.json()).toMatchObject({ nearest: 'jp', current: 'us' });
  });
});

describe('a regional host', () => {
  test('pins its region, whatever the client’s address', async () => {
    expect(await complete('us.api.localhost', JAPAN)).toMatchObject({ status: 200, region: 'us' });
  });

  test('that reaches another region’s node is told so', async () => {
    const { status, body } = await complete('jp.api.localhost', JAPAN);
    expect(status).toBe(421);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'misdirected_region' } });
  });
});

describe('a region whose nodes all die', () => {
  test('loses no request of the primary host: the next region serves within 2 s', async () => {
    await stack.nodes[1]?.kill();
    const killedAt = performance.now();
    const answers = [];
    for (let count = 0; count < 40; count++) answers.push(await complete(PRIMARY, JAPAN));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(new Set(answers.map(({ region }) => region))).toEqual(new Set(['us']));
    console.log(`40 requests after the region died, all answered, in ${Math.round(performance.now() - killedAt)} ms`);
    await stack.nodes[1]?.start();
    await expect.poll(async () => (await complete(PRIMARY, JAPAN)).region, { timeout: 20_000, interval: 500 }).toBe('jp');
  });
});
