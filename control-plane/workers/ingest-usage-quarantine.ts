import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { raiseAlerts } from '../modules/billing/alert.js';
import { bytesArray, plainArray, textArray } from '../modules/billing/column-arrays.js';
import type { RefusedEvent } from './ingest-usage-check.js';

/** Keeps refused events whole, once each however often they come, and tells the operator once per node and reason. */
export async function quarantineEvents(client: ClientBase | Pool, refused: readonly RefusedEvent[]): Promise<void> {
  if (refused.length === 0) return;
  const { rows } = await client.query<{ node_id: string | null; reason: string; detail: string }>(
    `INSERT INTO quarantine (node_id, epoch, sequence, request_id, reason, detail, event, fingerprint)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])
     ON CONFLICT (fingerprint, reason) DO NOTHING RETURNING node_id, reason, detail`,
    [
      textArray(refused.map((event) => event.nodeId)),
      plainArray(refused.map((event) => event.epoch)),
      plainArray(refused.map((event) => event.sequence)),
      textArray(refused.map((event) => event.requestId)),
      plainArray(refused.map((event) => event.reason)),
      textArray(refused.map((event) => event.detail)),
      textArray(refused.map((event) => event.text)),
      bytesArray(refused.map((event) => fingerprintOf(event.text))),
    ],
  );
  await raiseAlerts(
    client,
    rows.map((row) => ({
      kind: 'usage_quarantined',
      subject: `${row.node_id ?? 'unknown node'}: ${row.reason}`,
      detail: row.detail,
      accountId: null,
    })),
  );
}

export function fingerprintOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
