import { expect, test } from 'vitest';
import { AffinityTable } from '../../../data-plane/routing/affinity.js';
import { planRoute } from '../../../data-plane/routing/plan-route.js';
import type { RoutePlan } from '../../../data-plane/types.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { GatewayError } from '../../../shared/errors.js';
import { BATCH_50, chargeFor, NO_TOKENS } from '../../../shared/money.js';
import {
  ABLE,
  endpoint,
  healthOf,
  type Illness,
  model,
  principalOf,
  ratesOf,
  requestOf,
  seeded,
  snapshotOf,
  vendor,
} from './routing-world.js';

const acme = vendor('acme');
const bolt = vendor('bolt', { trainsOnData: true });
const claw = vendor('claw', { protocol: 'anthropic' });
const sandbox = vendor('sandbox');

const cheap = model('cheap', 0.1, 0.4, { tier: 'value', contextTokens: 8_000, capabilities: { ...ABLE, tools: false, imageInput: false } });
const middle = model('middle', 1, 4, { aliases: ['mid'] });
const great = model('great', 5, 25, { tier: 'frontier', contextTokens: 1_000_000, capabilities: { ...ABLE, logprobs: false } });
const old = model('old', 0.01, 0.01, { deprecated: true });
const free = model('free', 0, 0);
const world = {
  models: [great, middle, cheap, old, free],
  vendors: [acme, bolt, claw, sandbox],
  endpoints: [
    endpoint(cheap, acme),
    endpoint(middle, acme),
    endpoint(middle, bolt, { cost: ratesOf(1.2, 5) }),
    endpoint(great, claw),
    endpoint(old, acme),
    endpoint(free, acme),
  ],
  groups: [
    {
      id: 'ama/smart-code',
      name: 'Code',
      description: '',
      kind: 'code' as const,
      enabled: true,
      tiers: { frontier: ['great'], standard: ['mid'], value: ['cheap'] },
      thresholds: { standard: 0.4, frontier: 0.7 },
      hedge: false,
    },
  ],
};
const snapshot = snapshotOf(world);

function plan(
  body: Partial<ChatRequest>,
  ill: Record<string, Illness> = {},
  seed = 1,
  principal = principalOf(),
  of = snapshot,
): RoutePlan {
  return planRoute(requestOf(body), principal, of, healthOf(ill), seeded(seed));
}

function refusal(body: Partial<ChatRequest>, ill: Record<string, Illness> = {}, principal = principalOf()): GatewayError {
  try {
    plan(body, ill, 1, principal);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('a plan was made');
}

const places = (made: RoutePlan): string[] => made.candidates.map((candidate) => candidate.endpoint.id);
const TOOL = [{ type: 'function' as const, function: { name: 'f', parameters: { type: 'object' } } }];

test('auto takes the cheapest model that is able, and never a deprecated or unpriced one', () => {
  expect(places(plan({ model: 'auto' }))[0]).toBe('acme/cheap');
  expect(places(plan({ model: 'auto', tools: TOOL }))[0]).toMatch(/\/middle$/);
  expect(places(plan({ model: 'auto' })).some((id) => id.endsWith('old') || id.endsWith('free'))).toBe(false);
});

test('auto compares the cost of this very request: a long prompt leaves a model whose tier makes it dear', () => {
  const tiered = model('tiered', 0.5, 1, {
    price: { revision: 1, rates: ratesOf(0.5, 1), tiers: [{ aboveInputTokens: 2_000, rates: ratesOf(9, 9) }] },
  });
  const of = snapshotOf({ ...world, models: [middle, tiered], endpoints: [endpoint(tiered, acme), endpoint(middle, acme)] });
  expect(places(plan({ model: 'auto' }, {}, 1, principalOf(), of))[0]).toBe('acme/tiered');
  const long = { model: 'auto', messages: [{ role: 'user' as const, content: 'word '.repeat(5_000) }] };
  expect(places(plan(long, {}, 1, principalOf(), of))[0]).toBe('acme/middle');
});

test('auto keeps to the quality floor of the operator', () => {
  const of = snapshotOf({ ...world, settings: { autoFloor: 'frontier' } });
  expect(places(plan({ model: 'auto' }, {}, 1, principalOf(), of))).toEqual(['claw/great']);
});

test('auto leaves out what cannot do a wish that a plain model would drop', () => {
  expect(plan({ model: 'great', logprobs: true }).candidates[0]?.dropped).toEqual(['logprobs']);
  const only = snapshotOf({ ...world, models: [great, middle], endpoints: [endpoint(great, claw, {}), endpoint(middle, acme)] });
  expect(places(plan({ model: 'auto', logprobs: true }, {}, 1, principalOf(), only))).toEqual(['acme/middle']);
});

test('a plain model spreads over its vendors by price, and an alias is the model', () => {
  const first = (seed: number): string | undefined => places(plan({ model: 'mid' }, {}, seed))[0];
  const drawn = Array.from({ length: 400 }, (_, seed) => first(seed));
  const share = drawn.filter((id) => id === 'acme/middle').length / drawn.length;
  expect(share).toBeGreaterThan(0.5);
  expect(share).toBeLessThan(0.75);
});

test('a vendor that fails, or answered 429, loses its share at once', () => {
  for (const ill of [{ success: 0.4 }, { share: 0.3 }]) {
    const drawn = Array.from({ length: 200 }, (_, seed) => places(plan({ model: 'middle' }, { 'acme/middle': ill }, seed))[0]);
    expect(drawn.filter((id) => id === 'acme/middle').length).toBeLessThan(30);
  }
});

test('an open circuit is left out; when all are open the answer is 503 with retry-after and what was excluded', () => {
  expect(places(plan({ model: 'middle' }, { 'acme/middle': { open: true } }))).toEqual(['bolt/middle']);
  const error = refusal({ model: 'middle' }, { 'acme/middle': { open: true }, 'bolt/middle': { open: true } });
  expect([error.code, error.retryAfterMs]).toEqual(['no_available_provider', 5_000]);
  expect(error.extra['availability']).toMatchObject({
    retryable: true,
    requested_models: ['middle'],
    excluded: [{ vendor: 'acme' }, { vendor: 'bolt' }],
  });
});

test('suffixes and sort choose by price or speed', () => {
  expect(places(plan({ model: 'middle:floor' }, {}, 3))[0]).toBe('acme/middle');
  expect(places(plan({ model: 'middle:nitro' }, { 'bolt/middle': { tokensPerSecond: 300 } }))[0]).toBe('bolt/middle');
  expect(places(plan({ model: 'middle', provider: { sort: 'latency' } }, { 'bolt/middle': { firstTokenMs: 90 } }))[0]).toBe('bolt/middle');
});

test('provider preferences: order, only, ignore, no fallbacks, training, price', () => {
  expect(places(plan({ model: 'middle', provider: { order: ['Bolt'] } }))).toEqual(['bolt/middle', 'acme/middle']);
  expect(places(plan({ model: 'middle', provider: { order: ['bolt'], allow_fallbacks: false } }))).toEqual(['bolt/middle']);
  expect(places(plan({ model: 'middle', provider: { only: ['bolt'] } }))).toEqual(['bolt/middle']);
  expect(places(plan({ model: 'middle', provider: { ignore: ['bolt'] } }))).toEqual(['acme/middle']);
  expect(places(plan({ model: 'middle', provider: { allow_fallbacks: false } }))).toHaveLength(1);
  expect(places(plan({ model: 'middle', provider: { data_collection: 'deny' } }))).toEqual(['acme/middle']);
  expect(refusal({ model: 'middle', provider: { max_price: { prompt: 0.5 } } }).code).toBe('no_available_provider');
  expect(refusal({ model: 'middle', provider: { only: ['bolt'], ignore: ['bolt'] } }).extra['availability']).toMatchObject({
    retryable: false,
  });
});

test('require_parameters leaves out a vendor that would drop one', () => {
  const body = { models: ['great', 'middle'], model: 'great', seed: 1, provider: { require_parameters: true } };
  expect(places(plan(body)).every((id) => id.endsWith('middle'))).toBe(true);
});

test('a list of models is tried in its order, unknown ones left out', () => {
  const made = plan({ model: 'great', models: ['nowhere', 'cheap'] });
  expect(places(made)).toEqual(['claw/great', 'acme/cheap']);
  expect(made.excluded).toContainEqual({ model: 'nowhere', vendorId: null, reason: 'unknown_model' });
});

test('a group goes to the tier asked for, then upwards', () => {
  const made = plan({ model: 'ama/smart-code', tier: 'value' });
  expect(places(made).map((id) => id.split('/')[1])[0]).toBe('cheap');
  expect(made.candidates.at(-1)?.model.id).toBe('great');
  expect([made.tier, made.reason]).toEqual(['value', expect.stringContaining('ama/smart-code: value')]);
});

test('refusals name what is wrong', () => {
  expect(refusal({ model: 'nowhere' }).code).toBe('model_not_found');
  expect(refusal({ model: 'middle' }, {}, principalOf({ keyPolicy: { models: ['cheap'] } })).code).toBe('model_not_allowed');
  expect(refusal({ model: 'cheap', messages: [{ role: 'user', content: 'word '.repeat(20_000) }] }).code).toBe('context_length_exceeded');
  expect(
    refusal({ model: 'auto', messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'aa', format: 'wav' } }] }] })
      .extra,
  ).toMatchObject({
    availability: { excluded: expect.arrayContaining([{ model: 'middle', vendor: 'acme', reason: 'missing_capability: audioInput' }]) },
  });
  expect(refusal({ model: 'auto', models: Array.from({ length: 100 }, (_, index) => `m${index}`) }).param).toBe('models');
});

test('max_cost refuses before any call, with the figures', () => {
  const error = refusal({ model: 'great', max_cost: 0.01 });
  expect([error.code, error.status]).toEqual(['max_cost_exceeded', 402]);
  expect(Number(error.extra['ceiling_usd'])).toBeGreaterThan(0.19);
  expect(plan({ model: 'great', max_cost: 0.01, max_tokens: 100 }).ceiling).toBeLessThanOrEqual(10_000_000n);
  expect(refusal({ model: 'great', max_cost: -1 }).code).toBe('invalid_request');
});

test('max_cost refuses a model whose other vendor is only away for a moment: it would cost the same', () => {
  const error = refusal({ model: 'middle', max_cost: 0.0000001 }, { 'bolt/middle': { open: true } });
  expect(error.code).toBe('max_cost_exceeded');
});

test('max_cost takes the dear models out of auto and leaves the others', () => {
  expect(plan({ model: 'auto', max_cost: 0.01, max_tokens: 1_000 }).candidates.map((one) => one.model.id)).not.toContain('great');
});

test('the ceiling is what the bounds cost at the plan’s price, halved for a batch', () => {
  const made = plan({ model: 'great', max_tokens: 1_000 }, {}, 1, principalOf({ multiplier: BATCH_50 }));
  const most = { ...NO_TOKENS, inputUncached: made.estimate.inputUpper, output: 1_000, requests: 1 };
  expect(made.ceiling).toBe(chargeFor(most, great.price, BATCH_50));
});

test('a test key reaches the sandbox only, for any model', () => {
  const made = plan({ model: 'great' }, {}, 1, principalOf({ test: true }));
  expect(made.candidates.map((one) => [one.endpoint.vendorId, one.endpoint.upstreamModel])).toEqual([['sandbox', 'great']]);
});

test('a live key reaches the sandbox only where nobody else serves', () => {
  const both = snapshotOf({ ...world, endpoints: [endpoint(middle, acme), endpoint(middle, sandbox), endpoint(great, sandbox)] });
  expect(places(plan({ model: 'middle' }, {}, 1, principalOf(), both))).toEqual(['acme/middle']);
  expect(places(plan({ model: 'great' }, {}, 1, principalOf(), both))).toEqual(['sandbox/great']);
});

test('who brings a key never gets the sandbox after it', () => {
  const of = {
    ...snapshotOf({ ...world, endpoints: [endpoint(middle, bolt), endpoint(middle, sandbox)] }),
    credentials: new Map([['sandbox', [{ id: 's', secret: 's', weight: 1, owner: 'house' as const }]]]),
  };
  const byok = [{ id: 'own', vendorId: 'bolt', mode: 'prefer' as const, sealed: {} as never }];
  expect(places(plan({ model: 'middle' }, {}, 1, principalOf(), of))).toEqual(['sandbox/middle']);
  expect(places(plan({ model: 'middle' }, {}, 1, principalOf({ keyPolicy: { byok } }), of))).toEqual(['bolt/middle']);
});

test('the customer’s own key comes first, and alone where they said so', () => {
  const row = { id: 'own', vendorId: 'bolt', sealed: {} as never };
  const prefer = plan({ model: 'middle' }, {}, 1, principalOf({ accountPolicy: { byok: [{ ...row, mode: 'prefer' }] } }));
  expect(prefer.candidates.map((one) => [one.endpoint.vendorId, one.byok])[0]).toEqual(['bolt', true]);
  expect(prefer.candidates.some((one) => !one.byok)).toBe(true);
  const only = plan(
    { model: 'middle', provider: { only: ['bolt'] } },
    {},
    1,
    principalOf({ keyPolicy: { byok: [{ ...row, mode: 'only' }] } }),
  );
  expect(only.candidates.map((one) => [one.endpoint.vendorId, one.byok])).toEqual([['bolt', true]]);
});

test('a conversation returns to the vendor that has it in cache, unless that vendor is unwell', () => {
  const table = new AffinityTable();
  const request = requestOf({ model: 'middle', session_id: 's1', messages: [{ role: 'user', content: 'long '.repeat(2_000) }] });
  const planned = (seed: number, ill: Record<string, Illness> = {}): RoutePlan =>
    planRoute(request, principalOf(), snapshot, healthOf(ill), seeded(seed), table);
  const dear = planned(1).candidates.find((one) => one.endpoint.vendorId === 'bolt');
  if (!dear) throw new Error('bolt is no candidate');
  table.remember(planned(1).affinityKey ?? '', dear, 2_000, request.receivedAtMs - 1_000);
  const firsts = Array.from({ length: 50 }, (_, seed) => places(planned(seed))[0]);
  expect(new Set(firsts)).toEqual(new Set(['bolt/middle']));
  const unwell = Array.from({ length: 50 }, (_, seed) => places(planned(seed, { 'bolt/middle': { success: 0.5 } }))[0]);
  expect(unwell.filter((id) => id === 'bolt/middle').length).toBeLessThan(10);
});

test('among several credentials of a vendor those that rest are not drawn, the others by weight; when all rest it says so', () => {
  const keys = [1, 2, 6].map((weight) => ({ id: `k${weight}`, secret: 's', weight, owner: 'house' as const }));
  const of = { ...snapshotOf({ ...world, endpoints: [endpoint(middle, acme)] }), credentials: new Map([['acme', keys]]) };
  const draw = (resting: readonly string[]) => {
    const ill = Object.fromEntries(resting.map((id) => [id, { resting: true }]));
    const drawn = Array.from(
      { length: 900 },
      (_, seed) => plan({ model: 'middle' }, ill, seed, principalOf(), of).candidates[0]?.credential.id,
    );
    return Map.groupBy(drawn, (id) => id);
  };
  const two = draw(['k6']);
  expect([...two.keys()].sort()).toEqual(['k1', 'k2']);
  expect((two.get('k2')?.length ?? 0) / (two.get('k1')?.length ?? 1)).toBeGreaterThan(1.5);
  expect([...draw(['k1', 'k2']).keys()]).toEqual(['k6']);
  expect(() => draw(['k1', 'k2', 'k6'])).toThrow(expect.objectContaining({ code: 'no_available_provider', retryAfterMs: 5_000 }));
});
