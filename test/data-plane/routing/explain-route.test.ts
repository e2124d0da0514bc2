import { expect, test } from 'vitest';
import { explainRoute } from '../../../data-plane/routing/explain-route.js';
import { planRoute } from '../../../data-plane/routing/plan-route.js';
import { ABLE, endpoint, healthOf, model, principalOf, requestOf, seeded, snapshotOf, vendor } from './routing-world.js';

const acme = vendor('acme');
const far = vendor('far', { regions: ['jp'] });
const blind = model('blind', 0.1, 0.4, { capabilities: { ...ABLE, imageInput: false } });
const seeing = model('seeing', 1, 4);
const dear = model('dear', 5, 25);
const old = model('old', 0.01, 0.01, { deprecated: true });
const snapshot = snapshotOf({
  models: [blind, seeing, dear, old],
  vendors: [acme, far],
  endpoints: [endpoint(blind, acme), endpoint(seeing, acme), endpoint(dear, acme), endpoint(old, acme)],
  elsewhere: [endpoint(seeing, far)],
});
const look = requestOf({
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      ],
    },
  ],
});

test('an explanation is the plan, with every exclusion and its reason', () => {
  const given = [look, principalOf(), snapshot, healthOf()] as const;
  const plan = planRoute(...given, seeded(1));
  const explained = explainRoute(...given, seeded(1));
  expect(explained.candidates.map((one) => one.endpoint)).toEqual(plan.candidates.map((one) => one.endpoint.id));
  expect(explained.candidates.map((one) => one.model)).toEqual(['seeing', 'dear']);
  expect(explained.eligible_models).toBe(2);
  expect(explained.excluded).toEqual(
    expect.arrayContaining([
      { model: 'blind', vendor: 'acme', reason: 'missing_capability: imageInput' },
      { model: 'old', vendor: null, reason: 'deprecated' },
      { model: 'seeing', vendor: 'far', reason: 'region' },
    ]),
  );
  expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
});
