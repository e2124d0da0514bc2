/**
 * A headless Chromium for browser tests: `CHROMIUM`, else one on PATH, else Debian's, installed where that needs no question (root and
 * apt). Where there is none and none can be had, `openBrowser` resolves undefined and the suite says that it was skipped.
 */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
/** Without these Chromium calls home at each start, which a closed network answers with many errors. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const OUTPUT_BYTES = 64 * 1024 * 1024;

export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = process.env['CHROMIUM'] ?? findProgram() ?? (await install());
  if (executablePath === undefined) {
    console.warn('BROWSER TESTS SKIPPED: no Chromium here, and none could be installed. Install one or set CHROMIUM.');
    return undefined;
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

function findProgram(): string | undefined {
  for (const name of PROGRAMS) {
    const found = spawnSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).stdout.trim();
    if (found !== '') return found;
  }
  return undefined;
}

async function install(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || spawnSync('sh', ['-c', 'command -v apt-get']).status !== 0) return undefined;
  const apt = (...parameters: string[]) =>
    promisify(execFile)('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300', ...parameters], {
      maxBuffer: OUTPUT_BYTES,
    });
  try {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', 'chromium');
  } catch (error) {
    console.warn(`chromium could not be installed: ${String(error).slice(0, 300)}`);
  }
  return findProgram();
}
