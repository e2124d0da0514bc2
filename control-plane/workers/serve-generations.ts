import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import { findGeneration } from '../modules/usage/find-generation.js';
import { snakeCased } from '../modules/usage/snake-case.js';
import { authorizeNode } from './authorize-node.js';

/** `GET /internal/generations/:id?account=`: a node asks for one of its caller's requests. 404 for one of another account. */
export function registerGenerationRoutes(app: FastifyInstance, { pool, nodeToken }: { pool: Pool; nodeToken: string }): void {
  app.get<{ Params: { id: string }; Querystring: { account: string } }>(
    '/internal/generations/:id',
    { schema: { querystring: Type.Object({ account: Type.String() }) }, onRequest: authorizeNode(nodeToken) },
    async (request) => {
      const generation = await findGeneration(pool, request.query.account, request.params.id);
      if (!generation) throw new GatewayError('not_found', 'There is no such generation.', { param: 'id' });
      return { object: 'generation', ...Object(snakeCased(generation)) };
    },
  );
}
