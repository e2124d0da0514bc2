/**
 * `npm run simulate -- --seeds N --from S`: runs seeds S, S+1, ...; prints the first that violates an invariant, and how to replay it.
 * `npm run simulate -- --mutations`: shows that every bug of `mutations.ts` is caught.
 */
import { parseArgs } from 'node:util';
import { runMutation } from './mutate.js';
import { MUTATIONS } from './mutations.js';
import { simulate } from './simulate.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    mutations: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
process.exitCode = values.mutations ? await showMutations() : runSeeds(Number(values.from));

function runSeeds(from: number): number {
  const startedAtMs = Date.now();
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
    return 1;
  }
  const seconds = ((Date.now() - startedAtMs) / 1_000).toFixed(1);
  console.log(
    `${seeds} seeds from ${from} in ${seconds} s: ${admitted} requests admitted, ${refused} refused, ${crashes} crashes; all invariants hold`,
  );
  return 0;
}

async function showMutations(): Promise<number> {
  let missed = 0;
  for (const mutation of MUTATIONS) {
    const { caught } = await runMutation(mutation, seeds);
    if (caught === undefined) missed++;
    console.log(`${caught === undefined ? 'MISSED' : 'caught'}  ${mutation.name}  ${caught ?? ''}`);
  }
  console.log(`${MUTATIONS.length - missed} of ${MUTATIONS.length} caught`);
  return missed === 0 ? 0 : 1;
}
