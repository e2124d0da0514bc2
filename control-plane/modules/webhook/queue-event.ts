/**
 * Puts messages into the outbox, in the transaction of what they tell of: both commit or neither does. `deliver-webhooks` sends them.
 * Throws when PostgreSQL is away, as the caller's own statements do.
 */
import type { ClientBase } from 'pg';
import { newId } from '../../db/new-id.js';
import { plainArray } from '../billing/column-arrays.js';
import type { EventType, TEST_EVENT } from './event-types.js';

export interface WebhookEvent {
  readonly accountId: string;
  readonly type: EventType | typeof TEST_EVENT;
  /** Never a secret, a prompt or an answer: receivers keep what they get. */
  readonly data: Readonly<Record<string, unknown>>;
}

export type Queries = Pick<ClientBase, 'query'>;

/** To every active endpoint of the account that wants this type, and to `callbackUrl`, signed with the account's own secret. */
export async function queueEvent(client: Queries, event: WebhookEvent, callbackUrl: string | null = null): Promise<void> {
  const { rows } = await client.query<{ id: string }>({
    name: 'find-webhook-endpoints',
    text: `SELECT id FROM webhook_endpoint WHERE account_id = $1 AND status = 'active' AND (event_types = '{}' OR $2 = ANY (event_types))`,
    values: [event.accountId, event.type],
  });
  const payload = payloadOf(event);
  await insertDeliveries(
    client,
    event,
    payload,
    rows.map((row) => row.id),
  );
  if (callbackUrl !== null)
    await client.query('INSERT INTO webhook_delivery (id, account_id, callback_url, event_type, payload) VALUES ($1, $2, $3, $4, $5)', [
      newId(),
      event.accountId,
      callbackUrl,
      event.type,
      payload,
    ]);
}

/** To this endpoint, whatever types it wants. Returns the delivery's id. */
export async function queueToEndpoint(client: Queries, event: WebhookEvent, endpointId: string): Promise<string> {
  const [id = ''] = await insertDeliveries(client, event, payloadOf(event), [endpointId]);
  return id;
}

async function insertDeliveries(client: Queries, event: WebhookEvent, payload: string, endpointIds: readonly string[]): Promise<string[]> {
  if (endpointIds.length === 0) return [];
  const ids = endpointIds.map(() => newId());
  await client.query(
    `INSERT INTO webhook_delivery (id, account_id, endpoint_id, event_type, payload)
     SELECT fresh.id, $1, fresh.endpoint_id, $2, $3 FROM unnest($4::uuid[], $5::uuid[]) AS fresh (id, endpoint_id)`,
    [event.accountId, event.type, payload, plainArray(ids), plainArray(endpointIds)],
  );
  return ids;
}

/** Standard Webhooks' members (`type`, `timestamp`, `data`) and those that OpenAI's SDK expects (`id`, `object`, `created_at`). */
function payloadOf({ type, data }: WebhookEvent): string {
  const now = new Date();
  return JSON.stringify({
    id: `evt_${newId().replaceAll('-', '')}`,
    object: 'event',
    type,
    created_at: Math.floor(now.getTime() / 1000),
    timestamp: now.toISOString(),
    data,
  });
}
