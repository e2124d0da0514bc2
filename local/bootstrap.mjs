/**
 * What `npm start`, `npm test` and the other scripts run first, with whatever Node the machine has (20 or newer): install, build, then
 * hand over to the pinned Node. Everything that the program itself needs is in TypeScript from there on.
 *
 *   node local/bootstrap.mjs start|test|check|build|reset [arguments]      node local/bootstrap.mjs run <script of dist/> [arguments]
 *
 * Signals: a terminal sends Ctrl-C to all of us, so it is left to the program; SIGTERM is passed on. When this process is killed the
 * program hears it through the channel between them and stops; so it does when npm, which started us, is gone.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from './build.mjs';
import { installPackages, pinnedNode } from './install.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 20;
const PARENT_POLL_MS = 1_000;
const VITEST = join(root, 'node_modules/vitest/vitest.mjs');
/** In this order: the cheapest first. */
const CHECKS = [
  ['types', [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit']],
  ['console: documents', [join(root, 'node_modules/@graphql-codegen/cli/cjs/bin.js'), '--config', 'control-plane/console/codegen.json']],
  ['console: types', [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'control-plane/console']],
  ['lint and format', [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings']],
  ['architecture', [VITEST, 'run', 'test/architecture.test.ts']],
  ['unused files and exports', [join(root, 'node_modules/knip/bin/knip.js'), '--no-progress']],
];

const [command = 'start', ...parameters] = process.argv.slice(2);
try {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE)
    throw new Error(`Node ${OLDEST_NODE} or newer is needed, not ${process.version}`);
  process.exitCode = await runCommand();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Both steps take seconds when they happen at all. */
function announce(step) {
  process.stderr.write(`  ${step} ...\n`);
}

async function runCommand() {
  await installPackages(announce);
  if (command === 'test') return await runNode([VITEST, 'run', ...parameters]);
  if (command === 'check') return await check();
  await buildProgram(announce);
  if (command === 'build') return 0;
  if (command === 'run') return await runNode(['--enable-source-maps', join(root, 'dist', parameters[0]), ...parameters.slice(1)]);
  if (command === 'start' || command === 'reset') {
    return await runNode(['--enable-source-maps', join(root, `dist/local/${command}.js`), ...parameters]);
  }
  throw new Error(`unknown command "${command}": start, test, check, build, reset or run`);
}

async function check() {
  const failed = [];
  for (const [name, script] of CHECKS) {
    process.stdout.write(`check: ${name}\n`);
    if ((await runNode(script)) !== 0) failed.push(name);
  }
  process.stdout.write(failed.length === 0 ? 'check: all is well\n' : `check: failed: ${failed.join('; ')}\n`);
  return failed.length === 0 ? 0 : 1;
}

/** Its exit code; 1 when a signal ended it. */
function runNode(script) {
  const child = spawn(pinnedNode, script, { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const leaveToChild = () => undefined;
  const passOn = (signal) => child.kill(signal);
  process.on('SIGINT', leaveToChild);
  process.on('SIGTERM', passOn);
  process.on('SIGHUP', passOn);
  const parent = watchParent(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(parent);
      resolve(code ?? 1);
    });
  });
}

/** A process whose parent died is given to another. */
function watchParent(whenGone) {
  const parent = process.ppid;
  return setInterval(() => {
    if (process.ppid !== parent) whenGone();
  }, PARENT_POLL_MS);
}
