/** What people change about their webhooks: permission, change and audit line in one transaction. Another account's id is not found. */
import type { Pool, PoolClient } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { newId } from '../../db/new-id.js';
import { textArray } from '../billing/column-arrays.js';
import { inTransaction } from '../billing/transaction.js';
import type { Kms } from '../byok/kms.js';
import { type EgressClient, EgressRefused } from '../egress/egress-client.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, requirePermission } from '../permissions.js';
import { EVENT_TYPES, TEST_EVENT } from './event-types.js';
import { queueToEndpoint } from './queue-event.js';
import { failPending } from './record-attempt.js';
import { rotateSecret } from './webhook-secrets.js';

const MAX_ENDPOINTS = 20;
const MAX_URL_LENGTH = 2_000;
/** Enough to try things out, too few to trouble whoever is at the other end. */
const MAX_TESTS_A_MINUTE = 60;

export interface EndpointInput {
  readonly url: string;
  /** Empty is all. */
  readonly eventTypes: readonly string[];
}

export async function createEndpoint(
  pool: Pool,
  { kms, egress }: { readonly kms: Kms; readonly egress: EgressClient },
  actor: Actor,
  input: EndpointInput,
): Promise<{ readonly id: string; readonly secret: string }> {
  requirePermission(actor, 'webhooks:write');
  await checkReceiver(egress, input.url, 'url');
  checkEventTypes(input.eventTypes);
  const id = newId();
  return inTransaction(pool, async (client) => {
    // Two at once: the second counts the first.
    await client.query('SELECT 1 FROM account WHERE id = $1 FOR UPDATE', [actor.accountId]);
    const { rowCount } = await client.query(`SELECT 1 FROM webhook_endpoint WHERE account_id = $1 AND status <> 'deleted'`, [
      actor.accountId,
    ]);
    if ((rowCount ?? 0) >= MAX_ENDPOINTS) throw new GatewayError('conflict', `An account has at most ${MAX_ENDPOINTS} endpoints.`);
    await client.query('INSERT INTO webhook_endpoint (id, account_id, url, event_types) VALUES ($1, $2, $3, $4)', [
      id,
      actor.accountId,
      input.url,
      textArray(input.eventTypes),
    ]);
    await audit(client, actor, 'webhook.create', id, { url: input.url, eventTypes: input.eventTypes });
    return { id, secret: await rotateSecret(client, kms, { accountId: actor.accountId, endpointId: id }) };
  });
}

/** `endpointId` null: the account's own secret, for callback URLs of batches. */
export async function rotateWebhookSecret(pool: Pool, kms: Kms, actor: Actor, endpointId: string | null): Promise<string> {
  requirePermission(actor, 'webhooks:write');
  return inTransaction(pool, async (client) => {
    if (endpointId !== null) await lockEndpoint(client, actor, endpointId);
    await audit(client, actor, 'webhook.rotate', endpointId ?? actor.accountId, {});
    return rotateSecret(client, kms, { accountId: actor.accountId, endpointId });
  });
}

/** Stops it, or starts it again after it was disabled. What failed meanwhile is sent again by hand. */
export async function enableEndpoint(pool: Pool, actor: Actor, id: string, enabled: boolean): Promise<void> {
  requirePermission(actor, 'webhooks:write');
  await inTransaction(pool, async (client) => {
    await lockEndpoint(client, actor, id);
    await client.query('UPDATE webhook_endpoint SET status = $2, disabled_reason = $3, failing_since = NULL WHERE id = $1', [
      id,
      enabled ? 'active' : 'disabled',
      enabled ? null : 'owner',
    ]);
    if (!enabled) await failPending(client, id, 'The endpoint was disabled.');
    await audit(client, actor, enabled ? 'webhook.enable' : 'webhook.disable', id, {});
  });
}

export async function deleteEndpoint(pool: Pool, actor: Actor, id: string): Promise<void> {
  requirePermission(actor, 'webhooks:write');
  await inTransaction(pool, async (client) => {
    await lockEndpoint(client, actor, id);
    await client.query(`UPDATE webhook_endpoint SET status = 'deleted', disabled_reason = NULL WHERE id = $1`, [id]);
    await client.query('DELETE FROM webhook_secret WHERE owner_id = $1', [id]);
    await failPending(client, id, 'The endpoint was deleted.');
    await audit(client, actor, 'webhook.delete', id, {});
  });
}

/** Sends a message at once, under its old id, and again on the schedule while it fails. */
export async function resendMessage(pool: Pool, actor: Actor, id: string): Promise<void> {
  requirePermission(actor, 'webhooks:write');
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ receiver: string | null }>(
      `SELECT webhook_endpoint.status AS receiver FROM webhook_delivery LEFT JOIN webhook_endpoint ON webhook_endpoint.id = endpoint_id
       WHERE webhook_delivery.id = $1 AND webhook_delivery.account_id = $2 FOR UPDATE OF webhook_delivery`,
      [requireUuid(id), actor.accountId],
    );
    if (!rows[0]) throw new GatewayError('not_found', 'No such delivery.', { param: 'id' });
    requireActive(rows[0].receiver ?? 'active');
    await client.query(`UPDATE webhook_delivery SET status = 'pending', retries = 0, next_at = now(), delivered_at = NULL WHERE id = $1`, [
      id,
    ]);
    await audit(client, actor, 'webhook.resend', id, {});
  });
}

/** Returns the delivery's id. */
export async function sendTestMessage(pool: Pool, actor: Actor, endpointId: string): Promise<string> {
  requirePermission(actor, 'webhooks:write');
  return inTransaction(pool, async (client) => {
    requireActive(await lockEndpoint(client, actor, endpointId));
    await checkTestRate(client, endpointId);
    const data = { message: 'This is a test. Nothing happened.' };
    return queueToEndpoint(client, { accountId: actor.accountId, type: TEST_EVENT, data }, endpointId);
  });
}

async function checkTestRate(client: PoolClient, endpointId: string): Promise<void> {
  const { rows } = await client.query<{ sent: number }>(
    `SELECT count(*)::int AS sent FROM webhook_delivery
     WHERE endpoint_id = $1 AND event_type = $2 AND created_at > now() - interval '1 minute'`,
    [endpointId, TEST_EVENT],
  );
  if ((rows[0]?.sent ?? 0) < MAX_TESTS_A_MINUTE) return;
  const message = `At most ${MAX_TESTS_A_MINUTE} test messages a minute go to an endpoint.`;
  throw new GatewayError('rate_limit_exceeded', message, { retryAfterMs: 60_000 });
}

/** Throws `invalid_request` for a URL that will never be called. Its address is checked again each time that it is. */
export async function checkReceiver(egress: EgressClient, url: string, param: string): Promise<void> {
  if (url.length > MAX_URL_LENGTH) throw new GatewayError('invalid_request', `${param} is too long.`, { param });
  await egress.check(url).catch((cause: unknown) => {
    if (!(cause instanceof EgressRefused)) throw cause;
    throw new GatewayError('invalid_request', `Invalid '${param}': ${cause.message}.`, { param, cause });
  });
}

function checkEventTypes(types: readonly string[]): void {
  const known: readonly string[] = EVENT_TYPES;
  const wrong = types.find((type) => !known.includes(type));
  if (wrong === undefined) return;
  throw new GatewayError('invalid_request', `eventTypes has an unknown type. There are: ${EVENT_TYPES.join(', ')}.`, {
    param: 'eventTypes',
  });
}

/** Its status. */
async function lockEndpoint(client: PoolClient, actor: Actor, id: string): Promise<string> {
  const { rows } = await client.query<{ status: string }>(
    `SELECT status FROM webhook_endpoint WHERE id = $1 AND account_id = $2 AND status <> 'deleted' FOR UPDATE`,
    [requireUuid(id), actor.accountId],
  );
  if (!rows[0]) throw new GatewayError('not_found', 'No such endpoint.', { param: 'id' });
  return rows[0].status;
}

function requireActive(status: string): void {
  if (status !== 'active')
    throw new GatewayError('conflict', 'The endpoint is disabled or deleted: nothing is sent to it.', { param: 'id' });
}

async function audit(client: PoolClient, actor: Actor, action: string, subjectId: string, detail: object): Promise<void> {
  await client.query(
    `INSERT INTO audit_log (id, account_id, actor_user_id, actor_address, action, subject_type, subject_id, detail)
     VALUES ($1, $2, $3, $4, $5, 'webhook', $6, $7)`,
    [newId(), actor.accountId, actor.userId, actor.address, action, subjectId, detail],
  );
}
