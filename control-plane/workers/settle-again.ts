/**
 * An operator settles a quarantined event after all: the price that it named is known now, the key was restored. It is judged anew, by
 * today's facts, as strictly as at first, and settles as if it had just arrived: a lease that has ended meanwhile pays nothing, and the
 * rest is `platform_loss`. Settlement, the note on the quarantine and the audit line commit together; what is still refused moves nothing.
 */
import type { Pool, PoolClient } from 'pg';
import { GatewayError } from '../../shared/errors.js';
import { auditAccount } from '../modules/audit/audit-account.js';
import type { SettleAgain } from '../modules/billing/settle-again.js';
import { inTransaction } from '../modules/billing/transaction.js';
import { requirePermission } from '../modules/permissions.js';
import { type CheckedEvent, checkEvent } from './ingest-usage-check.js';
import { UsageFacts } from './ingest-usage-facts.js';
import { findUnsettled, settleFresh } from './ingest-usage-settle.js';

interface QuarantineRow {
  node_id: string | null;
  epoch: string | null;
  reason: string;
  event: string;
  resolved: boolean;
}

/** Their sequence or their id belongs to another request, which was settled: there is nothing to settle again. */
const TAKEN = new Set(['sequence_reused', 'request_reused']);

/** Throws `forbidden`, `not_found`, `conflict` when it was resolved or settled before, `unprocessable` when it is still refused. */
export function createSettleAgain(pool: Pool): SettleAgain {
  return async (actor, quarantineId, reason) => {
    requirePermission(actor, 'operator');
    await inTransaction(pool, async (client) => {
      const row = await lockQuarantined(client, quarantineId);
      const checked = await judge(pool, row);
      const { requestId, accountId } = checked.event;
      if ((await findUnsettled(client, [requestId])).size === 0) throw new GatewayError('conflict', 'This request was settled before.');
      const [refused] = await settleFresh(client, [checked]);
      if (refused) throw stillRefused(refused.reason, refused.detail);
      await client.query('UPDATE quarantine SET resolved_at = now(), resolution = $2 WHERE id = $1', [
        quarantineId,
        `Settled again: ${reason}`,
      ]);
      await auditAccount(client, actor, 'quarantine.settle', accountId, { quarantineId: quarantineId.toString(), requestId, reason });
    });
  };
}

async function lockQuarantined(client: PoolClient, id: bigint): Promise<QuarantineRow> {
  const { rows } = await client.query<QuarantineRow>(
    'SELECT node_id, epoch, reason, event, resolved_at IS NOT NULL AS resolved FROM quarantine WHERE id = $1 FOR UPDATE',
    [id],
  );
  const [row] = rows;
  if (!row) throw new GatewayError('not_found', 'There is no such event.');
  if (row.resolved) throw new GatewayError('conflict', 'Somebody has dealt with this event.');
  if (TAKEN.has(row.reason)) throw stillRefused(row.reason, 'another request was settled in its place');
  return row;
}

async function judge(pool: Pool, { node_id: nodeId, epoch, event, reason }: QuarantineRow): Promise<CheckedEvent> {
  if (nodeId === null || epoch === null) throw stillRefused(reason, 'it is no event');
  const raw: unknown = JSON.parse(event);
  const { keyId, priceRevision } = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  // Facts of its own: what was unknown then may be remembered as unknown.
  const facts = new UsageFacts(pool);
  await facts.load(
    new Set(typeof keyId === 'string' && UUID.test(keyId) ? [keyId] : []),
    new Set(typeof priceRevision === 'number' && Number.isSafeInteger(priceRevision) ? [priceRevision] : []),
  );
  const judged = checkEvent({ nodeId, epoch: Number(epoch), raw }, facts);
  if ('reason' in judged) throw stillRefused(judged.reason, judged.detail);
  return judged;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function stillRefused(reason: string, detail: string): GatewayError {
  return new GatewayError('unprocessable', `It is still refused: ${reason} (${detail}).`);
}
