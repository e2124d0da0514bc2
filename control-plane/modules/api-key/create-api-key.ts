import type { EntityManager } from '@mikro-orm/postgresql';
import { mintApiKey } from '../../../shared/api-key.js';
import { GatewayError } from '../../../shared/errors.js';
import { REVOCATION_WAIT_MS } from '../../../shared/node-status.js';
import { changeConfig } from '../../db/change-config.js';
import { recordAudit } from '../audit/record-audit.js';
import type { Kms } from '../byok/kms.js';
import { checkByok, saveByok } from '../byok/save-byok.js';
import type { EgressClient } from '../egress/egress-client.js';
import type { Fleet } from '../fleet/fleet.js';
import { type Actor, requirePermission } from '../permissions.js';
import { ApiKey } from './api-key.entity.js';
import type { CreateApiKeyInput, CreatedApiKey } from './api-key.shapes.js';
import { applyScope, checkName } from './check-scope.js';

/** Per account: a customer with more has a use that an account per team serves better. */
const MAX_KEYS = 1_000;

export interface KeyServices {
  readonly kms: Kms;
  readonly egress: EgressClient;
  readonly apiKeyPepper: string;
  readonly fleet: Fleet;
}

/** Resolves once every live node knows the key, or after 2 s: the key that is shown works at once. */
export async function createApiKey(
  em: EntityManager,
  services: KeyServices,
  actor: Actor,
  input: CreateApiKeyInput,
): Promise<CreatedApiKey> {
  requirePermission(actor, 'keys:write');
  const vendorKeys = await Promise.all((input.byok ?? []).map((byok) => checkByok(em, services.egress, byok)));
  const created = await changeConfig(em, actor.userId, async (transaction) => {
    await requireRoom(transaction, actor.accountId);
    const minted = mintApiKey(services.apiKeyPepper, { test: input.test ?? false });
    const apiKey = new ApiKey();
    Object.assign(apiKey, { prefix: minted.prefix, last4: minted.last4, hash: minted.hash });
    apiKey.accountId = actor.accountId;
    apiKey.createdBy = actor.userId;
    apiKey.test = input.test ?? false;
    apiKey.name = checkName(input.name);
    await applyScope(transaction, apiKey, input);
    transaction.persist(apiKey);
    await transaction.flush();
    for (const vendorKey of vendorKeys)
      await saveByok(transaction, services.kms, { accountId: actor.accountId, apiKeyId: apiKey.id }, vendorKey);
    await transaction.flush();
    await recordAudit(transaction, actor, {
      action: 'key.create',
      subjectType: 'api_key',
      subjectId: apiKey.id,
      accountId: actor.accountId,
      detail: { name: apiKey.name, last4: apiKey.last4, byok: vendorKeys.map((vendorKey) => vendorKey.vendorId) },
    });
    return { result: { key: minted.key, apiKey }, touched: touchesOf(apiKey) };
  });
  await services.fleet.acknowledgementsOf(created.revision, REVOCATION_WAIT_MS);
  return created.result;
}

/** A key's account goes out with it: nodes may not know the account yet. */
export function touchesOf(key: { readonly id: string; readonly accountId: string }) {
  return [
    { kind: 'key', subjectType: 'api_key', subjectId: key.id },
    { kind: 'account', subjectType: 'account', subjectId: key.accountId },
  ] as const;
}

async function requireRoom(em: EntityManager, accountId: string): Promise<void> {
  if ((await em.count(ApiKey, { accountId, revokedAt: null })) >= MAX_KEYS)
    throw new GatewayError('conflict', `An account has at most ${MAX_KEYS} keys. Revoke one first.`);
}
