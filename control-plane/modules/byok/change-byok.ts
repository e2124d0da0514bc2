import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { type ConfigTouch, changeConfig } from '../../db/change-config.js';
import { recordAudit } from '../audit/record-audit.js';
import type { EgressClient } from '../egress/egress-client.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, requirePermission } from '../permissions.js';
import { ByokCredential } from './byok.entity.js';
import type { ByokInput } from './byok.shapes.js';
import type { Kms } from './kms.js';
import { checkByok, saveByok } from './save-byok.js';

export async function createByok(
  em: EntityManager,
  { kms, egress }: { readonly kms: Kms; readonly egress: EgressClient },
  actor: Actor,
  apiKeyId: string | null,
  input: ByokInput,
): Promise<ByokCredential> {
  requirePermission(actor, 'keys:write');
  const checked = await checkByok(em, egress, input);
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    if (apiKeyId !== null) await requireLiveKey(transaction, actor.accountId, apiKeyId);
    const credential = await saveByok(transaction, kms, { accountId: actor.accountId, apiKeyId }, checked);
    await transaction.flush();
    await auditByok(transaction, actor, 'byok.create', credential);
    return { result: credential, touched: touchesOf(credential) };
  });
  return result;
}

export async function deleteByok(em: EntityManager, actor: Actor, id: string): Promise<void> {
  requirePermission(actor, 'keys:write');
  await changeConfig(em, actor.userId, async (transaction) => {
    const where = { id: requireUuid(id), accountId: actor.accountId, deletedAt: null };
    const credential = await transaction.findOne(ByokCredential, where);
    if (!credential) throw new GatewayError('not_found', 'No such credential.', { param: 'id' });
    credential.deletedAt = new Date();
    await auditByok(transaction, actor, 'byok.delete', credential);
    return { result: null, touched: touchesOf(credential) };
  });
}

/** A key's own credential travels in the key's policy, the account's in the account's. */
function touchesOf(credential: ByokCredential): ConfigTouch[] {
  return credential.apiKeyId === null
    ? [{ kind: 'account', subjectType: 'byok_credential', subjectId: credential.accountId }]
    : [{ kind: 'key', subjectType: 'byok_credential', subjectId: credential.apiKeyId }];
}

async function requireLiveKey(em: EntityManager, accountId: string, apiKeyId: string): Promise<void> {
  const rows = await em.execute<unknown[]>('SELECT 1 FROM api_key WHERE id = ? AND account_id = ? AND revoked_at IS NULL', [
    requireUuid(apiKeyId),
    accountId,
  ]);
  if (rows.length === 0) throw new GatewayError('not_found', 'No such key.', { param: 'apiKeyId' });
}

async function auditByok(em: EntityManager, actor: Actor, action: string, credential: ByokCredential): Promise<void> {
  const detail = { provider: credential.vendorId, last4: credential.last4, apiKeyId: credential.apiKeyId };
  await recordAudit(em, actor, {
    action,
    subjectType: 'byok_credential',
    subjectId: credential.id,
    accountId: credential.accountId,
    detail,
  });
}
