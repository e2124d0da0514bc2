/**
 * `/healthz` (alive), `/readyz` (can serve, and why not) and `/metrics` (Prometheus). Ready means: PostgreSQL answers and a revision is
 * published. Redis is not needed: nodes fall back to HTTP.
 */
import type { FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { countRestingCredentials } from '../modules/catalog/credential-rests.js';
import type { Fleet } from '../modules/fleet/fleet.js';
import { lastPublished } from '../snapshot/published-store.js';
import { registerQueueGauges } from './queue-gauges.js';

export interface HealthDependencies {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly fleet: Fleet;
  readonly registry: Registry;
  readonly draining: () => boolean;
}

/** A database that takes longer is as good as away. */
const PROBE_MS = 2_000;

export function registerHealthRoutes(app: FastifyInstance, dependencies: HealthDependencies): void {
  const { registry } = dependencies;
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const problems = await findProblems(dependencies);
    return reply.code(problems.length === 0 ? 200 : 503).send({ status: problems.length === 0 ? 'ready' : 'not ready', problems });
  });

  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}

async function findProblems({ pool, draining }: HealthDependencies): Promise<string[]> {
  if (draining()) return ['shutting down'];
  const published = await withinProbe(lastPublished(pool)).catch(() => null);
  if (published === null) return ['PostgreSQL does not answer'];
  return published === undefined ? ['no revision was published yet'] : [];
}

async function withinProbe<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too slow')), PROBE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A registry of one application's own, so that several run in one process (tests). */
export function createRegistry({ fleet, pool, redis }: Pick<HealthDependencies, 'fleet' | 'pool' | 'redis'>): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'modelapi_control_' });
  gauge(registry, 'modelapi_nodes_live', 'Data-plane nodes that reported lately.', () => fleet.liveNodeCount());
  gauge(registry, 'modelapi_nodes_rejecting', 'Live nodes that refused a newer revision.', () => {
    return fleet.live().filter((status) => status.rejected !== null).length;
  });
  gauge(registry, 'modelapi_vendor_credentials_resting', 'Vendor credentials that a live node was refused with.', () =>
    countRestingCredentials(fleet),
  );
  gauge(registry, 'modelapi_revision_applied_lowest', 'The lowest revision that a live node has applied.', () => {
    return Math.min(...fleet.live().map((status) => status.appliedRevision), Number.MAX_SAFE_INTEGER);
  });
  gauge(registry, 'modelapi_postgres_connections', 'Connections of the pool.', () => pool.totalCount);
  gauge(registry, 'modelapi_postgres_waiting', 'Queries that wait for a connection.', () => pool.waitingCount);
  gauge(registry, 'modelapi_redis_connected', '1 while Redis is connected.', () => (redis.status === 'ready' ? 1 : 0));
  registerQueueGauges(registry, pool);
  return registry;
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
