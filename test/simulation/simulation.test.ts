import { expect, test } from 'vitest';
import { simulate } from './simulate.js';

const SEEDS = 2_000;

test(`${SEEDS} histories of crashes, lost disks, wiped Redis, outages and clock jumps keep every invariant of the money`, {
  timeout: 180_000,
}, () => {
  let admitted = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = simulate(seed);
    admitted += outcome.admitted;
    expect(outcome.violation, `npm run simulate -- --seeds 1 --from ${seed}`).toBeUndefined();
  }
  expect(admitted).toBeGreaterThan(SEEDS * 10);
});

test('the same seed is the same history', () => {
  expect(simulate(42)).toEqual(simulate(42));
});
