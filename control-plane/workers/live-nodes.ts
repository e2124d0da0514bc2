import type { Pool } from 'pg';
import { NODE_LIVE_MS } from '../../shared/node-status.js';

/** The count decides only how a wallet is shared out: a few seconds old is as good, and saves a query per grant. */
const CACHE_MS = 5_000;
const cached = new WeakMap<Pool, { readonly count: number; readonly untilMs: number }>();

/** Nodes that reported within NODE_LIVE_MS; at least 1. */
export async function countLiveNodes(pool: Pool): Promise<number> {
  const known = cached.get(pool);
  if (known && performance.now() < known.untilMs) return known.count;
  const { rows } = await pool.query<{ count: string }>(
    `SELECT count(*) FROM node WHERE last_seen_at > now() - $1 * interval '1 millisecond'`,
    [NODE_LIVE_MS],
  );
  const count = Math.max(1, Number(rows[0]?.count ?? 0));
  cached.set(pool, { count, untilMs: performance.now() + CACHE_MS });
  return count;
}
