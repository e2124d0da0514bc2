import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planRoute } from '../../../data-plane/routing/plan-route.js';
import { reliability } from '../../../data-plane/routing/strategies.js';
import type { RoutePlan } from '../../../data-plane/types.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { GatewayError } from '../../../shared/errors.js';
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

/** More than are priced at once, in no order, some with a dearer tier or another tokenizer. */
const draw = seeded(11);
const many = Array.from({ length: 90 }, (_, index) => {
  // Cheap input goes with dear output, so that no order by price alone is right.
  const bent = draw();
  const [input, output] = [0.05 + 4 * bent ** 2 + draw(), 0.1 + 20 * (1 - bent) ** 2 + draw()];
  return model(`n${index}`, input, output, {
    bytesPerTokenHundredths: 300 + Math.round(200 * draw()),
    maxOutputTokens: draw() < 0.2 ? 300 : 16_000,
    capabilities: { ...ABLE, tools: draw() < 0.6, reasoning: draw() < 0.5 },
    price: {
      revision: 1,
      rates: ratesOf(input, output),
      tiers: draw() < 0.2 ? [{ aboveInputTokens: 2_000, rates: ratesOf(input * 3, output * 2) }] : [],
    },
  });
});
const market = snapshotOf({ models: many, vendors, endpoints: many.flatMap((one) => vendors.slice(1).map((at) => endpoint(one, at))) });
const troubles: fc.Arbitrary<Record<string, Illness>> = fc.dictionary(
  fc.constantFrom(...many.flatMap((one) => vendors.map((at) => `${at.id}/${one.id}`))),
  fc.record({ success: fc.double({ min: 0.1, max: 1, noNaN: true }), open: fc.boolean() }),
  { maxKeys: 120 },
);

test('auto, which looks at few, chooses what weighing every model would choose', () => {
  const asked = fc.record({
    // Long prompts with short answers are cheap where input is, whatever the output costs, and the other way round.
    messages: fc.integer({ min: 1, max: 20_000 }).map((words) => [{ role: 'user' as const, content: 'word '.repeat(words) }]),
    max_tokens: fc.integer({ min: 1, max: 6_000 }),
    tools: fc.option(fc.constant([{ type: 'function' as const, function: { name: 'f' } }]), { nil: undefined }),
  });
  fc.assert(
    fc.property(asked, troubles, fc.integer(), (given, ill, seed) => {
      const { tools, ...plain } = given;
      const body = tools ? { ...plain, tools } : plain;
      const health = healthOf(ill);
      const weigh = (name: string): number => {
        const [first, ...others] = planRoute(requestOf({ ...body, model: name }), principalOf(), market, health, seeded(seed)).candidates;
        if (!first) return Number.POSITIVE_INFINITY;
        const alike = [first, ...others].filter((one) => one.model === first.model);
        return Number(first.expectedCost) / Math.max(...alike.map((one) => reliability(one.endpoint.id, health)));
      };
      const chosen = weigh('auto');
      for (const { id, capabilities } of many) {
        const able = (!tools || capabilities.tools) && vendors.slice(1).some((at) => ill[`${at.id}/${id}`]?.open !== true);
        // A nano-dollar is lost to rounding before reliability divides by as little as a tenth.
        if (able) expect(chosen).toBeLessThanOrEqual(weigh(id) + 20);
      }
    }),
    { numRuns: 40 },
  );
});
