/** The part of chaos that every `npm test` runs: one fleet of two nodes, fault after fault. The whole list: `npm run chaos`. */
import { beforeAll, expect, test } from 'vitest';
import { FAULTS } from './faults.js';
import { type Fleet, startFleet } from './fleet.js';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet(['us', 'us']);
}, 120_000);

test.each(FAULTS.filter((fault) => fault.short))('fault $number: $name', { timeout: 180_000 }, async (fault) => {
  fleet.history.views.length = 0;
  await fleet.rest((await fault.run(fleet)) ?? {});
  expect(fleet.history.views.length).toBeGreaterThan(0);
});
