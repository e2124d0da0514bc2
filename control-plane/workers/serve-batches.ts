/** `/internal/batches`: batches for the node whose customer asks. Every call names the account; another's batch is not found. */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { SubmitBatchCall } from '../../shared/batch.js';
import { GatewayError } from '../../shared/errors.js';
import { cancelBatch, type OnBatchEnded } from '../modules/batch/finish-items.js';
import { deleteBatch, findBatch, listBatches } from '../modules/batch/read-batches.js';
import { submitBatch } from '../modules/batch/submit-batch.js';
import type { Kms } from '../modules/byok/kms.js';
import type { EgressClient } from '../modules/egress/egress-client.js';
import { checkReceiver } from '../modules/webhook/change-endpoint.js';
import { authorizeNode } from './authorize-node.js';
import type { BatchRunner } from './run-batches.js';

/** 1,000 items of the largest body that a node takes (10 MB in all), with their ceilings. */
const BODY_BYTES = 24 * 1024 * 1024;

const Uuid = Type.String({ format: 'uuid' });
const Account = Type.Object({ account: Uuid });
const One = Type.Object({ id: Uuid });

export interface BatchRouteDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly egress: EgressClient;
  readonly nodeToken: string;
  readonly runner: BatchRunner;
  readonly onEnded: OnBatchEnded;
}

type OneRequest = { Params: { id: string }; Querystring: { account: string } };

export function registerBatchRoutes(app: FastifyInstance, dependencies: BatchRouteDependencies): void {
  const { pool, kms, egress, nodeToken, runner, onEnded } = dependencies;
  const onRequest = authorizeNode(nodeToken);
  const schema = { params: One, querystring: Account };
  const find = async ({ id }: { id: string }, { account }: { account: string }) => {
    const batch = await findBatch(pool, kms, account, id);
    if (!batch) throw new GatewayError('not_found', 'There is no such batch.', { param: 'id' });
    return batch;
  };

  // The node has checked the body, except where its callback leads; nobody else can call this.
  app.post<{ Body: SubmitBatchCall }>('/internal/batches', { onRequest, bodyLimit: BODY_BYTES }, async ({ body }) => {
    if (body.callbackUrl !== null) await checkReceiver(egress, body.callbackUrl, 'callback_url');
    const { id, fresh } = await submitBatch(pool, kms, runner.queue, body);
    runner.wake();
    const { results: _, ...batch } = await find({ id }, { account: body.accountId });
    // A worker may have begun meanwhile; the answer to a submission is the batch as it was accepted.
    const accepted = { status: 'queued', started_at: null, request_counts: { ...batch.request_counts, completed: 0, failed: 0 } } as const;
    return fresh ? { ...batch, ...accepted } : batch;
  });
  app.get<{ Querystring: { account: string; limit: number; after?: string } }>(
    '/internal/batches',
    {
      onRequest,
      schema: {
        querystring: Type.Object({ account: Uuid, limit: Type.Integer({ minimum: 1, maximum: 100 }), after: Type.Optional(Uuid) }),
      },
    },
    async ({ query }) => ({ object: 'list', ...(await listBatches(pool, query.account, query.limit, query.after ?? null)) }),
  );
  app.get<OneRequest>('/internal/batches/:id', { onRequest, schema }, ({ params, query }) => find(params, query));
  app.post<OneRequest>('/internal/batches/:id/cancel', { onRequest, schema }, async ({ params, query }) => {
    await cancelBatch(pool, query.account, params.id, onEnded);
    return find(params, query);
  });
  app.post<OneRequest>('/internal/batches/:id/delete', { onRequest, schema }, async ({ params, query }) => {
    const { status } = await find(params, query);
    if (!(await deleteBatch(pool, query.account, params.id)))
      throw new GatewayError('conflict', `This batch is ${status}. Cancel it, and delete it when it has ended.`, { param: 'id' });
    return { deleted: true };
  });
}
