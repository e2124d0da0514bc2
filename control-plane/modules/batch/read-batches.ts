/** Batches as their owner sees them. Reading never changes anything. Money comes from settlements, the one record of charges. */
import type { Pool } from 'pg';
import { BATCH_MAX_ITEMS, type BatchResult, type BatchStatus, type BatchView, publicBatchId } from '../../../shared/batch.js';
import { formatUsd } from '../../../shared/money.js';
import type { Kms } from '../byok/kms.js';
import { openItem } from './batch-secrets.js';

interface BatchRow {
  readonly id: string;
  readonly status: BatchStatus;
  readonly callback_url: string | null;
  readonly metadata: Record<string, string> | null;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly ceiling: string;
  readonly data_key: string;
  readonly charge: string;
  readonly interactive: string;
  readonly created: string;
  readonly started: string | null;
  readonly finished: string | null;
  readonly expires: string;
  readonly now: string;
}

const COLUMNS = `batch.id, status, callback_url, metadata, total, completed, failed, ceiling, data_key,
  floor(extract(epoch FROM created_at)) AS created, floor(extract(epoch FROM started_at)) AS started,
  floor(extract(epoch FROM finished_at)) AS finished, floor(extract(epoch FROM expires_at)) AS expires,
  floor(extract(epoch FROM now())) AS now,
  spent.charge, spent.interactive`;
/**
 * The sums of a batch that has ended are kept with it (`sum-batches.ts`); of others the items are added up. `interactive` is null of items
 * that were charged before it was kept: their saving is the charge again.
 */
export const SPENT = `CROSS JOIN LATERAL (
    SELECT batch.charge, batch.interactive WHERE batch.charge IS NOT NULL
    UNION ALL SELECT coalesce(sum(settlement.charge), 0)::bigint AS charge,
      coalesce(sum(coalesce(batch_item_charge.interactive, settlement.charge * 2)), 0)::bigint AS interactive FROM batch_item
    JOIN batch_item_charge ON batch_item_charge.batch_item_id = batch_item.item_id::text
    JOIN settlement ON settlement.request_id = batch_item_charge.request_id
    WHERE batch_item.batch_id = batch.id AND batch.charge IS NULL HAVING batch.charge IS NULL) AS spent`;

/** With the results that there are (of up to 1,000 items), in the order of the submission. Undefined when it is not that account's. */
export async function findBatch(pool: Pool, kms: Kms, accountId: string, batchId: string): Promise<BatchView | undefined> {
  const { rows } = await pool.query<BatchRow>(`SELECT ${COLUMNS} FROM batch ${SPENT} WHERE id = $1 AND account_id = $2`, [
    batchId,
    accountId,
  ]);
  const row = rows[0];
  if (!row || row.total > BATCH_MAX_ITEMS) return row && viewOf(row);
  return { ...viewOf(row), results: await readResults(pool, await kms.unwrap(row.data_key, row.id), row.id) };
}

/** Newest first; `after` is the id of the last one seen. One more than `limit` is read, to know whether there are more. */
export async function listBatches(
  pool: Pool,
  accountId: string,
  limit: number,
  after: string | null,
): Promise<{ data: BatchView[]; has_more: boolean }> {
  const { rows } = await pool.query<BatchRow>(
    `SELECT ${COLUMNS} FROM batch ${SPENT} WHERE account_id = $1 AND ($2::uuid IS NULL OR batch.id < $2) ORDER BY batch.id DESC LIMIT $3`,
    [accountId, after, limit + 1],
  );
  return { data: rows.slice(0, limit).map(viewOf), has_more: rows.length > limit };
}

/** Ends of `DELETE /v1/batch/:id`: false when there is none that has ended. Charges stay in the ledger. */
export async function deleteBatch(pool: Pool, accountId: string, batchId: string): Promise<boolean> {
  const { rowCount } = await pool.query('DELETE FROM batch WHERE id = $1 AND account_id = $2 AND finished_at IS NOT NULL', [
    batchId,
    accountId,
  ]);
  return rowCount === 1;
}

function viewOf(row: BatchRow): BatchView {
  const charge = BigInt(row.charge);
  const id = publicBatchId(row.id);
  return {
    id,
    object: 'batch',
    status: row.status,
    tier: 'batch_50',
    poll_url: `/v1/batch/${id}`,
    callback_url: row.callback_url,
    metadata: row.metadata,
    request_counts: { total: row.total, completed: row.completed, failed: row.failed },
    cost_usd: formatUsd(charge),
    saved_usd: formatUsd(BigInt(row.interactive) - charge),
    ceiling_usd: formatUsd(BigInt(row.ceiling)),
    created_at: Number(row.created),
    started_at: row.started === null ? null : Number(row.started),
    finished_at: row.finished === null ? null : Number(row.finished),
    expires_at: Number(row.expires),
    items_per_second: itemsPerSecond(row),
    expected_end_at: expectedEnd(row),
  };
}

/** Rounded to three places. */
function itemsPerSecond(row: BatchRow): number | null {
  const done = row.completed + row.failed;
  if (row.started === null || done === 0) return null;
  const elapsedSeconds = Math.max(1, Number(row.finished ?? row.now) - Number(row.started));
  return Math.round((done * 1_000) / elapsedSeconds) / 1_000;
}

/** At the rate so far. */
function expectedEnd(row: BatchRow): number | null {
  if (row.finished !== null) return Number(row.finished);
  const rate = itemsPerSecond(row);
  return rate ? Number(row.now) + Math.ceil((row.total - row.completed - row.failed) / rate) : null;
}

interface ItemRow {
  readonly item_id: string;
  readonly custom_id: string;
  readonly status: string;
  readonly status_code: number | null;
  readonly answer: Buffer | null;
  readonly charge: string | null;
}

async function readResults(pool: Pool, dataKey: Buffer, batchId: string): Promise<BatchResult[]> {
  const { rows } = await pool.query<ItemRow>(
    `SELECT item_id, custom_id, status, status_code, answer, settlement.charge FROM batch_item
       LEFT JOIN batch_item_charge ON batch_item_charge.batch_item_id = item_id::text
       LEFT JOIN settlement ON settlement.request_id = batch_item_charge.request_id
     WHERE batch_id = $1 AND status NOT IN ('queued', 'running') ORDER BY ordinal`,
    [batchId],
  );
  return rows.map((row) => resultOf(row, dataKey));
}

const UNANSWERED = {
  expired: 'The batch expired before this item was sent.',
  cancelled: 'The batch was cancelled before this item was sent.',
  deleted: 'The answer to this item was deleted by its owner.',
} as const;

function resultOf(row: ItemRow, dataKey: Buffer): BatchResult {
  const cost = formatUsd(BigInt(row.charge ?? '0'));
  if (row.answer === null || row.status_code === null) {
    const reason = row.status === 'expired' || row.status === 'cancelled' ? row.status : 'deleted';
    return {
      custom_id: row.custom_id,
      status_code: 409,
      error: { message: UNANSWERED[reason], type: 'batch_error', param: null, code: `item_${reason}` },
      cost,
    };
  }
  const answer = openItem<{ usage?: unknown; error?: unknown }>(dataKey, row.item_id, 'answer', row.answer);
  const base = { custom_id: row.custom_id, status_code: row.status_code, cost };
  return row.status === 'completed' ? { ...base, response: answer, usage: answer.usage } : { ...base, error: answer.error ?? answer };
}
