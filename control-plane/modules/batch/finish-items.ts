/**
 * Ends of items and of batches. An item's answer is stored once: the statement takes only an item that is open, so a second worker's
 * answer (after a claim that ran out) changes nothing. The batch ends with its last item, in the same transaction, and once.
 */
import type { Pool, PoolClient } from 'pg';
import { bytesArray, plainArray } from '../billing/column-arrays.js';
import { inTransaction } from '../billing/transaction.js';
import { sealItem } from './batch-secrets.js';
import { releaseHold } from './hold-ceiling.js';
import { measureOutput } from './read-output.js';

export interface FinishedItem {
  readonly ordinal: number;
  readonly itemId: string;
  readonly statusCode: number;
  readonly requestId: string | null;
  /** OpenAI's answer, or its error object. */
  readonly answer: object;
}

/** Told of each batch that ended, in the transaction in which it did: webhooks are queued with it. */
export type OnBatchEnded = (client: PoolClient, batchId: string) => Promise<void>;

export async function finishItems(
  pool: Pool,
  batch: { readonly id: string; readonly dataKey: Buffer },
  items: readonly FinishedItem[],
  onEnded: OnBatchEnded,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ status: string }>({
      name: 'finish-batch-items',
      text: `UPDATE batch_item SET status = CASE WHEN done.status_code BETWEEN 200 AND 299 THEN 'completed' ELSE 'failed' END,
               status_code = done.status_code, request_id = done.request_id, answer = done.answer, claimed_until = NULL, finished_at = now()
             FROM unnest($2::integer[], $3::integer[], $4::uuid[], $5::bytea[]) AS done (ordinal, status_code, request_id, answer)
             WHERE batch_id = $1 AND batch_item.ordinal = done.ordinal AND status IN ('queued', 'running')
             RETURNING status`,
      values: [
        batch.id,
        plainArray(items.map((item) => item.ordinal)),
        plainArray(items.map((item) => item.statusCode)),
        plainArray(items.map((item) => item.requestId)),
        bytesArray(items.map((item) => sealItem(batch.dataKey, item.itemId, 'answer', item.answer))),
      ],
    });
    if (rows.length === 0) return;
    const completed = rows.filter((row) => row.status === 'completed').length;
    await client.query('UPDATE batch SET completed = completed + $2, failed = failed + $3 WHERE id = $1', [
      batch.id,
      completed,
      rows.length - completed,
    ]);
    await endIfDone(client, batch.id, onEnded);
  });
}

/** Cancels: queued items end at once, running ones settle and end the batch. False when there is no such open batch of that account. */
export async function cancelBatch(pool: Pool, accountId: string, batchId: string, onEnded: OnBatchEnded): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE batch SET status = 'cancelling', cancelled_at = coalesce(cancelled_at, now())
       WHERE id = $1 AND account_id = $2 AND finished_at IS NULL`,
      [batchId, accountId],
    );
    if (rowCount === 0) return false;
    // Of a file that is still being taken in: nothing was promised.
    await client.query('DELETE FROM batch_item USING batch WHERE batch_id = $1 AND batch.id = $1 AND batch.total = 0', [batchId]);
    await endOpenItems(client, batchId, 'cancelled', ['queued']);
    await endIfDone(client, batchId, onEnded);
    return true;
  });
}

/** Which of these their owner has cancelled. */
export async function findCancelled(pool: Pool, batchIds: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM batch WHERE id = ANY ($1::uuid[]) AND cancelled_at IS NOT NULL', [
    plainArray(batchIds),
  ]);
  return rows.map((row) => row.id);
}

/** Items of a cancelled batch that went back to the queue end; the batch ends with the last. */
export async function endCancelled(pool: Pool, batchId: string, onEnded: OnBatchEnded): Promise<void> {
  await inTransaction(pool, async (client) => {
    await endOpenItems(client, batchId, 'cancelled', ['queued']);
    await endIfDone(client, batchId, onEnded);
  });
}

/** Ends batches whose 24 hours are over, with what is done. Returns how many. Also ends cancelled ones whose worker died. */
export async function expireBatches(pool: Pool, onEnded: OnBatchEnded): Promise<number> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM batch WHERE finished_at IS NULL AND (expires_at <= now() OR cancelled_at < now() - interval '10 minutes') LIMIT 20`,
  );
  for (const { id } of rows)
    await inTransaction(pool, async (client) => {
      const { rows: open } = await client.query<{ cancelled: boolean }>(
        'SELECT cancelled_at IS NOT NULL AS cancelled FROM batch WHERE id = $1 AND finished_at IS NULL FOR UPDATE',
        [id],
      );
      if (!open[0]) return;
      await endOpenItems(client, id, open[0].cancelled ? 'cancelled' : 'expired', ['queued', 'running']);
      await endIfDone(client, id, onEnded);
    });
  return rows.length;
}

/** Rows of batches whose 30 days are over: items and answers go with them. */
export async function deleteOldBatches(pool: Pool): Promise<number> {
  return (await pool.query('DELETE FROM batch WHERE delete_after <= now() AND finished_at IS NOT NULL')).rowCount ?? 0;
}

async function endOpenItems(client: PoolClient, batchId: string, status: 'cancelled' | 'expired', open: readonly string[]): Promise<void> {
  await client.query(
    `UPDATE batch_item SET status = $2, finished_at = now(), claimed_until = NULL WHERE batch_id = $1 AND status = ANY ($3::text[])`,
    [batchId, status, open],
  );
}

/** Locks the batch's row: of two transactions that finish its last items, the later one sees both. */
async function endIfDone(client: PoolClient, batchId: string, onEnded: OnBatchEnded): Promise<void> {
  const { rows } = await client.query<{ account_id: string }>('SELECT account_id FROM batch WHERE id = $1 FOR UPDATE', [batchId]);
  const { rows: ended } = await client.query(
    `UPDATE batch SET finished_at = now(), status = CASE
         WHEN cancelled_at IS NOT NULL THEN 'cancelled'
         WHEN EXISTS (SELECT FROM batch_item WHERE batch_id = $1 AND status = 'expired') THEN 'expired'
         WHEN completed = 0 THEN 'failed'
         ELSE 'completed' END
     WHERE id = $1 AND finished_at IS NULL
       AND NOT EXISTS (SELECT FROM batch_item WHERE batch_id = $1 AND status IN ('queued', 'running'))
     RETURNING id`,
    [batchId],
  );
  const accountId = rows[0]?.account_id;
  if (ended.length === 0 || accountId === undefined) return;
  await releaseHold(client, batchId, accountId, null);
  await measureOutput(client, batchId);
  await onEnded(client, batchId);
}
