/**
 * In `npm test` the short list on two nodes; with `npm run chaos` (vitest's mode `chaos`) the whole list on three, then again in reverse: a
 * fault must not lean on what the one before left. After each: everything settles, all invariants hold, customers were told the truth.
 * At the end the history file, from the first request on, is held against the database once more.
 */
import { beforeAll, expect, test } from 'vitest';
import { CONFIGURATION_FAULTS } from './configuration-faults.js';
import { CONTROL_PLANE_FAULTS } from './control-plane-faults.js';
import { SERVING_FAULTS } from './faults.js';
import { type Fleet, type RestOptions, startFleet } from './fleet.js';
import { checkHistory, readHistory } from './history.js';
import { KILL_FAULT } from './kill-fault.js';
import { PAYMENT_FAULTS } from './payment-faults.js';

const { MODE } = (import.meta as ImportMeta & { readonly env: { readonly MODE: string } }).env;
const whole = MODE === 'chaos';
const all = [KILL_FAULT, ...SERVING_FAULTS, ...CONFIGURATION_FAULTS, ...PAYMENT_FAULTS, ...CONTROL_PLANE_FAULTS];
const faults = whole ? [...all, ...all.toReversed()] : all.filter((fault) => fault.short);

let fleet: Fleet;
/** What earlier faults may have cost: a lost disk stays lost. */
let allowed: RestOptions = {};
beforeAll(async () => {
  fleet = await startFleet(whole ? { nodes: ['us', 'us', 'sg'], chain: true } : {});
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

test('the history file agrees with the database from the first request to the last', { timeout: 60_000 }, async () => {
  const views = readHistory(fleet.history.file);
  expect(views.length).toBeGreaterThan(0);
  expect(await checkHistory(views, fleet.pool, allowed)).toEqual([]);
  if (whole) process.stdout.write(`history: ${views.length} requests, ${views.filter((view) => view.finished).length} answered in full\n`);
});
