/**
 * A batch that is made from a file: a row in `validating` at once, its items as their lines are checked, and then all of it or nothing:
 * the ceiling held and the slices queued in one transaction, or refused with the lines that are wrong and nothing kept.
 * Of two runs that take one batch in, the later wins: it changes `intake`, and the earlier can write nothing more.
 */
import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { BATCH_EXPIRY_MS, BATCH_KEPT_DAYS, type SubmitBatchCall } from '../../../shared/batch.js';
import type { CreateFileBatchCall, LineError } from '../../../shared/batch-file.js';
import { GatewayError } from '../../../shared/errors.js';
import type { NanoUsd } from '../../../shared/money.js';
import { generateDataKey } from '../../../shared/sealed.js';
import { newId } from '../../db/new-id.js';
import { inTransaction } from '../billing/transaction.js';
import type { Kms } from '../byok/kms.js';
import type { OnBatchEnded } from './finish-items.js';
import { holdCeiling } from './hold-ceiling.js';
import { findSubmitted, insertItems, type QueueSlices } from './submit-batch.js';

/** Queues the intake through the caller's connection, so that it commits with the batch. */
export type QueueIntake = (client: PoolClient, batchId: string) => Promise<void>;

/** Returns the batch's id: an earlier one's under the same Idempotency-Key. Throws `not_found` for a file that is not there. */
export async function createFileBatch(pool: Pool, kms: Kms, queue: QueueIntake, call: CreateFileBatchCall): Promise<string> {
  const wrapped = await kms.wrap(generateDataKey(), call.batchId);
  return inTransaction(pool, async (client) => {
    const known = await findSubmitted(client, call);
    if (known) return known;
    const { rowCount } = await client.query(
      `INSERT INTO batch (id, account_id, api_key_id, key_hash, tier, status, metadata, idempotency_key, request_hash, total, ceiling,
         data_key, expires_at, delete_after, input_file_id, output_file_id, error_file_id)
       SELECT $1, $2, $3, (SELECT hash FROM api_key WHERE id = $3), 'batch_50', 'validating', $4, $5, $6, 0, 0, $7,
         now() + $8 * interval '1 ms', now() + $9 * interval '1 day', stored_file.id, $11, $12
       FROM stored_file WHERE stored_file.id = $10 AND account_id = $2 AND complete AND stored_file.expires_at > now()`,
      [
        call.batchId,
        call.accountId,
        call.keyId,
        call.metadata,
        call.idempotencyKey,
        Buffer.from(call.requestHash, 'hex'),
        wrapped,
        BATCH_EXPIRY_MS,
        BATCH_KEPT_DAYS,
        call.inputFileId,
        newId(),
        newId(),
      ],
    );
    if (rowCount === 0) throw new GatewayError('not_found', 'There is no such file.', { param: 'input_file_id' });
    await queue(client, call.batchId);
    return call.batchId;
  });
}

export interface Intake {
  readonly batchId: string;
  readonly token: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly keyHash: Buffer;
  readonly inputFileId: string;
  readonly dataKey: Buffer;
}

/** From the first line on, whatever an earlier run did. Undefined when there is nothing to take in. */
export async function beginIntake(pool: Pool, kms: Kms, batchId: string): Promise<Intake | undefined> {
  const token = randomUUID();
  const row = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{
      account_id: string;
      api_key_id: string;
      key_hash: Buffer;
      input_file_id: string;
      data_key: string;
    }>(
      `UPDATE batch SET intake = $2 WHERE id = $1 AND status = 'validating'
       RETURNING account_id, api_key_id, key_hash, input_file_id, data_key`,
      [batchId, token],
    );
    if (rows[0]) await client.query('DELETE FROM batch_item WHERE batch_id = $1', [batchId]);
    return rows[0];
  });
  if (!row) return undefined;
  return {
    batchId,
    token,
    accountId: row.account_id,
    keyId: row.api_key_id,
    keyHash: row.key_hash,
    inputFileId: row.input_file_id,
    dataKey: await kms.unwrap(row.data_key, batchId),
  };
}

/** False when the batch was cancelled or another run has taken over. */
export async function stageItems(pool: Pool, intake: Intake, ordinal: number, items: SubmitBatchCall['items']): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    if (!(await lockIntake(client, intake))) return false;
    await insertItems(client, { id: intake.batchId, dataKey: intake.dataKey }, ordinal, items);
    return true;
  });
}

/** Throws 402 with the figures when the wallet cannot hold the ceiling. */
export async function acceptBatch(
  pool: Pool,
  intake: Intake,
  batch: { readonly total: number; readonly ceiling: NanoUsd },
  queue: QueueSlices,
): Promise<void> {
  const { batchId: id, accountId } = intake;
  await inTransaction(pool, async (client) => {
    if (!(await lockIntake(client, intake))) return;
    await holdCeiling(client, id, accountId, intake.keyId, batch.ceiling);
    await client.query(`UPDATE batch SET status = 'queued', total = $2, ceiling = $3, started_at = now() WHERE id = $1`, [
      id,
      batch.total,
      batch.ceiling,
    ]);
    await queue(client, { id, accountId, total: batch.total });
  });
}

/** The batch ends as `failed`, with the reasons; no item is kept. */
export async function refuseBatch(pool: Pool, intake: Intake, errors: readonly LineError[], onEnded: OnBatchEnded): Promise<void> {
  await inTransaction(pool, async (client) => {
    if (!(await lockIntake(client, intake))) return;
    await client.query('DELETE FROM batch_item WHERE batch_id = $1', [intake.batchId]);
    await client.query(`UPDATE batch SET status = 'failed', finished_at = now(), errors = $2 WHERE id = $1`, [
      intake.batchId,
      JSON.stringify(errors),
    ]);
    await onEnded(client, intake.batchId);
  });
}

async function lockIntake(client: PoolClient, { batchId, token }: Intake): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT FROM batch WHERE id = $1 AND intake = $2 AND status = 'validating' FOR UPDATE`, [
    batchId,
    token,
  ]);
  return rowCount === 1;
}
