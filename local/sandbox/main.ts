/**
 * The sandbox vendor as a process: see `sandbox.ts` for what it speaks and how it is scripted.
 * Prints one line when it listens; SIGTERM and SIGINT end it at once (it holds nothing worth draining).
 */
import { loadSandboxConfig } from './config.js';
import { startSandbox } from './sandbox.js';

const sandbox = await startSandbox(loadSandboxConfig(process.env));
process.stdout.write(`sandbox listening on ${sandbox.url}\n`);

const stop = (): void => {
  void sandbox.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
