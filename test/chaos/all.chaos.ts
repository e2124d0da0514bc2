/** The whole list, twice in a different order on one fleet of three nodes: a fault must not lean on what the one before left. */
import { beforeAll, expect, test } from 'vitest';
import { FAULTS } from './faults.js';
import { type Fleet, type RestOptions, startFleet } from './fleet.js';

let fleet: Fleet;
/** What earlier faults may have cost: a lost disk stays lost. */
let allowed: RestOptions = {};
beforeAll(async () => {
  fleet = await startFleet(['us', 'us', 'sg']);
  console.log(`history: ${fleet.history.file}`);
}, 180_000);

test.each([...FAULTS, ...FAULTS.toReversed()])('fault $number: $name', { timeout: 300_000 }, async (fault) => {
  fleet.history.views.length = 0;
  const cost = (await fault.run(fleet)) ?? {};
  allowed = {
    lostDisks: [...(allowed.lostDisks ?? []), ...(cost.lostDisks ?? [])],
    maxPlatformLoss: (allowed.maxPlatformLoss ?? 0n) + (cost.maxPlatformLoss ?? 0n),
  };
  await fleet.rest(allowed);
  expect(fleet.history.views.length).toBeGreaterThan(0);
});
