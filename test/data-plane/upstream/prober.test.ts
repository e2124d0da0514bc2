import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { UpstreamClient } from '../../../data-plane/upstream/dispatch.js';
import { Health } from '../../../data-plane/upstream/health.js';
import { Prober } from '../../../data-plane/upstream/prober.js';
import { modelListCall } from '../../../data-plane/upstream/protocols/model-list-call.js';
import { endpoint, model, snapshotOf, vendor } from '../routing/routing-world.js';
import { hangUp, json, type ScriptedVendor, startVendor } from './scripted-vendor.js';

let idle: ScriptedVendor;
let now = 0;
beforeAll(async () => {
  idle = await startVendor();
});
afterAll(() => idle.close());
beforeEach(() => {
  now = 1_000_000;
  idle.requests.length = 0;
});

function world(probeIdleEndpoints: boolean) {
  const at = vendor('idle', { baseUrl: `${idle.url}/v1`, timeouts: { connectMs: 500, firstTokenMs: 500, idleMs: 500 } });
  const models = [model('one', 1, 2), model('two', 1, 2)];
  const snapshot = snapshotOf({ models, vendors: [at], endpoints: models.map((of) => endpoint(of, at)), settings: { probeIdleEndpoints } });
  const health = new Health(() => now);
  return { health, prober: new Prober({ client: new UpstreamClient(), health, random: () => 0.5, snapshot: () => snapshot }) };
}

test('an idle vendor is asked once, for its list of models, with the house’s credential', async () => {
  const { health, prober } = world(true);
  idle.script(json(200, { data: [] }));
  await prober.probeIdle();
  expect(idle.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([['/v1/models', 'Bearer s']]);
  expect(health.isOpen('idle/one')).toBe(false);
});

test('nobody is asked unless the operator allows it', async () => {
  idle.script(json(200, {}));
  await world(false).prober.probeIdle();
  expect(idle.requests).toHaveLength(0);
});

test('a vendor with traffic is left alone', async () => {
  const { health, prober } = world(true);
  health.tryBegin('idle/two');
  await prober.probeIdle();
  expect(idle.requests).toHaveLength(0);
  now += 60_000;
  await prober.probeIdle();
  expect(idle.requests).toHaveLength(1);
});

test('two failed probes open the vendor’s circuits, a good one closes them', async () => {
  const { health, prober } = world(true);
  idle.script(hangUp);
  await prober.probeIdle();
  expect(idle.requests).toHaveLength(2);
  expect([health.isOpen('idle/one'), health.isOpen('idle/two')]).toEqual([true, true]);
  idle.script(json(200, {}));
  await prober.probeIdle();
  expect([health.isOpen('idle/one'), health.isOpen('idle/two')]).toEqual([false, false]);
});

test.each([
  [401, true],
  [503, true],
  [403, false],
  [404, false],
  [429, false],
])('status %i opens: %s', async (status, opens) => {
  const { health, prober } = world(true);
  idle.script(json(status, {}));
  await prober.probeIdle();
  expect(health.isOpen('idle/one')).toBe(opens);
});

test('what customers’ requests opened, no probe closes', async () => {
  const { health, prober } = world(true);
  health.applyHint({ endpointId: 'idle/one', openForMs: 5_000 });
  idle.script(json(200, {}));
  await prober.probeIdle();
  expect(health.isOpen('idle/one')).toBe(true);
});

test('each protocol has its list', () => {
  const url = (id: Parameters<typeof vendor>[0], more: Parameters<typeof vendor>[1]) => modelListCall(vendor(id, more), { secret: 's' });
  expect(url('anthropic', { protocol: 'anthropic', baseUrl: 'https://a.example' })).toMatchObject({
    url: 'https://a.example/v1/models',
    headers: { 'x-api-key': 's' },
  });
  expect(url('google', { protocol: 'gemini', baseUrl: 'https://g.example/' })).toMatchObject({
    url: 'https://g.example/v1beta/models',
    headers: { 'x-goog-api-key': 's' },
  });
  const azure = { baseUrl: 'https://z.example', quirks: { path: '/openai/v1/chat/completions', auth: 'api-key' as const } };
  expect(url('azure', azure)).toMatchObject({ url: 'https://z.example/openai/v1/models', headers: { 'api-key': 's' } });
});
