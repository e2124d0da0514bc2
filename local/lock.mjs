/** One process of this project at a time: two starts, or a start and a test run, neither install nor build at once. Any Node from 20 on. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const project = createHash('sha256').update(root).digest('hex').slice(0, 12);
const POLL_MS = 100;
/** Between making the folder and writing the pid nobody else may take it for abandoned. */
const UNNAMED_MS = 5_000;

/** Waits for whoever holds `name`, then runs `work`. A holder that died is noticed by its process id. */
export async function withLock(name, work) {
  const folder = join(tmpdir(), `modelapi-${project}-${name}.lock`);
  while (!take(folder)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function take(folder) {
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isAbandoned(folder)) rmSync(folder, { recursive: true, force: true });
    return false;
  }
}

function isAbandoned(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    if (pid === 0) return Date.now() - statSync(folder).mtimeMs > UNNAMED_MS;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    if (error.code === 'EPERM') return false;
    if (error.code === 'ESRCH') return true;
    try {
      return Date.now() - statSync(folder).mtimeMs > UNNAMED_MS;
    } catch {
      return false;
    }
  }
}
