import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { type BatchView, readBatchId } from '../../../shared/batch.js';
import { GatewayError } from '../../../shared/errors.js';
import { decodeCursor, type Page, pageSize, toPage } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { requirePermission } from '../permissions.js';
import { tellBatchEnded } from '../webhook/tell-batch-ended.js';
import { Batch, BatchWithResults } from './batch.shapes.js';
import { cancelBatch } from './finish-items.js';
import { findBatch, listBatches } from './read-batches.js';

const BatchConnection = connectionOf('Batch', Batch);

@Resolver()
export class BatchResolver {
  @Authorized('batches:read')
  @Query(() => BatchConnection, { description: 'Newest first; kept for 30 days.' })
  async batches(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<Batch>> {
    const { accountId } = requireActor(context);
    const size = pageSize(page);
    const after = page.after ? readBatchId(decodeCursor(page.after)) : null;
    if (after === undefined) throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
    const { data, has_more: hasNextPage } = await listBatches(context.pool, accountId, size, after);
    const { edges, pageInfo } = toPage(data.map(toBatch), size, (batch) => batch.id);
    return { edges, pageInfo: { ...pageInfo, hasNextPage } };
  }

  @Authorized('batches:read')
  @Query(() => BatchWithResults, { nullable: true })
  async batch(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<BatchWithResults | null> {
    const { accountId } = requireActor(context);
    const batchId = readBatchId(id);
    const found = batchId && (await findBatch(context.pool, context.services.kms, accountId, batchId));
    return found ? toBatchWithResults(found) : null;
  }

  @Authorized('batches:write')
  @Mutation(() => Batch, { description: 'Items that wait end at once; those that run are paid and kept.' })
  async cancelBatch(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<Batch> {
    const actor = requireActor(context);
    requirePermission(actor, 'batches:write');
    const { accountId } = actor;
    const batchId = readBatchId(id);
    if (batchId === undefined) throw new GatewayError('not_found', 'There is no such batch.', { param: 'id' });
    await cancelBatch(context.pool, accountId, batchId, tellBatchEnded);
    const found = await findBatch(context.pool, context.services.kms, accountId, batchId);
    if (!found) throw new GatewayError('not_found', 'There is no such batch.', { param: 'id' });
    return toBatch(found);
  }
}

function toBatchWithResults(view: BatchView): BatchWithResults {
  const results = (view.results ?? []).map((result) => ({
    customId: result.custom_id,
    statusCode: result.status_code,
    response: result.response ?? null,
    error: result.error ?? null,
    costUsd: result.cost,
  }));
  const { total, completed, failed } = view.request_counts;
  return { ...toBatch(view), results, progress: total === 0 ? 0 : (completed + failed) / total };
}

function toBatch(view: BatchView): Batch {
  const { total, completed, failed } = view.request_counts;
  return {
    id: view.id,
    status: view.status,
    total,
    completed,
    failed,
    costUsd: view.cost_usd,
    savedUsd: view.saved_usd,
    ceilingUsd: view.ceiling_usd,
    callbackUrl: view.callback_url,
    metadata: view.metadata,
    createdAt: toDate(view.created_at),
    startedAt: view.started_at === null ? null : toDate(view.started_at),
    finishedAt: view.finished_at === null ? null : toDate(view.finished_at),
    expiresAt: toDate(view.expires_at),
    itemsPerSecond: view.items_per_second,
    expectedEndAt: view.expected_end_at === null ? null : toDate(view.expected_end_at),
  };
}

function toDate(unixSeconds: number): Date {
  return new Date(unixSeconds * 1000);
}
