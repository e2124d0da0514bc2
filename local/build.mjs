/**
 * Compiles the TypeScript into `dist/` when a source changed: `node local/build.mjs`. Plain JavaScript for any Node from 20 on, since
 * it runs before there is a compiled program. Starts and test runs at the same time wait for each other.
 * Throws when the compiler wrote nothing; type errors do not stop a build that was written (`npm run check` stops at them).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const SOURCES = ['shared', 'data-plane', 'control-plane', 'local', 'test', 'tsconfig.json', 'package-lock.json'];
const SKIPPED = new Set(['node_modules', 'dist', 'console']);
const STAMP = join(dist, '.sources');
const LOCK = join(root, 'node_modules', '.modelapi-build-lock');
/** A lock older than this was left by a crash. */
const LOCK_STALE_MS = 120_000;
const LOCK_POLL_MS = 100;

/**
 * `announce` is told when a build begins.
 * @param {(step: string) => void} [announce]
 * @returns {Promise<{ dist: string }>}
 */
export async function buildProgram(announce = () => undefined) {
  if (isCurrent()) return { dist };
  await takeLock();
  try {
    if (isCurrent()) return { dist };
    announce('compiling');
    const stamp = digestSources();
    mkdirSync(dist, { recursive: true });
    const compiled = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--pretty', 'false'], { cwd: root, encoding: 'utf8' });
    const errors = compiled.stdout?.trim() ?? '';
    if (compiled.error || (compiled.status !== 0 && !existsSync(join(dist, 'local')))) {
      throw new Error(`tsc failed: ${compiled.error?.message ?? errors}`);
    }
    if (errors !== '') process.stderr.write(`${errors}\n`);
    writeFileSync(STAMP, stamp);
    return { dist };
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

function isCurrent() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digestSources();
}

/** Names, sizes and times of all sources: a few milliseconds, where asking the compiler takes a second. */
function digestSources() {
  const hash = createHash('sha256');
  for (const source of SOURCES) digestFile(join(root, source), hash);
  return hash.digest('hex');
}

function digestFile(path, hash) {
  if (!existsSync(path)) return;
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (!SKIPPED.has(name)) digestFile(join(path, name), hash);
  }
}

async function takeLock() {
  for (;;) {
    try {
      mkdirSync(LOCK);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (existsSync(LOCK) && Date.now() - statSync(LOCK).mtimeMs > LOCK_STALE_MS) rmSync(LOCK, { recursive: true, force: true });
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildProgram((step) => process.stdout.write(`${step}\n`));
