/** `GET /internal/generations/:id?account=`: the story of one request, for the node whose customer asks. 404 when it is not that account's. */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import { findGeneration } from '../modules/usage/find-generation.js';
import { authorizeNode } from './authorize-node.js';

const Uuid = Type.String({ format: 'uuid' });

export function registerGenerationRoutes(app: FastifyInstance, { pool, nodeToken }: { pool: Pool; nodeToken: string }): void {
  app.get<{ Params: { id: string }; Querystring: { account: string } }>(
    '/internal/generations/:id',
    {
      onRequest: authorizeNode(nodeToken),
      schema: { params: Type.Object({ id: Uuid }), querystring: Type.Object({ account: Uuid }) },
    },
    async (request) => {
      const generation = await findGeneration(pool, request.query.account, request.params.id);
      if (!generation) throw new GatewayError('not_found', 'There is no such generation.');
      return generation;
    },
  );
}
