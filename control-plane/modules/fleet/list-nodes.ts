import type { EntityManager } from '@mikro-orm/postgresql';
import type { NodeStatus } from '../../../shared/node-status.js';
import type { Fleet } from './fleet.js';
import type { FleetNode } from './fleet.shapes.js';
import { parseStatus } from './parse-status.js';

/** What PostgreSQL remembers, with what this process heard since. */
export async function listNodes(em: EntityManager, fleet: Fleet): Promise<FleetNode[]> {
  const newest = await newestRevision(em);
  const rows = await em.execute<{ status: unknown; last_seen_at: string }[]>(
    `SELECT status, last_seen_at FROM node WHERE last_seen_at > now() - interval '30 days' ORDER BY id`,
  );
  const heard = new Map(fleet.all().map((node) => [node.status.nodeId, node]));
  const nodes = rows.flatMap((row) => {
    const stored = parseStatus(row.status);
    if (!stored) return [];
    const known = heard.get(stored.nodeId);
    heard.delete(stored.nodeId);
    const lastSeenAt = known ? new Date(known.heardAtMs) : new Date(row.last_seen_at);
    return [toNode(known?.status ?? stored, fleet.isLive(stored.nodeId), lastSeenAt, newest)];
  });
  const unrecorded = [...heard.values()].map(({ status, heardAtMs }) =>
    toNode(status, fleet.isLive(status.nodeId), new Date(heardAtMs), newest),
  );
  return [...nodes, ...unrecorded];
}

async function newestRevision(em: EntityManager): Promise<number> {
  const [row] = await em.execute<{ revision: string | null }[]>('SELECT max(revision) AS revision FROM published_revision');
  return Number(row?.revision ?? 0);
}

function toNode(status: NodeStatus, live: boolean, lastSeenAt: Date, newest: number): FleetNode {
  return {
    id: status.nodeId,
    region: status.region,
    url: status.url,
    version: status.version,
    live,
    ready: status.ready,
    draining: status.draining,
    appliedRevision: status.appliedRevision,
    appliedFrom: status.appliedFrom,
    revisionsBehind: Math.max(0, newest - status.appliedRevision),
    rejected: status.rejected && `${status.rejected.revision}: ${status.rejected.reason}`,
    openRequests: status.openRequests,
    unacknowledged: status.spool.unacknowledged,
    spoolBytes: status.spool.bytes,
    silenceMs: status.silenceMs,
    endpoints: status.endpoints,
    startedAt: new Date(status.startedAtMs),
    lastSeenAt,
  };
}
