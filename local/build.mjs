/**
 * Compiles what changed: the TypeScript into `dist/`, the console (when it is there) into `dist/console`. `node local/build.mjs`.
 * Plain JavaScript for any Node from 20 on, since it runs before there is a compiled program.
 * Throws when the compiler wrote nothing. Type errors do not stop a build that was written: `npm run check` stops at them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const CONSOLE = 'control-plane/console';

const program = {
  step: 'compiling',
  stamp: join(dist, '.program'),
  sources: ['shared', 'data-plane', 'control-plane', 'local', 'test', 'tsconfig.json', 'package-lock.json'],
  skipped: new Set(['console']),
  build: compileProgram,
};
const consolePage = {
  step: 'building the console',
  stamp: join(dist, '.console'),
  sources: [CONSOLE, 'control-plane/graphql/schema.graphql', 'package-lock.json'],
  skipped: new Set(['node_modules', 'dist', 'generated']),
  build: buildConsole,
};

/** `announce` is told of each part that is built. */
export async function buildProgram(announce = () => undefined) {
  await buildPart(program, announce);
  if (existsSync(join(root, CONSOLE, 'index.html'))) await buildPart(consolePage, announce);
  return { dist };
}

async function buildPart(part, announce) {
  if (isCurrent(part)) return;
  await withLock('build', async () => {
    if (isCurrent(part)) return;
    announce(part.step);
    const digest = digestSources(part);
    mkdirSync(dist, { recursive: true });
    part.build();
    writeFileSync(part.stamp, digest);
  });
}

function compileProgram() {
  const compiled = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--pretty', 'false'], { cwd: root, encoding: 'utf8' });
  const errors = compiled.stdout?.trim() ?? '';
  if (compiled.error || !existsSync(join(dist, 'local'))) throw new Error(`tsc failed: ${compiled.error?.message ?? errors}`);
  if (errors !== '') process.stderr.write(`${errors}\n`);
}

/** The console's GraphQL documents are checked against the schema and typed first: an operation that does not exist stops the build. */
function buildConsole() {
  runTool('@graphql-codegen/cli/cjs/bin.js', '--config', join(CONSOLE, 'codegen.json'));
  runTool('vite/bin/vite.js', 'build', CONSOLE, '--outDir', join(dist, 'console'), '--emptyOutDir');
}

function runTool(script, ...parameters) {
  const node = join(root, 'node_modules/.bin/node');
  const run = spawnSync(node, [join(root, 'node_modules', script), ...parameters], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`the console's build failed: ${run.error?.message ?? `${run.stdout}\n${run.stderr}`}`);
}

function isCurrent(part) {
  return existsSync(part.stamp) && readFileSync(part.stamp, 'utf8') === digestSources(part);
}

/** Names, sizes and times of the sources: a few milliseconds, where asking the compiler takes most of a second. */
function digestSources(part) {
  const hash = createHash('sha256');
  for (const source of part.sources) digestFile(join(root, source), part.skipped, hash);
  return hash.digest('hex');
}

function digestFile(path, skipped, hash) {
  if (!existsSync(path)) return;
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (!skipped.has(name)) digestFile(join(path, name), skipped, hash);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildProgram((step) => process.stdout.write(`${step}\n`));
