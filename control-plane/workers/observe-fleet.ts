/**
 * Keeps `Fleet` up to date. Three ways lead in, so that none is needed: Redis pub/sub (at once), the Redis hash (what a lost message
 * hid), and `POST /internal/status` (Redis away). What this process heard goes to PostgreSQL, where other control planes read it.
 * A failure of any of them is logged and tried again at the next turn.
 */
import type { FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { GatewayError } from '../../shared/errors.js';
import { NODE_LIVE_MS, NODE_REPORT_MS } from '../../shared/node-status.js';
import type { RedisKeys } from '../../shared/redis-keys.js';
import { sleep } from '../db/leader.js';
import type { Fleet } from '../modules/fleet/fleet.js';
import { parseStatus, parseStatusText } from '../modules/fleet/parse-status.js';
import { readRecentNodes, recordNodes } from '../modules/fleet/record-nodes.js';
import { lastPublished } from '../snapshot/published-store.js';
import { authorizeNode } from './authorize-node.js';

export interface FleetDependencies {
  readonly fleet: Fleet;
  readonly pool: Pool;
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly log: { warn(fields: object, message: string): void };
}

/** A status with 10,000 endpoints. */
const BODY_BYTES = 4 * 1024 * 1024;

export function startFleetObserver(dependencies: FleetDependencies): { stop(): Promise<void> } {
  const { fleet, redis, keys, log } = dependencies;
  const stopping = new AbortController();
  const subscriber = redis.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
  subscriber.on('error', () => undefined);
  subscriber.on('message', (_channel: string, text: string) => {
    const status = parseStatusText(text);
    if (status) fleet.observe(status);
  });
  subscriber.subscribe(keys.fleetChannel).catch((error: unknown) => log.warn({ err: error }, 'fleet: not subscribed'));

  const finished = (async () => {
    while (!stopping.signal.aborted) {
      await readHash(dependencies).catch((error: unknown) => log.warn({ err: error }, 'fleet: Redis did not answer'));
      await exchange(dependencies).catch((error: unknown) => log.warn({ err: error }, 'fleet: PostgreSQL did not answer'));
      await sleep(NODE_REPORT_MS, stopping.signal);
    }
  })();

  return {
    stop: async () => {
      stopping.abort();
      subscriber.disconnect();
      await finished;
    },
  };
}

async function readHash({ fleet, redis, keys }: FleetDependencies): Promise<void> {
  for (const text of Object.values(await redis.hgetall(keys.fleetStatus))) {
    const status = parseStatusText(text);
    if (status) fleet.observe(status);
  }
}

async function exchange({ fleet, pool }: FleetDependencies): Promise<void> {
  await recordNodes(pool, fleet.live());
  for (const status of await readRecentNodes(pool, NODE_LIVE_MS)) fleet.observe(status);
}

export function registerFleetRoutes(app: FastifyInstance, { fleet, pool }: FleetDependencies, nodeToken: string): void {
  app.post('/internal/status', { onRequest: authorizeNode(nodeToken), bodyLimit: BODY_BYTES }, async (request) => {
    const status = parseStatus(request.body);
    if (!status) throw new GatewayError('invalid_request', 'The body is not a NodeStatus.');
    fleet.observe(status);
    await recordNodes(pool, [status]);
    return { revision: (await lastPublished(pool))?.revision ?? 0 };
  });
}
