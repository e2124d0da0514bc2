/** `/internal/file-batches`: batches made from files, in OpenAI's shape. Every call names the account; another's batch is not found. */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { CreateFileBatchCall } from '../../shared/batch-file.js';
import { GatewayError } from '../../shared/errors.js';
import { cancelBatch, type OnBatchEnded } from '../modules/batch/finish-items.js';
import { findFileBatch, listFileBatches } from '../modules/batch/read-file-batches.js';
import { createFileBatch } from '../modules/batch/take-in-batch.js';
import type { Kms } from '../modules/byok/kms.js';
import { authorizeNode } from './authorize-node.js';
import type { BatchRunner } from './run-batches.js';

const Uuid = Type.String({ format: 'uuid' });
const Account = Type.Object({ account: Uuid });
const One = Type.Object({ id: Uuid });

export interface FileBatchRouteDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly nodeToken: string;
  readonly runner: BatchRunner;
  readonly onEnded: OnBatchEnded;
}

type OneRequest = { Params: { id: string }; Querystring: { account: string } };

export function registerFileBatchRoutes(app: FastifyInstance, dependencies: FileBatchRouteDependencies): void {
  const { pool, kms, nodeToken, runner, onEnded } = dependencies;
  const onRequest = authorizeNode(nodeToken);
  const schema = { params: One, querystring: Account };
  const find = async (accountId: string, batchId: string) => {
    const batch = await findFileBatch(pool, accountId, batchId);
    if (!batch) throw new GatewayError('not_found', 'There is no such batch.', { param: 'id' });
    return batch;
  };

  app.post<{ Body: CreateFileBatchCall }>('/internal/file-batches', { onRequest }, async ({ body }) => {
    const id = await createFileBatch(pool, kms, runner.queueIntake, body);
    const created = await find(body.accountId, id);
    runner.wake();
    return created;
  });
  app.get<{ Querystring: { account: string; limit: number; after?: string } }>(
    '/internal/file-batches',
    {
      onRequest,
      schema: {
        querystring: Type.Object({ account: Uuid, limit: Type.Integer({ minimum: 1, maximum: 100 }), after: Type.Optional(Uuid) }),
      },
    },
    async ({ query }) => ({ object: 'list', ...(await listFileBatches(pool, query.account, query.limit, query.after ?? null)) }),
  );
  app.get<OneRequest>('/internal/file-batches/:id', { onRequest, schema }, ({ params, query }) => find(query.account, params.id));
  app.post<OneRequest>('/internal/file-batches/:id/cancel', { onRequest, schema }, async ({ params, query }) => {
    await find(query.account, params.id);
    await cancelBatch(pool, query.account, params.id, onEnded);
    return find(query.account, params.id);
  });
}
