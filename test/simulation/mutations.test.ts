import { expect, test } from 'vitest';
import { runMutation } from './mutate.js';
import { MUTATIONS } from './mutations.js';

const SEEDS = 2_000;

test.each(MUTATIONS)('the simulation catches: $name', { timeout: 120_000 }, async (mutation) => {
  const { caught } = await runMutation(mutation, SEEDS);
  expect(caught).toBeDefined();
});
