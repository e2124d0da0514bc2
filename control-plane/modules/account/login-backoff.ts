/**
 * Back-off of failed logins, by account and by address: five free, then 2^n seconds up to 15 minutes, on PostgreSQL's clock. A subject
 * is forgotten a day after its last failure. Counts in the database, so a second control plane or a restart gives no new tries.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { networkOf } from '../attempt-window.js';

const FREE_FAILURES = 5;
const MAX_BLOCK_SECONDS = 15 * 60;

export interface BackoffSubjects {
  readonly email?: string;
  readonly address: string;
}

function subjectsOf(subjects: BackoffSubjects): string[] {
  const address = `address:${networkOf(subjects.address)}`;
  return subjects.email === undefined ? [address] : [`email:${subjects.email.toLowerCase()}`, address];
}

/** Throws `rate_limit_exceeded` while one of the subjects is blocked. */
export async function requireNotBlocked(em: EntityManager, subjects: BackoffSubjects): Promise<void> {
  const names = subjectsOf(subjects);
  const [row] = await em.execute<{ wait_ms: number | null }[]>(
    `SELECT max(extract(epoch FROM blocked_until - now()) * 1000)::float8 AS wait_ms
     FROM login_backoff WHERE subject IN (${names.map(() => '?').join(', ')}) AND blocked_until > now()`,
    names,
  );
  const waitMs = row?.wait_ms ?? null;
  if (waitMs === null) return;
  const seconds = Math.ceil(waitMs / 1000);
  throw new GatewayError('rate_limit_exceeded', `Too many attempts. Try again in ${seconds} s.`, { retryAfterMs: Math.ceil(waitMs) });
}

/** Commits at once, whatever becomes of the request. */
export async function recordFailure(em: EntityManager, subjects: BackoffSubjects): Promise<void> {
  for (const subject of subjectsOf(subjects)) {
    await em.execute(
      `INSERT INTO login_backoff AS known (subject, failures, last_failed_at, blocked_until) VALUES (?, 1, now(), now())
       ON CONFLICT (subject) DO UPDATE SET
         failures = CASE WHEN known.last_failed_at < now() - interval '1 day' THEN 1 ELSE least(known.failures + 1, 1000) END,
         last_failed_at = now(),
         blocked_until = CASE
           WHEN known.last_failed_at < now() - interval '1 day' OR known.failures < ? THEN now()
           ELSE now() + least(power(2, least(known.failures + 1 - ?, 20)), ?) * interval '1 second' END`,
      [subject, FREE_FAILURES, FREE_FAILURES, MAX_BLOCK_SECONDS],
    );
  }
}

/** A successful login clears the account's count; the address keeps its own, or one good account would hide a thousand bad guesses. */
export async function clearFailures(em: EntityManager, email: string): Promise<void> {
  await em.execute('DELETE FROM login_backoff WHERE subject = ?', [`email:${email.toLowerCase()}`]);
}
