/**
 * The Redis program of this machine: `redis-server` or `valkey-server` on PATH, else installed by the system's package manager where
 * that needs no question (Debian as root, Homebrew). Otherwise throws the one line that says what to install.
 */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { promisify } from 'node:util';

const PROGRAMS = ['redis-server', 'valkey-server'];
/** Debian asks this file whether a package may start its service: ours runs without one. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';
/** Another start may be installing at the same time. */
const APT_LOCK_SECONDS = 120;
/** What an installer prints is read only when it fails. */
const OUTPUT_BYTES = 16 * 1024 * 1024;

/** `announce` is told when an installation begins: it takes longer than a second. */
export async function findRedis(announce: (step: string) => void): Promise<string> {
  const found = onPath();
  if (found !== undefined) return found;
  if (hasCommand('apt-get') && process.getuid?.() === 0) {
    announce('installing redis-server (apt-get)');
    await installOnDebian();
  } else if (hasCommand('brew')) {
    announce('installing redis (Homebrew)');
    await run('brew', ['install', 'redis']);
  }
  const installed = onPath();
  if (installed === undefined) throw new Error(`no Redis here: ${advice()}, or set REDIS_URL`);
  return installed;
}

function advice(): string {
  if (platform() === 'darwin') return 'install Homebrew and run "brew install redis"';
  return hasCommand('apt-get') ? 'run "sudo apt-get install redis-server"' : 'install redis-server or valkey-server';
}

function onPath(): string | undefined {
  return PROGRAMS.find(hasCommand);
}

function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore' }).status === 0;
}

async function installOnDebian(): Promise<void> {
  const ours = !existsSync(SERVICE_POLICY);
  if (ours) {
    writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n');
    chmodSync(SERVICE_POLICY, 0o755);
  }
  try {
    const wait = ['-o', `DPkg::Lock::Timeout=${APT_LOCK_SECONDS}`];
    await run('apt-get', ['update', ...wait]);
    await run('apt-get', ['install', '--yes', '--no-install-recommends', ...wait, 'redis-server']);
  } finally {
    if (ours) rmSync(SERVICE_POLICY, { force: true });
  }
}

/** A failure is not final: what counts is whether the program is there afterwards. */
async function run(command: string, parameters: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('env', ['DEBIAN_FRONTEND=noninteractive', command, ...parameters], { maxBuffer: OUTPUT_BYTES });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    process.stderr.write(`${command} ${parameters[0]} failed: ${output.split('\n').slice(-3).join(' ')}\n`);
  }
}
