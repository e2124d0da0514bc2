import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterFile } from './after-file.js';

/** A folder that is removed after the test file. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'modelapi-test-'));
  afterFile(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
