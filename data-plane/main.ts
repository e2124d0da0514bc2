/** A data-plane node: configuration, start, and an orderly end at SIGTERM or SIGINT. A second signal ends it at once. */
import { pino } from 'pino';
import { createDataPlane } from './app.js';
import { ConfigError, loadConfig } from './config.js';

const config = readConfig();
const logger = pino({ base: { node: config.nodeId, region: config.region } });
const node = await createDataPlane(config, logger).catch(refuseToStart);

// A promise that nobody waited for is a fault of one request, not of the others that are being served.
process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a rejection that nobody waited for'));

let ending = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (ending) process.exit(1);
    ending = true;
    logger.info({ signal }, 'draining');
    node.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the node did not end as it should');
        process.exit(1);
      },
    );
  });
}

await node.start().catch(refuseToStart);

function refuseToStart(error: unknown): never {
  logger.fatal({ err: error }, 'the node could not start');
  process.exit(1);
}

function readConfig() {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
