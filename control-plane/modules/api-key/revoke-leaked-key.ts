import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { hashApiKey, isWellFormedApiKey } from '../../../shared/api-key.js';
import { changeConfig } from '../../db/change-config.js';
import { networkOf, takeAttempt } from '../attempt-window.js';
import { recordAudit } from '../audit/record-audit.js';
import { ApiKey } from './api-key.entity.js';
import { touchesOf } from './create-api-key.js';

/** A scanner of a code host sends many from one address; somebody who guesses sends millions. */
const REPORTS_PER_HOUR = 1_000;

interface LeakServices {
  readonly pool: Pool;
  readonly apiKeyPepper: string;
}

/**
 * Whoever found a key may have it revoked by showing it: a secret scanner needs no login. The answer never tells whether the key was
 * one of ours.
 */
export async function revokeLeakedKey(em: EntityManager, services: LeakServices, text: string, address: string): Promise<void> {
  if (!isWellFormedApiKey(text)) return;
  await takeAttempt(services.pool, `leak:${networkOf(address)}`, REPORTS_PER_HOUR, 'Too many keys were reported from your address.');
  await changeConfig(em, null, async (transaction) => {
    const key = await transaction.findOne(ApiKey, { hash: hashApiKey(text, services.apiKeyPepper), revokedAt: null });
    if (!key) return { result: null, touched: [] };
    key.revokedAt = new Date();
    key.revokeReason = 'leaked';
    const detail = { last4: key.last4, reportedFrom: address };
    await recordAudit(transaction, null, {
      action: 'key.leaked',
      subjectType: 'api_key',
      subjectId: key.id,
      accountId: key.accountId,
      detail,
    });
    return { result: null, touched: touchesOf(key) };
  });
}
