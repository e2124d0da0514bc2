import type { Pool } from 'pg';
import { plainArray } from '../billing/column-arrays.js';

/** Longer than an attempt can take: whoever died has it taken over after this. */
const HELD_SECONDS = 60;
/** How far ahead due messages are looked through for fairness. */
const LOOK_AHEAD = 1_000;

export interface ClaimedDelivery {
  readonly id: string;
  readonly accountId: string;
  readonly endpointId: string | null;
  readonly url: string;
  readonly payload: string;
  /** This one included; says in `record-attempt` whether the claim still holds. */
  readonly attempts: number;
  /** Before this one, of the schedule. */
  readonly retries: number;
}

export interface ClaimLimits {
  readonly count: number;
  readonly perAccount: number;
  /** Accounts that have as many open here as they may. */
  readonly busyAccounts: readonly string[];
}

/** Takes due messages, the longest due first, no more than `perAccount` of one. Several processes never take the same one. */
export async function claimDeliveries(pool: Pool, { count, perAccount, busyAccounts }: ClaimLimits): Promise<ClaimedDelivery[]> {
  const { rows } = await pool.query<ClaimedDelivery>({
    name: 'claim-webhook-deliveries',
    text: `WITH due AS (
             SELECT id, row_number() OVER (PARTITION BY account_id ORDER BY next_at) AS place FROM (
               SELECT id, account_id, next_at FROM webhook_delivery
               WHERE status = 'pending' AND next_at <= now() AND account_id <> ALL ($3::uuid[])
               ORDER BY next_at LIMIT ${LOOK_AHEAD}) AS longest
           ), taken AS (
             SELECT delivery.id FROM webhook_delivery AS delivery JOIN due USING (id)
             WHERE place <= $2 AND status = 'pending' AND next_at <= now()
             ORDER BY next_at LIMIT $1 FOR UPDATE OF delivery SKIP LOCKED
           )
           UPDATE webhook_delivery AS delivery
           SET attempts = attempts + 1, next_at = now() + interval '${HELD_SECONDS} seconds', attempted_at = now()
           FROM taken WHERE delivery.id = taken.id
           RETURNING delivery.id, account_id AS "accountId", endpoint_id AS "endpointId", payload, attempts, retries,
             coalesce(callback_url, (SELECT url FROM webhook_endpoint WHERE webhook_endpoint.id = endpoint_id)) AS url`,
    values: [count, perAccount, plainArray(busyAccounts)],
  });
  return rows;
}
