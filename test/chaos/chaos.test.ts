/**
 * In `npm test` the short list on two nodes; with `npm run chaos` (vitest's mode `chaos`) the whole list on three, then again in reverse: a
 * fault must not lean on what the one before left. After each: everything settles, all invariants hold, customers were told the truth.
 */
import { beforeAll, expect, test } from 'vitest';
import { FAULTS } from './faults.js';
import { type Fleet, type RestOptions, startFleet } from './fleet.js';

const { MODE } = (import.meta as ImportMeta & { readonly env: { readonly MODE: string } }).env;
const whole = MODE === 'chaos';
const faults = whole ? [...FAULTS, ...FAULTS.toReversed()] : FAULTS.filter((fault) => fault.short);

let fleet: Fleet;
/** What earlier faults may have cost: a lost disk stays lost. */
let allowed: RestOptions = {};
beforeAll(async () => {
  fleet = await startFleet(whole ? ['us', 'us', 'sg'] : ['us', 'us']);
  if (whole) process.stdout.write(`history: ${fleet.history.file}\n`);
}, 180_000);

test.each(faults)('fault $number: $name', { timeout: 300_000 }, async (fault) => {
  fleet.history.views.length = 0;
  const cost = (await fault.run(fleet)) ?? {};
  allowed = {
    lostDisks: [...(allowed.lostDisks ?? []), ...(cost.lostDisks ?? [])],
    maxPlatformLoss: (allowed.maxPlatformLoss ?? 0n) + (cost.maxPlatformLoss ?? 0n),
  };
  await fleet.rest(allowed);
  expect(fleet.history.views.length).toBeGreaterThan(0);
});
