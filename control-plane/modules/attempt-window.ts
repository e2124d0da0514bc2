/**
 * So many tries an hour, counted in PostgreSQL in one statement: parallel requests, a second control plane or a restart give no more.
 * A refused try does not prolong the window. An IPv6 address counts as its /64, which one customer has to themselves.
 */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Pool } from 'pg';
import { GatewayError } from '../../shared/errors.js';

const PREFIX_PARTS = 4;
/** Far more than anybody counts; keeps the column from overflowing. */
const MOST = 1_000_000;

/** Throws `rate_limit_exceeded` when `subject` had its tries. */
export async function takeAttempt(pool: Pick<Pool, 'query'>, subject: string, perHour: number, refusal: string): Promise<void> {
  const { rows } = await pool.query<{ attempts: number; left_ms: number }>(
    `INSERT INTO attempt_window AS known (subject, attempts) VALUES ($1, 1)
     ON CONFLICT (subject) DO UPDATE SET
       attempts = CASE WHEN known.started_at < now() - interval '1 hour' THEN 1 ELSE least(known.attempts + 1, $2) END,
       started_at = CASE WHEN known.started_at < now() - interval '1 hour' THEN now() ELSE known.started_at END
     RETURNING attempts, (extract(epoch FROM started_at + interval '1 hour' - now()) * 1000)::float8 AS left_ms`,
    [subject, MOST],
  );
  const [row] = rows;
  if (row === undefined || row.attempts <= perHour) return;
  const retryAfterMs = Math.max(1_000, Math.ceil(row.left_ms));
  throw new GatewayError('rate_limit_exceeded', `${refusal} Try again in ${Math.ceil(retryAfterMs / 60_000)} min.`, { retryAfterMs });
}

/** What an address is counted as. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  return `${parsed.parts
    .slice(0, PREFIX_PARTS)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/** Windows and back-offs of logins that are over by a day. */
export async function forgetAttempts(pool: Pick<Pool, 'query'>): Promise<void> {
  await pool.query(`DELETE FROM attempt_window WHERE started_at < now() - interval '1 day'`);
  await pool.query(`DELETE FROM login_backoff WHERE last_failed_at < now() - interval '1 day'`);
}
