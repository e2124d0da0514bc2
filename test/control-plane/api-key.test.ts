import { beforeAll, describe, expect, test } from 'vitest';
import { isWellFormedApiKey } from '../../shared/api-key.js';
import type { NodeStatus } from '../../shared/node-status.js';
import type { Manifest } from '../../shared/snapshot.js';
import { type ControlPlaneFixture, NODE_TOKEN, startControlPlane } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
beforeAll(async () => {
  control = await startControlPlane();
});

const CREATE =
  'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id name prefix last4 test models ipAllowlist regions expiresAt status limits { requestsPerMinute dailyUsd totalUsd } } } }';
const REVOKE = 'mutation ($id: ID!) { revokeApiKey(id: $id) { id acknowledged nodes } }';
const LIST = '{ apiKeys { id status expiresAt } }';

interface Created {
  readonly createApiKey: { readonly key: string; readonly apiKey: Record<string, unknown> & { readonly id: string } };
}

async function create(token: string, input: object = {}): Promise<Created['createApiKey']> {
  return (await control.must<Created>(CREATE, { input: { name: 'k', ...input } }, token)).createApiKey;
}

describe('a new key', () => {
  test('is shown once and stored only as its HMAC', async () => {
    const { token } = await control.register();
    const { key, apiKey } = await create(token);
    expect(isWellFormedApiKey(key)).toBe(true);
    expect(apiKey).toMatchObject({ prefix: 'sk-ama-', last4: key.slice(-4), test: false, status: 'active' });
    const { rows } = await control.database.pool.query('SELECT api_key::text AS line FROM api_key WHERE id = $1', [apiKey.id]);
    expect(rows[0].line).not.toContain(key.slice(7, 39));
  });

  test('of the test kind says so in its prefix', async () => {
    const { token } = await control.register();
    const { key, apiKey } = await create(token, { test: true });
    expect(key).toMatch(/^sk-ama-test-/);
    expect(apiKey).toMatchObject({ test: true, prefix: 'sk-ama-test-' });
  });

  test('keeps its scope and limits exactly', async () => {
    const { token } = await control.register();
    const { apiKey } = await create(token, {
      ipAllowlist: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'],
      limits: { requestsPerMinute: 60, dailyUsd: '0.000000001', totalUsd: '9000000000.5' },
    });
    expect(apiKey).toMatchObject({
      ipAllowlist: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'],
      limits: { requestsPerMinute: 60, dailyUsd: '0.000000001', totalUsd: '9000000000.5' },
    });
  });

  test.each([
    ['an empty name', { name: ' ' }, 'name'],
    ['a model that does not exist', { models: ['gpt-none'] }, 'models'],
    ['no model at all', { models: [] }, 'models'],
    ['an address that is none', { ipAllowlist: ['10.0.0.0/99'] }, 'ipAllowlist'],
    ['a number for an address', { ipAllowlist: ['2130706433'] }, 'ipAllowlist'],
    ['a region that does not exist', { regions: ['mars'] }, 'regions'],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['a limit of 0', { limits: { requestsPerMinute: 0 } }, 'limits.requestsPerMinute'],
    ['a negative budget', { limits: { dailyUsd: '-1' } }, 'limits.dailyUsd'],
    ['a budget with ten places', { limits: { dailyUsd: '0.0000000001' } }, 'limits.dailyUsd'],
    ['a budget beyond 2^63', { limits: { dailyUsd: '9999999999' } }, 'limits.dailyUsd'],
    ['an unknown vendor', { byok: [{ provider: 'nobody', apiKey: 'sk-1234567890' }] }, 'byok.provider'],
  ])('refuses %s, naming the field', async (_what, input, param) => {
    const { token } = await control.register();
    const { errors } = await control.graphql(CREATE, { input: { name: 'k', ...input } }, token);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'invalid_request', param });
    expect((await control.must<{ apiKeys: unknown[] }>(LIST, {}, token)).apiKeys).toEqual([]);
  });
});

describe('revocation', () => {
  test('answers once every live node has acknowledged the revision, and says how many', async () => {
    const { token } = await control.register();
    const { apiKey } = await create(token);
    const nodes = [fakeNode('ack-1'), fakeNode('ack-2')];
    for (const node of nodes) await node.report();
    for (const node of nodes) node.followPublications();
    const { revokeApiKey } = await control.must<{ revokeApiKey: object }>(REVOKE, { id: apiKey.id }, token);
    expect(revokeApiKey).toEqual({ id: apiKey.id, acknowledged: 2, nodes: 2 });
    for (const node of nodes) node.stop();
  });

  test('waits two seconds for a node that is silent, and says that it is missing', async () => {
    const { token } = await control.register();
    const { apiKey } = await create(token);
    const silent = fakeNode('silent');
    await silent.report();
    const begun = performance.now();
    const { revokeApiKey } = await control.must<{ revokeApiKey: { acknowledged: number; nodes: number } }>(
      REVOKE,
      { id: apiKey.id },
      token,
    );
    expect(revokeApiKey.acknowledged).toBeLessThan(revokeApiKey.nodes);
    expect(performance.now() - begun).toBeGreaterThan(1_900);
  });

  test('is final', async () => {
    const { token } = await control.register();
    const { apiKey } = await create(token);
    await control.must(REVOKE, { id: apiKey.id }, token);
    for (const again of ['pauseApiKey(id: $id, paused: false) { id }', 'rotateApiKey(id: $id, graceSeconds: 0) { key }'])
      expect((await control.graphql(`mutation ($id: ID!) { ${again} }`, { id: apiKey.id }, token)).errors?.[0]?.extensions.code).toBe(
        'conflict',
      );
    await expect(
      control.database.pool.query('UPDATE api_key SET revoked_at = NULL, revoke_reason = NULL WHERE id = $1', [apiKey.id]),
    ).rejects.toThrow(/final/);
  });

  test('is what happens to a key that somebody found, without a login and without telling whether it was ours', async () => {
    const { token } = await control.register();
    const { key, apiKey } = await create(token);
    const LEAKED = 'mutation ($key: String!) { revokeLeakedKey(key: $key) }';
    expect(await control.must(LEAKED, { key })).toEqual({ revokeLeakedKey: true });
    expect(await control.must(LEAKED, { key: 'sk-ama-nothing' })).toEqual({ revokeLeakedKey: true });
    expect((await control.must<{ apiKeys: unknown[] }>(LIST, {}, token)).apiKeys).toEqual([
      { id: apiKey.id, status: 'revoked', expiresAt: null },
    ]);
  });
});

describe('rotation', () => {
  test('gives a second key of the same scope; the old one ends after the grace', async () => {
    const { token } = await control.register();
    const { apiKey } = await create(token, { limits: { requestsPerMinute: 5 } });
    const { rotateApiKey } = await control.must<{ rotateApiKey: { apiKey: { id: string; limits: object } } }>(
      'mutation ($id: ID!) { rotateApiKey(id: $id, graceSeconds: 60) { apiKey { id limits { requestsPerMinute } } } }',
      { id: apiKey.id },
      token,
    );
    expect(rotateApiKey.apiKey.limits).toEqual({ requestsPerMinute: 5 });
    const list = async () => (await control.must<{ apiKeys: { status: string; expiresAt: string | null }[] }>(LIST, {}, token)).apiKeys;
    const [fresh, old] = await list();
    expect([fresh?.status, old?.status, fresh?.expiresAt]).toEqual(['active', 'active', null]);
    expect(Date.parse(old?.expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(60_000);
    await control.database.pool.query('UPDATE api_key SET expires_at = now() WHERE id = $1', [apiKey.id]);
    expect((await list()).map((key) => key.status)).toEqual(['active', 'expired']);
  });

  test('keeps the lineage, so that budgets go on', async () => {
    const { token } = await control.register();
    const { apiKey } = await create(token, { limits: { totalUsd: '1' } });
    let newest = apiKey.id;
    for (let round = 0; round < 2; round++) {
      const rotate = 'mutation ($id: ID!) { rotateApiKey(id: $id, graceSeconds: 0) { apiKey { id } } }';
      newest = (await control.must<{ rotateApiKey: { apiKey: { id: string } } }>(rotate, { id: newest }, token)).rotateApiKey.apiKey.id;
    }
    const { rows } = await control.database.pool.query('SELECT lineage_id FROM api_key WHERE id = $1', [newest]);
    expect(rows).toEqual([{ lineage_id: apiKey.id }]);
  });
});

/** A node that says what revision it has; `followPublications`: it acknowledges each as soon as it is announced. */
function fakeNode(nodeId: string) {
  const subscriber = control.redis.client.duplicate();
  let reportedAtMs = Date.now();
  const status = (appliedRevision: number): NodeStatus => ({
    nodeId,
    region: 'us',
    epoch: 1,
    version: 'test',
    url: 'http://localhost',
    startedAtMs: 1,
    reportedAtMs: ++reportedAtMs,
    ready: true,
    draining: false,
    appliedRevision,
    appliedFrom: 'redis',
    rejected: null,
    silenceMs: 0,
    openRequests: 0,
    spool: { unacknowledged: 0, bytes: 0 },
    endpoints: [],
  });
  return {
    async report() {
      const response = await fetch(`${control.url}/internal/status`, {
        method: 'POST',
        headers: { authorization: `Bearer ${NODE_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(status(0)),
      });
      expect(response.status).toBe(200);
    },
    followPublications() {
      subscriber.on('message', (_channel: string, text: string) => {
        const { revision } = JSON.parse(text) as Manifest;
        void control.redis.client.publish(control.keys.fleetChannel, JSON.stringify(status(revision)));
      });
      void subscriber.subscribe(control.keys.configChannel);
    },
    stop: () => subscriber.disconnect(),
  };
}
