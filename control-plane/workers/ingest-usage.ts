/**
 * Usage over HTTP, for nodes that cannot reach Redis, and the question "how far have you settled me?" of a node that starts.
 * Answers after commit; 503 when PostgreSQL is away, and the node sends again. Called by nodes only.
 */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import type { UsageAcknowledgement, UsageBatch } from '../../shared/usage-event.js';
import { authorizeNode } from './authorize-node.js';
import type { UsageSettler } from './ingest-usage-settle.js';

export interface UsageDependencies {
  readonly pool: Pool;
  readonly settler: UsageSettler;
  readonly nodeToken: string;
}

const MAX_EVENTS = 5_000;
const BODY_BYTES = 32 * 1024 * 1024;
const RETRY_AFTER_SECONDS = 2;

const NodeId = Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' });
const Epoch = Type.Integer({ minimum: 0 });
/** Events are checked one by one: a wrong one is quarantined, and does not refuse the batch. */
const BatchSchema = Type.Object({ nodeId: NodeId, epoch: Epoch, events: Type.Array(Type.Unknown(), { maxItems: MAX_EVENTS }) });

export function registerUsageRoutes(app: FastifyInstance, { pool, settler, nodeToken }: UsageDependencies): void {
  const onRequest = authorizeNode(nodeToken);

  app.post<{ Body: UsageBatch }>(
    '/internal/usage',
    { schema: { body: BatchSchema }, onRequest, bodyLimit: BODY_BYTES },
    async (request, reply) => {
      const { nodeId, epoch, events } = request.body;
      try {
        const cursors = await settler.settle(events.map((raw) => ({ nodeId, epoch, raw })));
        return { acknowledged: cursors[0]?.acknowledged ?? (await readCursor(pool, nodeId, epoch)) } satisfies UsageAcknowledgement;
      } catch (error) {
        request.log.error({ err: error }, 'usage: PostgreSQL did not settle');
        return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send(away().toBody());
      }
    },
  );

  app.get<{ Querystring: { node: string; epoch: number } }>(
    '/internal/usage/acknowledged',
    { schema: { querystring: Type.Object({ node: NodeId, epoch: Epoch }) }, onRequest },
    async (request, reply) => {
      try {
        return { acknowledged: await readCursor(pool, request.query.node, request.query.epoch) } satisfies UsageAcknowledgement;
      } catch (error) {
        request.log.error({ err: error }, 'usage: the cursor could not be read');
        return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send(away().toBody());
      }
    },
  );
}

function away(): GatewayError {
  return new GatewayError('service_unavailable', 'The ledger cannot be reached.');
}

async function readCursor(pool: Pool, nodeId: string, epoch: number): Promise<number> {
  const { rows } = await pool.query<{ acknowledged: string }>('SELECT acknowledged FROM node_cursor WHERE node_id = $1 AND epoch = $2', [
    nodeId,
    epoch,
  ]);
  return Number(rows[0]?.acknowledged ?? 0);
}
