/**
 * The output and error files of a batch: not stored, made from its items as they are read, a few hundred at a time. The output file has
 * the answers, the error file whatever did not become one. Their lengths are worked out when the batch ends, from the items' own.
 */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../billing/transaction.js';
import type { Kms } from '../byok/kms.js';
import { openItemText, SEAL_BYTES } from './batch-secrets.js';

/** Answers of a few KB each; of a MB each it is still bounded by what a node may answer. */
const ITEMS_AT_ONCE = 100;

const UNSENT = {
  expired: { code: 'batch_expired', message: 'This request could not be executed before the completion window expired.' },
  cancelled: { code: 'batch_cancelled', message: 'The batch was cancelled before this request was executed.' },
} as const;

interface ItemRow {
  readonly ordinal: number;
  readonly item_id: string;
  readonly custom_id: string;
  readonly status: 'completed' | 'failed' | 'cancelled' | 'expired';
  readonly status_code: number | null;
  readonly request_id: string | null;
  readonly answer: Buffer | null;
}

export async function* readOutput(pool: Pool, kms: Kms, batchId: string, kind: 'output' | 'error'): AsyncGenerator<Buffer> {
  const { rows: batches } = await pool.query<{ data_key: string }>('SELECT data_key FROM batch WHERE id = $1', [batchId]);
  if (!batches[0]) return;
  const dataKey = await kms.unwrap(batches[0].data_key, batchId);
  for (let last = -1; ; ) {
    const { rows } = await pool.query<ItemRow>({
      name: `read-batch-${kind}`,
      text: `SELECT ordinal, item_id, custom_id, status, status_code, request_id, answer FROM batch_item
             WHERE batch_id = $1 AND ordinal > $2 AND status ${kind === 'output' ? '=' : '<>'} 'completed'
             ORDER BY ordinal LIMIT ${ITEMS_AT_ONCE}`,
      values: [batchId, last],
    });
    if (rows.length === 0) return;
    yield Buffer.from(rows.map((row) => lineOf(row, dataKey)).join(''));
    last = rows.at(-1)?.ordinal ?? last;
  }
}

function lineOf(row: ItemRow, dataKey: Buffer): string {
  const customId = JSON.stringify(row.custom_id);
  if (row.answer === null || row.status === 'cancelled' || row.status === 'expired')
    return unsentLine(row.item_id, customId, JSON.stringify(UNSENT[row.status === 'expired' ? 'expired' : 'cancelled']));
  const answer = openItemText(dataKey, row.item_id, 'answer', row.answer);
  return answeredLine(row.item_id, customId, String(row.status_code), row.request_id ?? row.item_id, answer);
}

function answeredLine(itemId: string, customId: string, status: string, requestId: string, answer: string): string {
  const response = `{"status_code":${status},"request_id":"${requestId}","body":${answer}}`;
  return `{"id":"batch_req_${itemId}","custom_id":${customId},"response":${response},"error":null}\n`;
}

function unsentLine(itemId: string, customId: string, error: string): string {
  return `{"id":"batch_req_${itemId}","custom_id":${customId},"response":null,"error":${error}}\n`;
}

const UUID_LENGTH = 36;
const ANSWERED_BYTES = answeredLine('', '', '', '', '').length + 2 * UUID_LENGTH - SEAL_BYTES;
const UNSENT_BYTES = unsentLine('', '', '').length + UUID_LENGTH;

/** Called in the transaction that ends the batch. */
export async function measureOutput(client: PoolClient, batchId: string): Promise<void> {
  await client.query(
    `UPDATE batch SET output_bytes = measured.output, error_bytes = measured.error FROM (
       SELECT coalesce(sum(bytes) FILTER (WHERE status = 'completed'), 0) AS output,
         coalesce(sum(bytes) FILTER (WHERE status <> 'completed'), 0) AS error
       FROM (SELECT status, octet_length(to_json(custom_id)::text) + CASE
                 WHEN status = 'expired' THEN ${UNSENT_BYTES + JSON.stringify(UNSENT.expired).length}
                 WHEN status = 'cancelled' THEN ${UNSENT_BYTES + JSON.stringify(UNSENT.cancelled).length}
                 ELSE ${ANSWERED_BYTES} + length(status_code::text) + octet_length(answer) END AS bytes
             FROM batch_item WHERE batch_id = $1) AS line) AS measured
     WHERE id = $1 AND input_file_id IS NOT NULL`,
    [batchId],
  );
}

/** Deleting a file of answers deletes the answers; what they cost stays in the ledger. */
export async function deleteOutput(pool: Pool, batchId: string, kind: 'output' | 'error'): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(`UPDATE batch SET ${kind}_file_id = NULL WHERE id = $1`, [batchId]);
    await client.query(`UPDATE batch_item SET answer = NULL WHERE batch_id = $1 AND status ${kind === 'output' ? '=' : '<>'} 'completed'`, [
      batchId,
    ]);
  });
}
