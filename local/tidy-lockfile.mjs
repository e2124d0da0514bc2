/**
 * Makes `package-lock.json` portable after `npm install`: `npm run lockfile`.
 *
 * - No registry address is committed: `resolved` lines are removed (`integrity` stays, and is what npm verifies).
 * - A registry mirror may lack the binaries of platforms that nobody here uses. npm then leaves them out of the lockfile and
 *   `npm ci` refuses it. Each missing optional package is written as an entry that npm skips on every other platform.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const path = 'package-lock.json';
const lock = JSON.parse(readFileSync(path, 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openbsd', 'netbsd', 'win32', 'windows', 'wasm32', 'wasi', 'sunos', 'aix'];
const processors = ['arm64', 'x64', 'amd64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32'];

/** The npm names of the system and the processor that a platform package is for, read from its name. */
function platformOf(name) {
  const words = name.split(/[^a-z0-9]+/);
  const system = systems.find((each) => words.includes(each)) ?? 'none';
  const processor = processors.find((each) => words.includes(each)) ?? 'none';
  const npmSystem = { windows: 'win32', wasm32: 'none', wasi: 'none' }[system] ?? system;
  const libc = words.includes('musl') ? { libc: ['musl'] } : {};
  return { os: [npmSystem], cpu: [processor === 'amd64' ? 'x64' : processor], ...libc };
}

for (const [location, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  if (location === '') continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const present = lock.packages[`node_modules/${name}`] ?? lock.packages[`${location}/node_modules/${name}`];
    if (present || !/^\d/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = { version, optional: true, ...(entry.dev ? { dev: true } : {}), ...platformOf(name) };
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([left], [right]) => (left < right ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
