/**
 * `GET /internal/snapshot/*`: the published revision for a node that cannot have it from Redis. Straight from PostgreSQL; a manifest that
 * was answered names documents that can be fetched. 503 when PostgreSQL is away: the node goes on with what it has.
 */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { GatewayError } from '../../shared/errors.js';
import { lastPublished, readChanges, readDocument } from '../snapshot/published-store.js';
import { authorizeNode } from './authorize-node.js';

export interface SnapshotRouteDependencies {
  readonly pool: Pool;
  readonly nodeToken: string;
}

const SHA256 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;

export function registerSnapshotRoutes(app: FastifyInstance, { pool, nodeToken }: SnapshotRouteDependencies): void {
  const onRequest = authorizeNode(nodeToken);

  app.get('/internal/snapshot/manifest', { onRequest }, async () => {
    const last = await lastPublished(pool);
    if (!last) throw new GatewayError('not_found', 'Nothing was published yet.');
    return last.manifest;
  });

  app.get<{ Params: { sha256: string } }>(
    '/internal/snapshot/documents/:sha256',
    { onRequest, schema: { params: { type: 'object', properties: { sha256: SHA256 } } } },
    async (request, reply) => {
      const bytes = await readDocument(pool, request.params.sha256);
      if (!bytes) throw new GatewayError('not_found', 'No such document.');
      return reply.type('application/octet-stream').send(bytes);
    },
  );

  app.get<{ Querystring: { base: string; after: number } }>(
    '/internal/snapshot/changes',
    {
      onRequest,
      schema: {
        querystring: {
          type: 'object',
          required: ['base'],
          properties: { base: SHA256, after: { type: 'integer', minimum: 0, default: 0 } },
        },
      },
    },
    async (request, reply) => {
      const changes = await readChanges(pool, request.query.base, request.query.after);
      return reply.type('application/jsonl').send(changes.map((change) => `${change.json}\n`).join(''));
    },
  );
}
