/**
 * Usage over HTTP, for nodes that cannot reach Redis, and the question "how far have you settled me?" of a node that starts.
 * Answers after commit; 503 when PostgreSQL is away, and the node sends again. Called by nodes only.
 */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { UsageAcknowledgement, UsageBatch } from '../../shared/usage-event.js';
import { authorizeNode } from './authorize-node.js';
import type { UsageSettler } from './ingest-usage-settle.js';
import { ledgerAway } from './ledger-away.js';

export interface UsageDependencies {
  readonly pool: Pool;
  readonly settler: UsageSettler;
  readonly nodeToken: string;
}

const MAX_EVENTS = 5_000;
const BODY_BYTES = 32 * 1024 * 1024;

const NodeId = Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' });
const Epoch = Type.Integer({ minimum: 0 });
/** Events are checked one by one: a wrong one is quarantined, and does not refuse the batch. */
const BatchSchema = Type.Object({ nodeId: NodeId, epoch: Epoch, events: Type.Array(Type.Unknown(), { maxItems: MAX_EVENTS }) });

export function registerUsageRoutes(app: FastifyInstance, { pool, settler, nodeToken }: UsageDependencies): void {
  const onRequest = authorizeNode(nodeToken);

  app.post<{ Body: UsageBatch }>(
    '/internal/usage',
    { schema: { body: BatchSchema }, onRequest, bodyLimit: BODY_BYTES },
    async (request): Promise<UsageAcknowledgement> => {
      const { nodeId, epoch, events } = request.body;
      const cursors = await settler.settle(events.map((raw) => ({ nodeId, epoch, raw }))).catch(ledgerAway);
      return { acknowledged: cursors[0]?.acknowledged ?? (await readCursor(pool, nodeId, epoch).catch(ledgerAway)) };
    },
  );

  app.get<{ Querystring: { node: string; epoch: number } }>(
    '/internal/usage/acknowledged',
    { schema: { querystring: Type.Object({ node: NodeId, epoch: Epoch }) }, onRequest },
    async (request): Promise<UsageAcknowledgement> => {
      const { node, epoch } = request.query;
      return { acknowledged: await readCursor(pool, node, epoch).catch(ledgerAway) };
    },
  );
}

async function readCursor(pool: Pool, nodeId: string, epoch: number): Promise<number> {
  const { rows } = await pool.query<{ acknowledged: string }>('SELECT acknowledged FROM node_cursor WHERE node_id = $1 AND epoch = $2', [
    nodeId,
    epoch,
  ]);
  return Number(rows[0]?.acknowledged ?? 0);
}
