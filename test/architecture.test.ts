/**
 * The walls of the design, as tables. A file may import what its row names, and nothing to the right of itself:
 *   shared <- data-plane/types <- {snapshot | admission | routing | upstream | metering | account | region | idempotency} <- pipeline <- http <- app <- main
 *   shared <- control-plane/db <- modules <- {graphql | snapshot <- workers} <- app <- main        console -> the GraphQL schema only
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = ['shared', 'data-plane', 'control-plane', 'local', 'migrations'];

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files = SOURCES.flatMap((folder) => listFiles(join(ROOT, folder))).map(readSource);

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/node_modules|\/dist\/|\/generated\//.test(path));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
  );
  return { path: relative(ROOT, path), text, imports: [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '') };
}

/** A relative import as a path from the root, as it stands on disk (`.ts`). */
function targetOf(file: SourceFile, specifier: string): string {
  return relative(ROOT, join(ROOT, dirname(file.path), specifier)).replace(/\.js$/, '.ts');
}

const isRelative = (specifier: string) => specifier.startsWith('.');
const isPackage = (specifier: string) => !isRelative(specifier) && !isBuiltin(specifier);

const TYPES = ['shared/', 'data-plane/types.ts', 'data-plane/route-description.ts'];
const STAGES = ['snapshot', 'admission', 'routing', 'upstream', 'metering', 'account', 'region', 'idempotency'].map(
  (stage) => `data-plane/${stage}/`,
);
const TO_PIPELINE = [...TYPES, ...STAGES, 'data-plane/pipeline.ts'];
const TO_MODULES = ['shared/', 'control-plane/db/', 'control-plane/modules/'];

/** What files that begin with the first may import: themselves, and what begins with one of the second. The longest row counts. */
const MAY_IMPORT: readonly (readonly [string, readonly string[]])[] = [
  ['shared/', []],
  ['data-plane/types.ts', ['shared/']],
  ['data-plane/route-description.ts', ['shared/']],
  ['data-plane/config.ts', ['shared/']],
  ['data-plane/control-plane-client.ts', TYPES],
  ...STAGES.map((stage) => [stage, TYPES] as const),
  ['data-plane/pipeline.ts', TYPES],
  ['data-plane/http/', TO_PIPELINE],
  ['data-plane/app.ts', [...TO_PIPELINE, 'data-plane/']],
  ['data-plane/main.ts', ['shared/', 'data-plane/']],
  ['control-plane/config', ['shared/', 'control-plane/config']],
  ['control-plane/db/', ['shared/']],
  ['control-plane/modules/', TO_MODULES],
  ['control-plane/graphql/', TO_MODULES],
  ['control-plane/snapshot/', TO_MODULES],
  ['control-plane/workers/', [...TO_MODULES, 'control-plane/snapshot/']],
  ['control-plane/console/', ['control-plane/graphql/schema.graphql']],
  ['control-plane/', ['shared/', 'control-plane/']],
];

function rowOf(path: string): readonly [string, readonly string[]] | undefined {
  const rows = MAY_IMPORT.filter(([prefix]) => path.startsWith(prefix));
  return rows.sort((left, right) => right[0].length - left[0].length)[0];
}

describe('imports', () => {
  test('go leftwards only, and never from one plane or stage to another', () => {
    const wrong = files.flatMap((file) => {
      const row = rowOf(file.path);
      if (!row) return [];
      const [own, others] = row;
      return file.imports
        .filter(isRelative)
        .map((specifier) => targetOf(file, specifier))
        .filter((target) => ![own, ...others].some((allowed) => target.startsWith(allowed)))
        .map((target) => `${file.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test('name a file that exists, ending in .js (or .json)', () => {
    const wrong = files
      .filter((file) => !file.path.startsWith('control-plane/console/'))
      .flatMap((file) =>
        file.imports
          .filter(isRelative)
          .filter((specifier) => !/\.(js|json|mjs)$/.test(specifier) || !existsSync(join(ROOT, targetOf(file, specifier))))
          .map((specifier) => `${file.path} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  /** Where a package may be imported, when not everywhere. */
  const PACKAGES: readonly (readonly [string, (specifier: string) => boolean, readonly string[]])[] = [
    ['data-plane/routing/', isPackage, []],
    ['data-plane/upstream/protocols/', isPackage, []],
    ['shared/', isPackage, []],
    ['data-plane/', (specifier) => specifier === 'ioredis', ['data-plane/snapshot/', 'data-plane/admission/', 'data-plane/metering/']],
    [
      'data-plane/',
      (specifier) => specifier === 'undici',
      ['data-plane/upstream/', 'data-plane/region/', 'data-plane/control-plane-client.ts'],
    ],
    ['data-plane/', (specifier) => specifier === 'fastify', ['data-plane/http/', 'data-plane/account/', 'data-plane/region/']],
    [
      'data-plane/',
      (specifier) => /^(node:)?(http|https|tls)$/.test(specifier),
      ['data-plane/http/', 'data-plane/upstream/', 'data-plane/admission/', 'data-plane/region/'],
    ],
  ];

  test.each(PACKAGES)('of packages in %s stay in their folders (%#)', (folder, concerned, allowed) => {
    const wrong = files
      .filter((file) => file.path.startsWith(folder) && !allowed.some((prefix) => file.path.startsWith(prefix)))
      .flatMap((file) => file.imports.filter(concerned).map((specifier) => `${file.path} imports ${specifier}`));
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  test('read the environment in config files alone', () => {
    // Programs of local/ may hand their environment on to a child, whole.
    const reads = (file: SourceFile) =>
      (file.path.startsWith('local/') ? /process\.env\s*[.[]/ : /process\.env|from 'node:process'/).test(file.text);
    const wrong = files.filter((file) => !/(^|\/)[\w-]*config[\w-]*\.(ts|mjs)$/.test(file.path) && reads(file)).map((file) => file.path);
    expect(wrong).toEqual([]);
  });

  test('have at most 400 lines', () => {
    const wrong = files.map((file) => [file.path, file.text.split('\n').length - 1] as const).filter(([, lines]) => lines > 400);
    expect(wrong).toEqual([]);
  });

  test('are named for a thing', () => {
    const wrong = files.map((file) => file.path).filter((path) => /(^|[/.-])(utils?|helpers?|common|managers?|misc)([/.-]|$)/.test(path));
    expect(wrong).toEqual([]);
  });
});
