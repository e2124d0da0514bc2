/** `npm run reset`: drops `.data`, so that the next start begins from nothing. Refuses while the stack runs. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Installation } from './installation.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
try {
  new Installation(join(root, '.data')).remove();
  process.stdout.write('.data is gone: the next npm start begins from nothing\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
