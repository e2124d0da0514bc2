/**
 * Hosts of the product on one machine: the primary host goes to the nearest living region, a regional host pins, residency holds, and
 * nothing loops. Clients come from 127.0.0.1, which nobody trusts; the load balancer is 127.0.0.2, whose X-Forwarded-For counts.
 */
import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HOP_HEADER, signHop } from '../../data-plane/region/hop.js';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';

/** IIJ, Japan; Deutsche Telekom, Germany; Singtel, Singapore. */
const JAPAN = '202.232.2.1';
const GERMANY = '80.150.1.1';
const SINGAPORE = '165.21.1.1';
const PRIMARY = 'api.localhost';

let stack: TestStack;
const balancer = new Agent({ localAddress: '127.0.0.2' });
const client = new Agent();
beforeAll(async () => {
  stack = await startStack({
    nodes: ['us', 'jp', 'sg'],
    extra: () => ({ dataPlane: { TRUSTED_PROXIES: '127.0.0.2/32' } }),
  });
}, 120_000);
afterAll(() => Promise.all([balancer.close(), client.close()]));

afterEach(() => assertMoneyInvariants(stack.database.pool));

interface Sent {
  readonly host?: string;
  readonly from?: string;
  readonly stream?: boolean;
  /** Default: the load balancer. */
  readonly through?: Agent;
  /** Index of the node that the request reaches. Default: the American one. */
  readonly at?: number;
  readonly model?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

async function complete(sent: Sent) {
  const { host = PRIMARY, from = JAPAN, stream = false, through = balancer, at = 0, model = 'gpt-4o-mini', headers, body } = sent;
  const answer = await request(`${stack.nodes[at]?.url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher: through,
    headers: {
      host,
      authorization: `Bearer ${stack.apiKey}`,
      'content-type': 'application/json',
      'x-forwarded-for': from,
      ...headers,
    },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], stream, ...body }),
  });
  const { 'x-modelapi-region': region, 'x-modelapi-vendor': vendor } = answer.headers;
  return { status: answer.statusCode, region, vendor, body: await answer.body.text() };
}

/** What `GET /v1/regions` says to the load balancer's client. */
async function regions(from: string, through = balancer): Promise<Record<string, unknown>> {
  const answer = await request(`${stack.gateway}/v1/regions`, {
    dispatcher: through,
    headers: { host: PRIMARY, 'x-forwarded-for': from },
  });
  return (await answer.body.json()) as Record<string, unknown>;
}

/** As the operator would: in one transaction with the bump of the revision. */
async function keepVendorsIn(vendors: readonly string[], only: readonly string[] | null): Promise<void> {
  const connection = await stack.database.pool.connect();
  await connection.query('BEGIN');
  await connection.query('UPDATE vendor SET regions = $2 WHERE id = ANY ($1)', [vendors, only]);
  const touched = vendors.map((id) => ({ kind: 'catalog', subjectType: 'vendor', subjectId: id }));
  await connection.query('SELECT touch_config($1, NULL)', [JSON.stringify(touched)]);
  await connection.query('COMMIT');
  connection.release();
}

describe('the primary host', () => {
  test.each([
    ['Japanese', JAPAN, 'jp', false],
    ['Japanese', JAPAN, 'jp', true],
    ['Singaporean', SINGAPORE, 'sg', false],
    ['German', GERMANY, 'us', false],
  ])('serves a %s client in the nearest region that runs', async (_, from, region, stream) => {
    await expect.poll(() => complete({ from, stream }), { timeout: 15_000, interval: 500 }).toMatchObject({ status: 200, region });
    if (stream) expect((await complete({ from, stream })).body.trimEnd()).toMatch(/data: \[DONE\]$/);
  });

  test('serves a client of whom nothing is known where it arrives', async () => {
    expect(await complete({ from: '10.0.0.1' })).toMatchObject({ status: 200, region: 'us' });
  });

  test('lists the regions, their health, and the nearest', async () => {
    const { data, nearest, current } = (await regions(JAPAN)) as {
      data: { id: string; healthy: boolean }[];
      nearest: string;
      current: string;
    };
    expect([nearest, current]).toEqual(['jp', 'us']);
    expect(data.filter(({ healthy }) => healthy).map(({ id }) => id)).toEqual(['jp', 'sg', 'us']);
    expect(await regions(SINGAPORE)).toMatchObject({ nearest: 'sg' });
  });

  test('hands an error on as it is', async () => {
    const { status, body } = await complete({ model: 'no-such-model' });
    expect([status, JSON.parse(body).error.code]).toEqual([404, 'model_not_found']);
  });
});

describe('who lies about where they are', () => {
  test('X-Forwarded-For counts from a trusted proxy alone', async () => {
    expect(await complete({ through: client })).toMatchObject({ status: 200, region: 'us' });
    expect(await regions(JAPAN, client)).toMatchObject({ nearest: 'us' });
  });

  test('a request that was forwarded is not forwarded again, so none can loop', async () => {
    const mark = signHop({ region: 'sg', address: JAPAN }, Date.now(), stack.secrets.nodeToken);
    expect(await complete({ headers: { [HOP_HEADER]: mark } })).toMatchObject({ status: 200, region: 'us' });
  });

  test('a mark that is not ours, or old, is as if it were not there', async () => {
    const forged = signHop({ region: 'sg', address: JAPAN }, Date.now(), 'somebody else’s token');
    const old = signHop({ region: 'sg', address: JAPAN }, Date.now() - 3_600_000, stack.secrets.nodeToken);
    for (const mark of [forged, old, 'nonsense', '.', `${'x'.repeat(4_000)}.y`])
      expect(await complete({ headers: { [HOP_HEADER]: mark } })).toMatchObject({ status: 200, region: 'jp' });
  });
});

describe('a regional host', () => {
  test('pins its region, whatever the client’s address', async () => {
    expect(await complete({ host: 'us.api.localhost' })).toMatchObject({ status: 200, region: 'us' });
    expect(await complete({ host: 'sg.api.localhost', at: 2 })).toMatchObject({ status: 200, region: 'sg' });
  });

  test('that reaches another region’s node is told so', async () => {
    const { status, body } = await complete({ host: 'jp.api.localhost' });
    expect(status).toBe(421);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'misdirected_region' } });
  });
});

describe('residency', () => {
  test('a vendor that may serve only in one region is never called from another', async () => {
    await keepVendorsIn(['openai'], ['us']);
    try {
      const asked = { host: 'jp.api.localhost', at: 1, body: { provider: { order: ['openai', 'azure'] } } };
      await expect.poll(() => complete(asked), { timeout: 15_000, interval: 300 }).toMatchObject({ status: 200, vendor: 'azure' });
      expect(await complete({ ...asked, host: 'us.api.localhost', at: 0 })).toMatchObject({ status: 200, vendor: 'openai' });
      const { status, body } = await complete({ ...asked, body: { provider: { only: ['openai'] } } });
      expect(status).toBe(503);
      expect(JSON.parse(body).error.availability).toMatchObject({ retryable: false });
    } finally {
      await keepVendorsIn(['openai'], null);
    }
  });
});

describe('a region whose nodes all die', () => {
  test('loses no request of the primary host: the next region serves within 2 s', async () => {
    await stack.nodes[1]?.kill();
    const killedAt = performance.now();
    const answers = [];
    for (let count = 0; count < 40; count++) answers.push(await complete({ stream: count % 2 === 0 }));
    const tookMs = performance.now() - killedAt;
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.filter(({ region }) => region === 'jp')).toEqual([]);
    console.log(`40 requests after the region died, all answered, in ${Math.round(tookMs)} ms`);
    await stack.nodes[1]?.start();
    await expect.poll(async () => (await complete({})).region, { timeout: 20_000, interval: 500 }).toBe('jp');
  });
});
