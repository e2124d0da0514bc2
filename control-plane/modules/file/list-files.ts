/** Files as their owner sees them: those that were uploaded, and the output and error files of batches that have ended. */
import type { Pool } from 'pg';
import { publicBatchId } from '../../../shared/batch.js';
import { type FileView, publicFileId } from '../../../shared/batch-file.js';

interface FileRow {
  readonly id: string;
  readonly kind: 'input' | 'output' | 'error';
  readonly filename: string | null;
  readonly batch_id: string | null;
  readonly bytes: string;
  readonly created: string;
  readonly expires: string;
}

export interface FoundFile {
  readonly id: string;
  readonly kind: FileRow['kind'];
  /** Whose answers it is made of; null of an uploaded file. */
  readonly batchId: string | null;
  readonly view: FileView;
}

const FILES = `SELECT id, 'input' AS kind, filename, NULL::uuid AS batch_id, bytes, created_at, expires_at FROM stored_file
    WHERE account_id = $1 AND complete AND expires_at > now()
  UNION ALL
  SELECT output_file_id, 'output', NULL, id, output_bytes, finished_at, delete_after FROM batch
    WHERE account_id = $1 AND output_file_id IS NOT NULL AND output_bytes > 0 AND finished_at IS NOT NULL
  UNION ALL
  SELECT error_file_id, 'error', NULL, id, error_bytes, finished_at, delete_after FROM batch
    WHERE account_id = $1 AND error_file_id IS NOT NULL AND error_bytes > 0 AND finished_at IS NOT NULL`;

const COLUMNS = `id, kind, filename, batch_id, bytes, floor(extract(epoch FROM created_at)) AS created,
  floor(extract(epoch FROM expires_at)) AS expires`;

/** Undefined when it is not that account's. */
export async function findFile(pool: Pool, accountId: string, fileId: string): Promise<FoundFile | undefined> {
  const { rows } = await pool.query<FileRow>(`SELECT ${COLUMNS} FROM (${FILES}) AS file WHERE id = $2`, [accountId, fileId]);
  return rows[0] && foundFile(rows[0]);
}

export interface FileQuery {
  readonly limit: number;
  /** The id of the last one seen. */
  readonly after: string | null;
  readonly order: 'asc' | 'desc';
  readonly purpose: FileView['purpose'] | null;
}

/** In the order in which they were asked for: an id is a time. One more than `limit` is read, to know whether there are more. */
export async function listFiles(pool: Pool, accountId: string, query: FileQuery): Promise<{ data: FileView[]; has_more: boolean }> {
  const past = query.order === 'asc' ? '>' : '<';
  const { rows } = await pool.query<FileRow>(
    `SELECT ${COLUMNS} FROM (${FILES}) AS file WHERE ($2::uuid IS NULL OR id ${past} $2) AND ($4::boolean IS NULL OR (kind = 'input') = $4)
     ORDER BY id ${query.order} LIMIT $3`,
    [accountId, query.after, query.limit + 1, query.purpose === null ? null : query.purpose === 'batch'],
  );
  return { data: rows.slice(0, query.limit).map((row) => foundFile(row).view), has_more: rows.length > query.limit };
}

function foundFile(row: FileRow): FoundFile {
  const view: FileView = {
    id: publicFileId(row.id),
    object: 'file',
    bytes: Number(row.bytes),
    created_at: Number(row.created),
    expires_at: Number(row.expires),
    filename: row.filename ?? `${publicBatchId(row.batch_id ?? row.id)}_${row.kind}.jsonl`,
    purpose: row.kind === 'input' ? 'batch' : 'batch_output',
    status: 'processed',
  };
  return { id: row.id, kind: row.kind, batchId: row.batch_id, view };
}
