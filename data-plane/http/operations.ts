/** `/healthz` (alive), `/readyz` (can serve, and why not), `/metrics` (Prometheus). None needs a key and none says a secret. */
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { RouteDescription } from '../route-description.js';
import type { HttpContext } from './context.js';

export const operationsDescriptions: readonly RouteDescription[] = [
  describe('/healthz', 'Alive', '`{status: "ok"}`'),
  describe('/readyz', 'Can serve, and why not', '`{ready, problems}`; 503 when it cannot.'),
  describe('/metrics', 'Prometheus metrics', 'Text exposition format.'),
];

function describe(path: string, summary: string, answer: string): RouteDescription {
  return { method: 'GET', path, summary, tag: 'Operations', security: 'none', answers: { '200': { description: answer } } };
}

export function registerOperations(server: FastifyInstance, context: HttpContext, registry: Registry): void {
  server.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));

  server.get('/readyz', (_request, reply) => {
    const problems = context.problems();
    return reply.status(problems.length === 0 ? 200 : 503).send({ ready: problems.length === 0, problems });
  });

  server.get('/metrics', async (_request, reply) => reply.header('content-type', registry.contentType).send(await registry.metrics()));
}
