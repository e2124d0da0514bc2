/**
 * The burn-rate breaker: a key that suddenly spends many times what it usually does, and not only cents, is more often stolen or in a
 * loop than meant. It is paused, and its owners are told; one click resumes it. Keys without a history of their own are not judged: a
 * budget is the right bound for those.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { formatUsd, NANO_PER_USD, type NanoUsd } from '../../../shared/money.js';
import { changeConfig } from '../../db/change-config.js';
import { recordAudit } from '../audit/record-audit.js';
import type { Mailer } from '../mail/mailer.js';
import { queueEvent } from '../webhook/queue-event.js';
import { touchesOf } from './create-api-key.js';

const WINDOW_MINUTES = 10;
/** Below this in a window nobody is hurt. */
const FLOOR: NanoUsd = 5n * NANO_PER_USD;
/** A busy hour has some five times the average, a launch some ten. */
const TIMES_BASELINE = 20;
const BASELINE_DAYS = 7;
/** A key must have been used on so many earlier days to have a baseline. */
const MIN_DAYS = 2;
/** After its owner resumed it. */
const IMMUNE_HOURS = 24;

interface BurningKey {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly last4: string;
  readonly spent: string;
  readonly usual: string;
}

/** Request ids are UUID v7: those of the window are one range of the primary key. */
const BURNING = `
  WITH spent AS (
    SELECT key_id, sum(charge) AS spent FROM settlement
    WHERE request_id >= (lpad(to_hex((extract(epoch FROM now() - interval '${WINDOW_MINUTES} minutes') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
    GROUP BY key_id HAVING sum(charge) >= ${FLOOR}
  ), usual AS (
    SELECT key_id, sum(charge) * ${WINDOW_MINUTES} / (count(DISTINCT day) * 1440) AS usual
    FROM usage_rollup JOIN spent USING (key_id)
    WHERE day >= current_date - ${BASELINE_DAYS} AND day < current_date
    GROUP BY key_id HAVING count(DISTINCT day) >= ${MIN_DAYS}
  )
  SELECT api_key.id, api_key.account_id, name, last4, spent::bigint::text AS spent, usual::bigint::text AS usual
  FROM spent JOIN usual USING (key_id) JOIN api_key ON api_key.id = key_id
  WHERE spent > usual * ${TIMES_BASELINE} AND NOT test AND revoked_at IS NULL AND paused_at IS NULL
    AND (resumed_at IS NULL OR resumed_at < now() - interval '${IMMUNE_HOURS} hours')`;

/** Returns how many were paused. Safe to run in several processes: each key is paused once. */
export async function pauseBurningKeys(
  em: EntityManager,
  services: { readonly pool: Pool; readonly mailer: Mailer; readonly publicUrl: string },
): Promise<number> {
  const burning = await em.execute<BurningKey[]>(BURNING);
  for (const key of burning) {
    if (!(await pauseKey(em.fork(), key))) continue;
    await queueEvent(services.pool, {
      accountId: key.account_id,
      type: 'key.paused',
      data: { id: key.id, name: key.name, last4: key.last4, reason: 'burn_rate', spent_usd: formatUsd(BigInt(key.spent)) },
    });
    await tellOwners(em, services, key);
  }
  return burning.length;
}

async function pauseKey(em: EntityManager, key: BurningKey): Promise<boolean> {
  const { result } = await changeConfig(em, null, async (transaction) => {
    const paused = await transaction.execute<unknown[]>(
      `UPDATE api_key SET paused_at = now(), pause_reason = 'burn_rate' WHERE id = ? AND paused_at IS NULL RETURNING id`,
      [key.id],
    );
    if (paused.length === 0) return { result: false, touched: [] };
    const detail = { spentUsd: formatUsd(BigInt(key.spent)), usualUsd: formatUsd(BigInt(key.usual)), minutes: WINDOW_MINUTES };
    await recordAudit(transaction, null, {
      action: 'key.burn_rate',
      subjectType: 'api_key',
      subjectId: key.id,
      accountId: key.account_id,
      detail,
    });
    return { result: true, touched: touchesOf({ id: key.id, accountId: key.account_id }) };
  });
  return result;
}

async function tellOwners(
  em: EntityManager,
  { mailer, publicUrl }: { readonly mailer: Mailer; readonly publicUrl: string },
  key: BurningKey,
): Promise<void> {
  const owners = await em.execute<{ email: string }[]>(
    `SELECT email FROM membership JOIN app_user ON app_user.id = user_id WHERE account_id = ? AND role IN ('owner', 'admin') AND disabled_at IS NULL`,
    [key.account_id],
  );
  const spent = formatUsd(BigInt(key.spent));
  for (const { email } of owners)
    mailer.send({
      to: email,
      subject: `Your API key "${key.name}" was paused`,
      text: `The key "${key.name}" (...${key.last4}) spent $${spent} in ${WINDOW_MINUTES} minutes; usually it is $${formatUsd(BigInt(key.usual))}. It is paused: requests are refused until you resume it.\n\n${publicUrl}/keys\n\nIf it was not you, revoke it there and make a new one.`,
    });
}
