/**
 * `npm run chaos [-- -t "fault 7"]`: every fault with real processes, with a history file and all invariants after each. One file after
 * the other: what each waits for should not wait for the other's load.
 */
import { spawn } from 'node:child_process';

const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'test/chaos', '--mode', 'chaos', '--no-file-parallelism', '--reporter', 'verbose'];
const child = spawn(process.execPath, [...vitest, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
