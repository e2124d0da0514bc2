/** What may happen to a key after it was made: scope, pause, rotation, revocation. Each is one revision that nodes must apply. */
import type { EntityManager } from '@mikro-orm/postgresql';
import { mintApiKey } from '../../../shared/api-key.js';
import { GatewayError } from '../../../shared/errors.js';
import { REVOCATION_WAIT_MS } from '../../../shared/node-status.js';
import { changeConfig } from '../../db/change-config.js';
import { recordAudit } from '../audit/record-audit.js';
import { copyByok } from '../byok/save-byok.js';
import type { Fleet } from '../fleet/fleet.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, requirePermission } from '../permissions.js';
import { ApiKey } from './api-key.entity.js';
import type { CreatedApiKey, RevokedApiKey, UpdateApiKeyInput } from './api-key.shapes.js';
import { applyScope, checkName } from './check-scope.js';
import { type KeyServices, touchesOf } from './create-api-key.js';

/** A week: longer, and the old key is simply a second key. */
const MAX_GRACE_SECONDS = 7 * 24 * 3600;

/** Resolves once every live node has acknowledged, or after 2 s; says how many did. Revoking again answers likewise. */
export async function revokeApiKey(em: EntityManager, fleet: Fleet, actor: Actor, id: string): Promise<RevokedApiKey> {
  requireKeyPermission(actor);
  const { result: key, revision } = await changeConfig(em, actor.userId, async (transaction) => {
    const key = await findRevocableKey(transaction, actor, id);
    if (!key.revokedAt) {
      key.revokedAt = new Date();
      key.revokeReason = key.accountId === actor.accountId ? 'owner' : 'operator';
      await auditKey(transaction, actor, 'key.revoke', key);
    }
    return { result: key, touched: touchesOf(key) };
  });
  return { id: key.id, ...(await fleet.acknowledgementsOf(revision, REVOCATION_WAIT_MS)) };
}

/** A new key with the same scope, vendor keys and budgets, of which what was spent stays spent; the old one works for `graceSeconds` more (0: not at all). */
export async function rotateApiKey(
  em: EntityManager,
  services: KeyServices,
  actor: Actor,
  id: string,
  graceSeconds: number,
): Promise<CreatedApiKey> {
  requirePermission(actor, 'keys:write');
  if (graceSeconds < 0 || graceSeconds > MAX_GRACE_SECONDS)
    throw new GatewayError('invalid_request', `graceSeconds must be between 0 and ${MAX_GRACE_SECONDS}.`, { param: 'graceSeconds' });
  const { result, revision } = await changeConfig(em, actor.userId, async (transaction) => {
    const old = await findOwnKey(transaction, actor, id);
    if (old.status() !== 'active' || old.replacedBy)
      throw new GatewayError('conflict', 'Only an active key that was not rotated yet can be rotated.');
    const minted = mintApiKey(services.apiKeyPepper, { test: old.test });
    const apiKey = successorOf(old, actor.userId, minted);
    transaction.persist(apiKey);
    await transaction.flush();
    await copyByok(transaction, services.kms, old.id, apiKey.id);
    old.replacedBy = apiKey.id;
    if (graceSeconds === 0) Object.assign(old, { revokedAt: new Date(), revokeReason: 'owner' });
    else old.expiresAt = earlier(old.expiresAt, new Date(Date.now() + graceSeconds * 1000));
    await transaction.flush();
    await auditKey(transaction, actor, 'key.rotate', old);
    return { result: { key: minted.key, apiKey }, touched: [...touchesOf(apiKey), ...touchesOf(old)] };
  });
  await services.fleet.acknowledgementsOf(revision, REVOCATION_WAIT_MS);
  return result;
}

export async function updateApiKey(em: EntityManager, actor: Actor, id: string, input: UpdateApiKeyInput): Promise<ApiKey> {
  requirePermission(actor, 'keys:write');
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    const key = await findOwnKey(transaction, actor, id);
    if (key.revokedAt) throw new GatewayError('conflict', 'A revoked key cannot be changed.');
    key.name = checkName(input.name);
    await applyScope(transaction, key, input);
    await auditKey(transaction, actor, 'key.update', key);
    return { result: key, touched: touchesOf(key) };
  });
  return result;
}

/** Paused keys are refused until resumed, by the owner or (burn-rate breaker) by the house. */
export async function pauseApiKey(em: EntityManager, actor: Actor, id: string, paused: boolean): Promise<ApiKey> {
  requirePermission(actor, 'keys:write');
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    const key = await findOwnKey(transaction, actor, id);
    if (key.revokedAt) throw new GatewayError('conflict', 'A revoked key cannot be paused or resumed.');
    key.pausedAt = paused ? (key.pausedAt ?? new Date()) : null;
    key.pauseReason = paused ? (key.pauseReason ?? 'owner') : null;
    if (!paused) key.resumedAt = new Date();
    await auditKey(transaction, actor, paused ? 'key.pause' : 'key.resume', key);
    return { result: key, touched: touchesOf(key) };
  });
  return result;
}

/** Another account's key is a key that does not exist. */
async function findOwnKey(em: EntityManager, actor: Actor, id: string): Promise<ApiKey> {
  return found(await em.findOne(ApiKey, { id: requireUuid(id), accountId: actor.accountId }));
}

/** An operator may revoke anybody's. */
async function findRevocableKey(em: EntityManager, actor: Actor, id: string): Promise<ApiKey> {
  return actor.operator ? found(await em.findOne(ApiKey, { id: requireUuid(id) })) : findOwnKey(em, actor, id);
}

function found(key: ApiKey | null): ApiKey {
  if (!key) throw new GatewayError('not_found', 'No such key.', { param: 'id' });
  return key;
}

/** Revoking stays open to a suspended account: it can only make things safer. */
function requireKeyPermission(actor: Actor): void {
  requirePermission({ ...actor, accountStatus: 'active' }, 'keys:write');
}

function successorOf(old: ApiKey, userId: string, minted: { prefix: string; last4: string; hash: Buffer }): ApiKey {
  const key = new ApiKey();
  const { accountId, name, test, models, ipAllowlist, regions, requestsPerMinute, tokensPerMinute, concurrency } = old;
  const { dailyNano, monthlyNano, totalNano, expiresAt, lineageId } = old;
  Object.assign(key, { accountId, name, test, models, ipAllowlist, regions, requestsPerMinute, tokensPerMinute, concurrency });
  Object.assign(key, { dailyNano, monthlyNano, totalNano, expiresAt, lineageId });
  Object.assign(key, { createdBy: userId, prefix: minted.prefix, last4: minted.last4, hash: minted.hash });
  return key;
}

function earlier(left: Date | null, right: Date): Date {
  return left && left < right ? left : right;
}

async function auditKey(em: EntityManager, actor: Actor, action: string, key: ApiKey): Promise<void> {
  const detail = { name: key.name, last4: key.last4 };
  await recordAudit(em, actor, { action, subjectType: 'api_key', subjectId: key.id, accountId: key.accountId, detail });
}
