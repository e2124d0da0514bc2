/** What is installed is what was reviewed: exact versions, one lockfile with a hash for everything, install scripts by name alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<
    string,
    {
      version?: string;
      integrity?: string;
      link?: boolean;
      optional?: boolean;
      os?: string[];
      hasInstallScript?: boolean;
      resolved?: string;
    }
  >;
};

test('every dependency is pinned to one version', () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+(-[\w.]+)?$/)]);
});

test('every package of the lockfile has the hash of its bytes, binaries for other systems aside, and none comes from an address', () => {
  for (const [path, { integrity, resolved, link, optional, os }] of Object.entries(lock.packages)) {
    if (path === '' || link === true) continue;
    if (integrity === undefined) expect([path, optional, Array.isArray(os)]).toEqual([path, true, true]);
    else expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)]);
    expect([path, resolved]).toEqual([path, undefined]);
  }
});

test('every package that has an install script was decided on by name, binaries for other systems aside', () => {
  const scripted = Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true && entry.optional !== true)
    .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  const decided = Object.keys(manifest.allowScripts);
  expect(scripted.filter((name) => !decided.includes(name))).toEqual([]);
});
