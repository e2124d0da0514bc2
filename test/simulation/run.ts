/**
 * `npm run simulate -- --seeds N --from S [--mutations]`: runs seeds S, S+1, ...; prints the first that violates an invariant, and how to
 * replay it. With --mutations, shows that every seeded bug of `mutations.ts` is caught.
 */
import { parseArgs } from 'node:util';
import { simulate } from './simulate.js';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '2000' }, from: { type: 'string', default: '1' } } });
const seeds = Number(values.seeds);
const from = Number(values.from);
const startedAt = Date.now();
let admitted = 0;
let refused = 0;
let crashes = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = simulate(seed);
  admitted += outcome.admitted;
  refused += outcome.refused;
  crashes += outcome.crashes;
  if (outcome.violation === undefined) continue;
  console.error(`seed ${seed} violates ${outcome.violation}\nreplay: npm run simulate -- --seeds 1 --from ${seed}`);
  process.exit(1);
}
const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
console.log(`${seeds} seeds from ${from} in ${seconds} s: ${admitted} requests admitted, ${refused} refused, ${crashes} crashes; all invariants hold`);
