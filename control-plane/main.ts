/** Starts the control plane: configuration, migrations, application. SIGTERM and SIGINT drain; a second one ends at once. */
import { fileURLToPath } from 'node:url';
import { createControlPlane } from './app.js';
import { ConfigError, type ControlPlaneConfig, loadConfig } from './config.js';
import { migrate } from './db/migrate.js';

/** Open requests get this long; then the process ends whatever they do. */
const DRAIN_MS = 15_000;

await start().catch((error: unknown) => {
  const expected = error instanceof ConfigError || (error instanceof Error && error.message.startsWith('migration '));
  console.error(expected ? (error as Error).message : error);
  process.exit(1);
});

async function start(): Promise<void> {
  const config = loadConfig();
  await migrate(config.databaseUrl, migrationsDirectory());
  const app = await createControlPlane(config, { consoleDirectory: fileURLToPath(new URL('../console', import.meta.url)) });
  stopOnSignals(config, app.close);
  app.server.log.info(`control plane at ${await app.listen()}`);
}

/** `dist/control-plane/main.js` runs in the repository: migrations are not compiled. */
function migrationsDirectory(): string {
  return fileURLToPath(new URL('../../migrations', import.meta.url));
}

function stopOnSignals(config: ControlPlaneConfig, close: () => Promise<void>): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(`control plane at ${config.publicUrl}: ${signal}, closing failed`, error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
