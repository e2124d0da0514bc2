/**
 * Processes of the compiled program for one test file: started on free ports, answering when the promise resolves, gone after the file.
 * `kill` is `kill -9`; `start` again takes the same port, folder and identity. Logs are in `stack.logFolder` until the file ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Program } from '../../local/programs.js';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { askService } from './services.js';

/** A folder that is removed after the test file. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'modelapi-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A sandbox vendor of the test's own. */
export async function startSandboxProcess(): Promise<Program> {
  const { dist } = await askService('program');
  const environment = { HOST: '127.0.0.1', PORT: String(await findAnyFreePort()) };
  const sandbox = new Program({ kind: 'sandbox', name: 'sandbox', dist, logFolder: createFolder(), environment });
  afterAll(() => sandbox.kill());
  await sandbox.start();
  return sandbox;
}
