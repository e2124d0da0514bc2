/** Batches that were made from files, in OpenAI's shape. Reading never changes anything. */
import type { Pool } from 'pg';
import { type BatchStatus, publicBatchId } from '../../../shared/batch.js';
import {
  FILE_BATCH_ENDPOINT,
  FILE_BATCH_WINDOW,
  type FileBatchView,
  fileBatchStatus,
  type LineError,
  publicFileId,
} from '../../../shared/batch-file.js';
import { formatUsd } from '../../../shared/money.js';
import { SPENT } from './read-batches.js';

interface FileBatchRow {
  readonly id: string;
  readonly status: BatchStatus;
  readonly input_file_id: string;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly output_bytes: string | null;
  readonly error_bytes: string | null;
  readonly errors: readonly LineError[] | null;
  readonly metadata: Record<string, string> | null;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly charge: string;
  readonly interactive: string;
  readonly created: string;
  readonly started: string | null;
  readonly cancelling: string | null;
  readonly finished: string | null;
  readonly expires: string;
}

const COLUMNS = `batch.id, status, input_file_id, output_file_id, error_file_id, output_bytes, error_bytes, errors, metadata, total,
  completed, failed, spent.charge, spent.interactive, floor(extract(epoch FROM created_at)) AS created,
  floor(extract(epoch FROM started_at)) AS started, floor(extract(epoch FROM cancelled_at)) AS cancelling,
  floor(extract(epoch FROM finished_at)) AS finished, floor(extract(epoch FROM expires_at)) AS expires`;

/** Undefined when it is not that account's, or was not made from a file. */
export async function findFileBatch(pool: Pool, accountId: string, batchId: string): Promise<FileBatchView | undefined> {
  const { rows } = await pool.query<FileBatchRow>(
    `SELECT ${COLUMNS} FROM batch ${SPENT} WHERE id = $1 AND account_id = $2 AND input_file_id IS NOT NULL`,
    [batchId, accountId],
  );
  return rows[0] && viewOf(rows[0]);
}

/** Newest first; `after` is the id of the last one seen. */
export async function listFileBatches(
  pool: Pool,
  accountId: string,
  limit: number,
  after: string | null,
): Promise<{ data: FileBatchView[]; has_more: boolean }> {
  const { rows } = await pool.query<FileBatchRow>(
    `SELECT ${COLUMNS} FROM batch ${SPENT} WHERE account_id = $1 AND input_file_id IS NOT NULL AND ($2::uuid IS NULL OR batch.id < $2)
     ORDER BY batch.id DESC LIMIT $3`,
    [accountId, after, limit + 1],
  );
  return { data: rows.slice(0, limit).map(viewOf), has_more: rows.length > limit };
}

function viewOf(row: FileBatchRow): FileBatchView {
  const endedAs = (status: BatchStatus) => (row.status === status ? seconds(row.finished) : null);
  const file = (id: string | null, bytes: string | null) => (id === null || Number(bytes ?? 0) === 0 ? null : publicFileId(id));
  return {
    id: publicBatchId(row.id),
    object: 'batch',
    endpoint: FILE_BATCH_ENDPOINT,
    errors: row.errors && { object: 'list', data: row.errors },
    input_file_id: publicFileId(row.input_file_id),
    completion_window: FILE_BATCH_WINDOW,
    status: fileBatchStatus(row.status),
    output_file_id: file(row.output_file_id, row.output_bytes),
    error_file_id: file(row.error_file_id, row.error_bytes),
    created_at: Number(row.created),
    in_progress_at: seconds(row.started),
    expires_at: Number(row.expires),
    // The files need no making: a batch that has run its last item is complete.
    finalizing_at: endedAs('completed'),
    completed_at: endedAs('completed'),
    failed_at: endedAs('failed'),
    expired_at: endedAs('expired'),
    cancelling_at: seconds(row.cancelling),
    cancelled_at: endedAs('cancelled'),
    request_counts: { total: row.total, completed: row.completed, failed: row.failed },
    metadata: row.metadata,
    cost_usd: formatUsd(BigInt(row.charge)),
    saved_usd: formatUsd(BigInt(row.interactive) - BigInt(row.charge)),
  };
}

function seconds(text: string | null): number | null {
  return text === null ? null : Number(text);
}
