import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planRoute } from '../../../data-plane/routing/plan-route.js';
import type { RoutePlan } from '../../../data-plane/types.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { GatewayError } from '../../../shared/errors.js';
import { ABLE, endpoint, healthOf, type Illness, model, principalOf, requestOf, seeded, snapshotOf, vendor } from './routing-world.js';

const vendors = ['a', 'b', 'c'].map((id) => vendor(id));
const models = Array.from({ length: 12 }, (_, index) =>
  model(`m${index}`, 0.1 + index, 0.4 + 3 * index, {
    tier: (['value', 'standard', 'frontier'] as const)[index % 3] ?? 'value',
    contextTokens: 4_000 * (index + 1),
    capabilities: { ...ABLE, tools: index % 2 === 0, imageInput: index % 3 === 0 },
  }),
);
const snapshot = snapshotOf({ models, vendors, endpoints: models.flatMap((one) => vendors.map((at) => endpoint(one, at))) });

const bodies: fc.Arbitrary<Partial<ChatRequest>> = fc.record(
  {
    model: fc.constantFrom('auto', 'm0', 'm3', 'm7', 'auto:floor', 'm5:nitro'),
    messages: fc.array(
      fc.record({ role: fc.constantFrom('user' as const, 'assistant' as const), content: fc.string({ maxLength: 3_000 }) }),
      { minLength: 1, maxLength: 6 },
    ),
    max_tokens: fc.integer({ min: 1, max: 9_000 }),
    models: fc.array(fc.constantFrom('m1', 'm2', 'nowhere'), { maxLength: 3 }),
    max_cost: fc.double({ min: 0.000001, max: 1, noNaN: true }),
    tools: fc.constant([{ type: 'function' as const, function: { name: 'f' } }]),
    provider: fc.record({ ignore: fc.subarray(['a', 'b', 'c']), order: fc.subarray(['b', 'c']) }, { requiredKeys: [] }),
    n: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: ['model', 'messages'] },
);
const illnesses: fc.Arbitrary<Record<string, Illness>> = fc.dictionary(
  fc.constantFrom(...models.flatMap((one) => vendors.map((at) => `${at.id}/${one.id}`))),
  fc.record({ success: fc.double({ min: 0, max: 1, noNaN: true }), open: fc.boolean(), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

function outcome(body: Partial<ChatRequest>, ill: Record<string, Illness>, seed: number): RoutePlan | string {
  try {
    return planRoute(requestOf(body), principalOf(), snapshot, healthOf(ill), seeded(seed));
  } catch (error) {
    if (error instanceof GatewayError) return JSON.stringify(error.toBody());
    throw error;
  }
}

test('the same request, snapshot, health and seed give the same plan, refusals included', () => {
  fc.assert(
    fc.property(bodies, illnesses, fc.integer(), (body, ill, seed) => {
      expect(outcome(body, ill, seed)).toEqual(outcome(body, ill, seed));
    }),
    { numRuns: 300 },
  );
});

test('no candidate is broken, unwanted, too dear or outside the bounds of the plan', () => {
  fc.assert(
    fc.property(bodies, illnesses, fc.integer(), (body, ill, seed) => {
      const plan = outcome(body, ill, seed);
      if (typeof plan === 'string') return;
      const ids = plan.candidates.map((candidate) => candidate.endpoint.id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const candidate of plan.candidates) {
        expect(ill[candidate.endpoint.id]?.open ?? false).toBe(false);
        expect(body.provider?.ignore ?? []).not.toContain(candidate.endpoint.vendorId);
        expect(candidate.ceiling <= plan.ceiling).toBe(true);
        expect(candidate.expectedCost <= candidate.ceiling).toBe(true);
        if (body.max_cost !== undefined) expect(Number(candidate.ceiling) / 1e9).toBeLessThanOrEqual(Number(body.max_cost) + 1e-9);
        if (body.tools) expect(candidate.model.capabilities.tools).toBe(true);
      }
      expect(plan.estimate.input).toBeLessThanOrEqual(plan.estimate.inputUpper);
    }),
    { numRuns: 300 },
  );
});
