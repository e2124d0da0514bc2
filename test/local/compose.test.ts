import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig as loadControlPlaneConfig } from '../../control-plane/config.js';
import { loadConfig as loadDataPlaneConfig } from '../../data-plane/config.js';
import { loadFoundConfig } from '../../local/found-config.js';
import { createDatabase } from '../support/database.js';
import { askService } from '../support/services.js';

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, '../..');
const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true }) as { services: Record<string, Service> };

let dist: string;
let variables: Record<string, string>;
beforeAll(async () => {
  ({ dist } = await askService('program'));
  const printed = execFileSync(process.execPath, [join(dist, 'local/print-secrets.js'), 'us', 'sg'], { encoding: 'utf8' });
  variables = Object.fromEntries(
    printed
      .trim()
      .split('\n')
      .map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
});

/** `${NAME:?}` must be printed by `npm run secrets`; `${NAME:-default}` is the default. */
function environmentOf(service: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(services[service]?.environment ?? {}).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(:\?|:-([^}]*))\}/g, (_whole, variable: string, kind: string, fallback: string) => {
        if (kind !== ':?') return fallback;
        const known = variables[variable];
        if (known === undefined) throw new Error(`npm run secrets does not print ${variable}`);
        return known;
      }),
    ]),
  );
}

/** The names that a config reader asks for. */
function namesRead(load: (environment: NodeJS.ProcessEnv) => unknown, environment: Record<string, string>): Set<string> {
  const names = new Set<string>();
  const watched = new Proxy(environment, {
    get: (target, name) => {
      names.add(String(name));
      return target[String(name)];
    },
  });
  load(watched);
  return names;
}

describe('compose.yaml', () => {
  it.each([
    ['control-plane', loadControlPlaneConfig],
    ['node-us', loadDataPlaneConfig],
    ['node-sg', loadDataPlaneConfig],
    ['found', loadFoundConfig],
  ])('gives %s what its configuration takes, and nothing that it does not read', (service, load) => {
    const environment = environmentOf(service);
    const read = namesRead(load, environment);
    expect(Object.keys(environment).filter((name) => !read.has(name))).toEqual([]);
  });

  it('runs programs that the build makes', () => {
    const scripts = Object.values(services).flatMap((service) => service.command?.filter((word) => word.startsWith('dist/')) ?? []);
    expect(scripts).toHaveLength(4);
    expect(scripts.filter((script) => !existsSync(join(dist, '..', script)))).toEqual([]);
  });

  it('founds an installation on a migrated database, once', async () => {
    const database = await createDatabase();
    const environment = { ...environmentOf('found'), DATABASE_URL: database.url };
    for (const _ of [1, 2]) execFileSync(process.execPath, [join(dist, 'local/found-installation.js')], { env: environment });
    const { rows } = await database.pool.query(
      `SELECT (SELECT count(*)::int FROM app_user WHERE operator) AS operators, (SELECT count(*)::int FROM region) AS regions,
         (SELECT count(*)::int FROM vendor WHERE id = 'sandbox') AS sandboxes, (SELECT revision::int FROM config_revision) AS revision`,
    );
    expect(rows).toEqual([{ operators: 1, regions: 2, sandboxes: 0, revision: 2 }]);
  });
});
