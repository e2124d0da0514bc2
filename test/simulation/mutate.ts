/** Runs the simulation with one bug built in, in a process of its own, until a seed catches it. */
import { spawn } from 'node:child_process';
import type { Mutation } from './mutations.js';

export interface MutationOutcome {
  readonly name: string;
  /** The seed and the invariant; undefined when the bug went unnoticed. */
  readonly caught: string | undefined;
}

export async function runMutation(mutation: Mutation, seeds: number): Promise<MutationOutcome> {
  // The sources, also when this file runs compiled: the edit is made to them. npm and vitest start in the project's folder.
  const program = ['--import', './test/simulation/load-typescript.mjs', 'test/simulation/run.ts'];
  const child = spawn(process.execPath, [...program, '--seeds', String(seeds)], {
    env: { ...process.env, MUTATION: JSON.stringify(mutation) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  const violation = /^seed \d+ violates .*/m.exec(said)?.[0];
  if (code !== 0 && violation === undefined) throw new Error(`${mutation.name}: ${said}`);
  return { name: mutation.name, caught: violation };
}
