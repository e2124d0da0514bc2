import { publicBatchId } from '../../../shared/batch.js';
import type { OnBatchEnded } from '../batch/finish-items.js';
import type { EventType } from './event-types.js';
import { queueEvent } from './queue-event.js';

interface EndedBatch {
  readonly account_id: string;
  readonly status: 'completed' | 'failed' | 'cancelled' | 'expired';
  readonly callback_url: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

/** `batch.completed`, `batch.failed`, `batch.cancelled` or `batch.expired`, in the transaction that ends the batch. */
export const tellBatchEnded: OnBatchEnded = async (client, batchId) => {
  const { rows } = await client.query<EndedBatch>(
    'SELECT account_id, status, callback_url, metadata, total, completed, failed FROM batch WHERE id = $1',
    [batchId],
  );
  const [batch] = rows;
  if (!batch) return;
  const { status, metadata, total, completed, failed } = batch;
  const id = publicBatchId(batchId);
  const type: EventType = `batch.${status}`;
  const data = { id, object: 'batch', status, poll_url: `/v1/batch/${id}`, metadata, request_counts: { total, completed, failed } };
  await queueEvent(client, { accountId: batch.account_id, type, data }, batch.callback_url);
};
