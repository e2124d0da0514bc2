import type { EntityManager } from '@mikro-orm/postgresql';
import { hashApiKey, isWellFormedApiKey } from '../../../shared/api-key.js';
import { changeConfig } from '../../db/change-config.js';
import { recordAudit } from '../audit/record-audit.js';
import { ApiKey } from './api-key.entity.js';
import { touchesOf } from './create-api-key.js';

/**
 * Whoever found a key may have it revoked by showing it: a secret scanner needs no login. The answer never tells whether the key was
 * one of ours.
 */
export async function revokeLeakedKey(em: EntityManager, pepper: string, text: string, address: string): Promise<void> {
  if (!isWellFormedApiKey(text)) return;
  await changeConfig(em, null, async (transaction) => {
    const key = await transaction.findOne(ApiKey, { hash: hashApiKey(text, pepper), revokedAt: null });
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
