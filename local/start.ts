/**
 * `npm start`: the whole product on one machine. Runs with the pinned Node, after `bootstrap.mjs` installed and built.
 * Brings everything up, prints the banner, and stays until somebody ends it or one of its processes dies; then everything stops.
 * Exit code 0 when it was asked to end or runs already, 1 after a failure.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderBanner } from './banner.js';
import { bringUp } from './bring-up.js';
import { loadLocalConfig } from './config.js';
import { Installation } from './installation.js';
import { Progress } from './progress.js';
import { Supervisor } from './supervisor.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Whatever is still open (a start that was interrupted) ends with us: children are tethered.
process.exit();

async function main(): Promise<void> {
  const config = loadLocalConfig(process.env, process.argv.slice(2), root);
  const installation = new Installation(config.dataFolder);
  const other = installation.claim();
  if (other !== undefined) {
    const where = other.record === undefined ? 'and is starting' : `at ${other.record.gateway}/v1 (console ${other.record.console})`;
    process.stdout.write(`ModelAPI is already running ${where}, process ${other.pid}. Its keys: .data/local.json\n`);
    return;
  }
  const supervisor = new Supervisor();
  try {
    await serve();
  } finally {
    await supervisor.stopAll();
    installation.release();
  }

  async function serve(): Promise<void> {
    const begunMs = performance.now();
    const progress = new Progress(process.stderr);
    const up = bringUp(config, installation, supervisor, (step) => progress.announce(step));
    const first = await Promise.race([up, supervisor.ended]).finally(() => progress.done());
    if (typeof first === 'object') process.stdout.write(renderBanner(first.record, first.notes, (performance.now() - begunMs) / 1000));
    const failure = await supervisor.ended;
    if (failure !== undefined) throw new Error(failure);
    process.stdout.write('stopping\n');
  }
}
