import type { Pool } from 'pg';
import type { NodeStatus } from '../../../shared/node-status.js';
import { parseStatus } from './parse-status.js';

/** Upserts nodes that were just heard. PostgreSQL's clock says when; an older epoch never replaces a newer one. */
export async function recordNodes(pool: Pool, statuses: readonly NodeStatus[]): Promise<void> {
  if (statuses.length === 0) return;
  const rows = statuses.map((status) => ({
    id: status.nodeId,
    region: status.region,
    url: status.url,
    version: status.version,
    epoch: status.epoch,
    status,
  }));
  await pool.query(
    `INSERT INTO node (id, region, url, version, epoch, status)
     SELECT id, region, url, version, epoch, status
     FROM jsonb_to_recordset($1::jsonb) AS heard (id text, region text, url text, version text, epoch bigint, status jsonb)
     ORDER BY id
     ON CONFLICT (id) DO UPDATE SET region = excluded.region, url = excluded.url, version = excluded.version, epoch = excluded.epoch,
       status = excluded.status, last_seen_at = now()
     WHERE node.epoch <= excluded.epoch`,
    [JSON.stringify(rows)],
  );
}

/** What other control planes heard within the last seconds. */
export async function readRecentNodes(pool: Pool, withinMs: number): Promise<NodeStatus[]> {
  const { rows } = await pool.query<{ status: unknown }>(
    `SELECT status FROM node WHERE last_seen_at > now() - $1 * interval '1 millisecond'`,
    [withinMs],
  );
  return rows.flatMap((row) => parseStatus(row.status) ?? []);
}
