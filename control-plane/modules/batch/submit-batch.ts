/**
 * Takes a batch in: items encrypted, ceiling held, jobs queued, in one transaction: all of it or nothing. The node has validated and
 * planned every item. The same Idempotency-Key and body gives the batch that there is; another body is a conflict.
 */
import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { BATCH_EXPIRY_MS, BATCH_KEPT_DAYS, type SubmitBatchCall } from '../../../shared/batch.js';
import { GatewayError } from '../../../shared/errors.js';
import { generateDataKey } from '../../../shared/sealed.js';
import { bytesArray, plainArray, textArray } from '../billing/column-arrays.js';
import { inTransaction } from '../billing/transaction.js';
import type { Kms } from '../byok/kms.js';
import { sealItem } from './batch-secrets.js';
import { holdCeiling } from './hold-ceiling.js';

/** Queues the batch's slices through the caller's connection, so that they commit with it. */
export type QueueSlices = (
  client: PoolClient,
  batch: { readonly id: string; readonly accountId: string; readonly total: number },
) => Promise<void>;

export interface SubmittedBatch {
  readonly id: string;
  /** False for the batch that was submitted before under this Idempotency-Key. */
  readonly fresh: boolean;
}

export async function submitBatch(pool: Pool, kms: Kms, queue: QueueSlices, call: SubmitBatchCall): Promise<SubmittedBatch> {
  const dataKey = generateDataKey();
  const wrapped = await kms.wrap(dataKey, call.batchId);
  return inTransaction(pool, async (client) => {
    const known = await findSubmitted(client, call);
    if (known) return { id: known, fresh: false };
    const ceiling = call.test ? 0n : call.items.reduce((sum, item) => sum + BigInt(item.ceilingNano), 0n);
    await holdCeiling(client, call.batchId, call.accountId, call.keyId, ceiling);
    await client.query(
      `INSERT INTO batch (id, account_id, api_key_id, key_hash, tier, status, callback_url, metadata, idempotency_key, request_hash,
         total, ceiling, data_key, expires_at, delete_after)
       VALUES ($1, $2, $3, (SELECT hash FROM api_key WHERE id = $3), $4, 'queued', $5, $6, $7, $8, $9, $10, $11,
         now() + $12 * interval '1 ms', now() + $13 * interval '1 day')`,
      [
        call.batchId,
        call.accountId,
        call.keyId,
        call.tier,
        call.callbackUrl,
        call.metadata,
        call.idempotencyKey,
        Buffer.from(call.requestHash, 'hex'),
        call.items.length,
        ceiling,
        wrapped,
        BATCH_EXPIRY_MS,
        BATCH_KEPT_DAYS,
      ],
    );
    const items = call.test ? call.items.map((item) => ({ ...item, ceilingNano: '0' })) : call.items;
    await insertItems(client, { id: call.batchId, dataKey }, 0, items);
    await queue(client, { id: call.batchId, accountId: call.accountId, total: call.items.length });
    return { id: call.batchId, fresh: true };
  });
}

/** The batch that was submitted before under the same Idempotency-Key. Throws `conflict` when it was another one. */
export async function findSubmitted(
  client: PoolClient,
  call: Pick<SubmitBatchCall, 'accountId' | 'idempotencyKey' | 'requestHash'>,
): Promise<string | undefined> {
  if (call.idempotencyKey === null) return undefined;
  // Two submissions with one key at once: the second waits for the first.
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [`${call.accountId} ${call.idempotencyKey}`]);
  const { rows } = await client.query<{ id: string; request_hash: Buffer }>(
    'SELECT id, request_hash FROM batch WHERE account_id = $1 AND idempotency_key = $2',
    [call.accountId, call.idempotencyKey],
  );
  const row = rows[0];
  if (row && row.request_hash.toString('hex') !== call.requestHash)
    throw new GatewayError('conflict', 'This Idempotency-Key was used with another batch. Use a new key for a new batch.', {
      param: 'idempotency-key',
    });
  return row?.id;
}

/** `ordinal`: of the first of these; the others follow. Ceilings are part of the batch's hold from the moment when it is accepted. */
export async function insertItems(
  client: PoolClient,
  batch: { readonly id: string; readonly dataKey: Buffer },
  ordinal: number,
  given: SubmitBatchCall['items'],
): Promise<void> {
  const items = given.map((item) => ({ ...item, itemId: randomUUID() }));
  await client.query({
    name: 'insert-batch-items',
    text: `INSERT INTO batch_item (batch_id, ordinal, item_id, custom_id, ceiling, held, request)
           SELECT $1, ordinal, item_id, custom_id, ceiling, ceiling > 0, request
           FROM unnest($2::integer[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[])
             AS fresh (ordinal, item_id, custom_id, ceiling, request)`,
    values: [
      batch.id,
      plainArray(items.map((_item, index) => ordinal + index)),
      plainArray(items.map((item) => item.itemId)),
      textArray(items.map((item) => item.customId)),
      plainArray(items.map((item) => item.ceilingNano)),
      bytesArray(items.map((item) => sealItem(batch.dataKey, item.itemId, 'request', item.body))),
    ],
  });
}
