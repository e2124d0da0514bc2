/**
 * Runs the sources as they are: `node --import ./test/simulation/load-typescript.mjs test/simulation/run.ts`. With MUTATION set, the one
 * edit that it names (mutations.json of the run) is made to the text of its file while it loads.
 */
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

// Node says that stripping types is experimental; the program itself is built by tsc.
process.removeAllListeners('warning');

const mutation = process.env.MUTATION === undefined ? undefined : JSON.parse(process.env.MUTATION);

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL !== undefined) {
      const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts') || url.includes('/node_modules/')) return next(url, context);
    return { format: 'module', shortCircuit: true, source: stripTypeScriptTypes(readSource(fileURLToPath(url)), { mode: 'transform' }) };
  },
});

function readSource(path) {
  const source = readFileSync(path, 'utf8');
  if (mutation === undefined || !path.endsWith(`/${mutation.file}`)) return source;
  if (source.split(mutation.from).length !== 2)
    throw new Error(`mutation ${mutation.name}: its text is not found once in ${mutation.file}`);
  return source.replace(mutation.from, () => mutation.to);
}
