/**
 * What an attempt came to. 2xx is delivered; 410 means never again; all else is tried again on the schedule of Standard Webhooks. An
 * endpoint that has taken nothing for days is disabled. An attempt whose claim ran out records nothing: another has taken over.
 */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../billing/transaction.js';
import type { ClaimedDelivery } from './claim-deliveries.js';

const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** After the first attempt, the second, and so on: 31 hours in all. */
const RETRY_SECONDS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR];
const FAILING_DAYS = 5;
const GONE = 410;

export interface AttemptOutcome {
  /** Null when there was no answer; then `problem` says why. */
  readonly status: number | null;
  readonly body: string | null;
  readonly problem: string | null;
}

export type DisabledReason = 'gone' | 'failing';

/** Why the endpoint was disabled now, if it was. */
export async function recordAttempt(pool: Pool, delivery: ClaimedDelivery, outcome: AttemptOutcome): Promise<DisabledReason | undefined> {
  return inTransaction(pool, async (client) => {
    const delivered = outcome.status !== null && outcome.status >= 200 && outcome.status < 300;
    const retrySeconds = outcome.status === GONE ? undefined : RETRY_SECONDS[delivery.retries];
    const status = delivered ? 'delivered' : retrySeconds === undefined ? 'failed' : 'pending';
    const { rowCount } = await client.query(
      `UPDATE webhook_delivery SET status = $3, retries = retries + 1, response_status = $4, response_body = $5, problem = $6,
         next_at = now() + $7 * interval '1 second', delivered_at = CASE WHEN $3 = 'delivered' THEN now() END
       WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
      [delivery.id, delivery.attempts, status, outcome.status, outcome.body, outcome.problem, retrySeconds ?? 0],
    );
    if (rowCount === 0 || delivery.endpointId === null) return undefined;
    if (delivered) {
      await client.query('UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL', [
        delivery.endpointId,
      ]);
      return undefined;
    }
    return recordFailure(client, delivery.endpointId, outcome.status === GONE);
  });
}

async function recordFailure(client: PoolClient, endpointId: string, gone: boolean): Promise<DisabledReason | undefined> {
  await client.query('UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, now()) WHERE id = $1', [endpointId]);
  const { rows } = await client.query<{ disabled_reason: DisabledReason }>(
    `UPDATE webhook_endpoint SET status = 'disabled', disabled_reason = CASE WHEN $2 THEN 'gone' ELSE 'failing' END
     WHERE id = $1 AND status = 'active' AND ($2 OR failing_since < now() - interval '${FAILING_DAYS} days')
     RETURNING disabled_reason`,
    [endpointId, gone],
  );
  if (rows[0]) await failPending(client, endpointId, 'The endpoint was disabled.');
  return rows[0]?.disabled_reason;
}

/** Nothing more is sent to it; the messages can be sent again by hand. */
export async function failPending(client: Pick<PoolClient, 'query'>, endpointId: string, problem: string): Promise<void> {
  await client.query(`UPDATE webhook_delivery SET status = 'failed', problem = $2 WHERE endpoint_id = $1 AND status = 'pending'`, [
    endpointId,
    problem,
  ]);
}

/** Messages older than 30 days go. Returns how many. */
export async function deleteOldDeliveries(pool: Pool): Promise<number> {
  return (await pool.query(`DELETE FROM webhook_delivery WHERE created_at < now() - interval '30 days'`)).rowCount ?? 0;
}
