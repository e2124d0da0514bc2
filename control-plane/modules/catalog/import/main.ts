/**
 * `npm run catalogue -- <folder> [--write]`: rebuilds the reviewed catalogue from a folder of public catalogues and prints the diff.
 * Nothing changes without `--write`; then commit the diff, and the next start (or `applyCatalogue`) makes new prices effective.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CatalogueModel } from '../data/catalogue-model.js';
import { buildCatalogue } from './build-catalogue.js';
import { diffCatalogue } from './diff-catalogue.js';
import { readSources } from './sources.js';

const CATALOGUE_FILE = 'control-plane/modules/catalog/data/catalogue.json';

const [folder, ...flags] = process.argv.slice(2);
if (!folder || !existsSync(folder)) {
  console.error('usage: npm run catalogue -- <folder with pi-ai-*/, models.dev-core.json, openrouter-models.json> [--write]');
  process.exit(2);
}
const before: CatalogueModel[] = existsSync(CATALOGUE_FILE) ? JSON.parse(readFileSync(CATALOGUE_FILE, 'utf8')) : [];
const after = buildCatalogue(readSources(folder));
const differences = diffCatalogue(before, after);
for (const { kind, id, fields } of differences) console.log([`${kind} ${id}`, ...fields.map((field) => `  ${field}`)].join('\n'));
console.log(`${after.length} models, ${differences.length} differences${flags.includes('--write') ? '; written' : '; nothing written'}`);
if (flags.includes('--write')) writeFileSync(CATALOGUE_FILE, `[\n${after.map((model) => JSON.stringify(model)).join(',\n')}\n]\n`);
