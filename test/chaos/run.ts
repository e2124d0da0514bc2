/** `npm run chaos [-- -t "fault 7"]`: every fault with real processes, with a history file and all invariants after each. */
import { spawn } from 'node:child_process';

const config = ['--config', 'test/chaos/vitest.config.ts', '--reporter', 'verbose'];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...config, '--root', '.', ...process.argv.slice(2)];
const child = spawn(process.execPath, vitest, { stdio: 'inherit' });
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
