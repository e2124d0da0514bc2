/**
 * The services of one test run: PostgreSQL with a migrated template database, Redis, and the compiled program. Each starts when the
 * first test file asks for it, so a run of pure tests pays nothing, and all stop with the run. Several runs side by side do not meet:
 * folders are temporary and ports are free ones.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { buildProgram } from '../../local/build.mjs';
import { TestServices } from './test-services.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test files ask for services: `services.ts`. */
    servicesUrl: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const services = new TestServices(buildProgram);
  // The build blocks this process: on a slow machine longer than the 60 s after which Node would refuse what came meanwhile.
  const broker = createServer({ headersTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const wanted = (request.url ?? '/').slice(1);
    services.ask(wanted).then(
      (answer) => reply(response, 200, answer),
      (error: unknown) => reply(response, 500, { message: error instanceof Error ? error.message : String(error) }),
    );
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  project.provide('servicesUrl', `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);
  return async () => {
    broker.close();
    broker.closeAllConnections();
    await services.stop();
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
