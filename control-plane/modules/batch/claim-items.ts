/** Items go from queued to running to an end, each step one statement that says who may take it. PostgreSQL's clock decides. */
import type { Pool } from 'pg';
import { plainArray } from '../billing/column-arrays.js';
import { inTransaction } from '../billing/transaction.js';
import type { Kms } from '../byok/kms.js';
import { openItem } from './batch-secrets.js';
import { releaseHold } from './hold-ceiling.js';

/** A worker renews well within this; a dead one's items are free after it. */
export const ITEM_CLAIM_MS = 15_000;

export interface ClaimedBatch {
  readonly id: string;
  readonly accountId: string;
  readonly keyHash: Buffer;
  readonly dataKey: Buffer;
  readonly expiresAtMs: number;
  readonly items: readonly ClaimedItem[];
  /** Of this slice, in the hands of a worker that is at work or has just died: the slice must come again. */
  readonly heldElsewhere: number;
}

export interface ClaimedItem {
  readonly ordinal: number;
  readonly itemId: string;
  readonly tries: number;
  readonly body: object;
}

interface ItemRow {
  readonly ordinal: number;
  readonly item_id: string;
  readonly tries: number;
  readonly ceiling: string;
  readonly held: boolean;
  readonly request: Buffer;
}

/** Takes the open items of a slice (`from` inclusive, `to` exclusive), and gives their ceilings back to the wallet. */
export async function claimItems(pool: Pool, kms: Kms, batchId: string, from: number, to: number): Promise<ClaimedBatch | undefined> {
  const claimed = await inTransaction(pool, async (client) => {
    const { rows: batches } = await client.query<{ account_id: string; key_hash: Buffer; data_key: string; expires_at: Date }>(
      `UPDATE batch SET status = 'in_progress', started_at = coalesce(started_at, now())
       WHERE id = $1 AND status IN ('queued', 'in_progress') AND expires_at > now() RETURNING account_id, key_hash, data_key, expires_at`,
      [batchId],
    );
    const batch = batches[0];
    if (!batch) return undefined;
    const { rows } = await client.query<ItemRow>(
      `WITH free AS (
         SELECT ordinal, held FROM batch_item WHERE batch_id = $1 AND ordinal >= $2 AND ordinal < $3
           AND (status = 'queued' OR (status = 'running' AND claimed_until < now())) FOR UPDATE SKIP LOCKED
       )
       UPDATE batch_item SET status = 'running', held = false, tries = tries + 1, claimed_until = now() + $4 * interval '1 ms'
       FROM free WHERE batch_item.batch_id = $1 AND batch_item.ordinal = free.ordinal
       RETURNING batch_item.ordinal, item_id, tries, ceiling, free.held, request`,
      [batchId, from, to, ITEM_CLAIM_MS],
    );
    const { rows: held } = await client.query<{ count: string }>(
      `SELECT count(*) FROM batch_item WHERE batch_id = $1 AND ordinal >= $2 AND ordinal < $3 AND status IN ('queued', 'running')`,
      [batchId, from, to],
    );
    const heldElsewhere = Number(held[0]?.count ?? 0) - rows.length;
    const returned = rows.filter((row) => row.held).reduce((sum, row) => sum + BigInt(row.ceiling), 0n);
    await releaseHold(client, batchId, batch.account_id, returned);
    return { batch, rows, heldElsewhere };
  });
  if (!claimed) return undefined;
  const { batch, rows, heldElsewhere } = claimed;
  const dataKey = await kms.unwrap(batch.data_key, batchId);
  return {
    id: batchId,
    accountId: batch.account_id,
    keyHash: batch.key_hash,
    dataKey,
    expiresAtMs: batch.expires_at.getTime(),
    heldElsewhere,
    items: rows.map((row) => ({
      ordinal: row.ordinal,
      itemId: row.item_id,
      tries: row.tries,
      body: openItem<object>(dataKey, row.item_id, 'request', row.request),
    })),
  };
}

/** Keeps the claim of items that are still being worked on. */
export async function renewItems(pool: Pool, batchId: string, ordinals: readonly number[]): Promise<void> {
  await pool.query(
    `UPDATE batch_item SET claimed_until = now() + $3 * interval '1 ms'
     WHERE batch_id = $1 AND ordinal = ANY ($2::integer[]) AND status = 'running'`,
    [batchId, plainArray(ordinals), ITEM_CLAIM_MS],
  );
}

/** Puts items back that could not be sent now: the queue tries the slice again. */
export async function returnItems(pool: Pool, batchId: string, ordinals: readonly number[]): Promise<void> {
  await pool.query(
    `UPDATE batch_item SET status = 'queued', claimed_until = NULL WHERE batch_id = $1 AND ordinal = ANY ($2::integer[]) AND status = 'running'`,
    [batchId, plainArray(ordinals)],
  );
}
