import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { changeConfig } from '../../db/change-config.js';
import { findPage, type Page, type PageRequest, UUID_PATTERN } from '../../db/find-page.js';
import { recordAudit } from '../audit/record-audit.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, requirePermission } from '../permissions.js';
import { Account } from './account.entity.js';

/** By a member's email address, the account's name (parts of either) or its id. Newest first. */
export async function searchAccounts(em: EntityManager, actor: Actor, search: string | null, page: PageRequest): Promise<Page<Account>> {
  requirePermission(actor, 'operator');
  const order = { key: 'id', direction: 'desc', pattern: UUID_PATTERN } as const;
  const wanted = search?.trim() ?? '';
  if (wanted === '') return findPage(em, Account, {}, page, order);
  if (UUID_PATTERN.test(wanted)) return findPage(em, Account, { id: wanted }, page, order);
  const pattern = `%${wanted.replaceAll(/[\\%_]/g, '\\$&')}%`;
  const rows = await em.execute<{ account_id: string }[]>(
    `SELECT DISTINCT account_id FROM membership JOIN app_user ON app_user.id = user_id WHERE lower(email) LIKE lower(?) LIMIT 1000`,
    [pattern],
  );
  const where: FilterQuery<Account> = { $or: [{ name: { $ilike: pattern } }, { id: { $in: rows.map((row) => row.account_id) } }] };
  return findPage(em, Account, where, page, order);
}

/** Nodes refuse a suspended account's keys with 403; its people can still log in, read and pay. */
export async function suspendAccount(em: EntityManager, actor: Actor, id: string, suspended: boolean, reason: string): Promise<Account> {
  requirePermission(actor, 'operator');
  if (reason.trim() === '') throw new GatewayError('invalid_request', 'reason must say why.', { param: 'reason' });
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    const account = await transaction.findOne(Account, { id: requireUuid(id) });
    if (!account) throw new GatewayError('not_found', 'No such account.', { param: 'id' });
    if (account.status === 'closed') throw new GatewayError('conflict', 'A closed account stays closed.');
    account.status = suspended ? 'suspended' : 'active';
    await transaction.flush();
    const action = suspended ? 'account.suspend' : 'account.reopen';
    await recordAudit(transaction, actor, { action, subjectType: 'account', subjectId: id, accountId: id, detail: { reason } });
    return { result: account, touched: [{ kind: 'account', subjectType: 'account', subjectId: id }] };
  });
  return result;
}

export interface AccountLimits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** Of all keys of the account together; null is the gateway's default. */
export async function limitAccount(em: EntityManager, actor: Actor, id: string, limits: AccountLimits): Promise<Account> {
  requirePermission(actor, 'operator');
  for (const [param, value] of Object.entries(limits))
    if (value !== null && value < 1) throw new GatewayError('invalid_request', `${param} must be at least 1.`, { param });
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    const account = await transaction.findOne(Account, { id: requireUuid(id) });
    if (!account) throw new GatewayError('not_found', 'No such account.', { param: 'id' });
    Object.assign(account, limits);
    await transaction.flush();
    await recordAudit(transaction, actor, {
      action: 'account.limit',
      subjectType: 'account',
      subjectId: id,
      accountId: id,
      detail: { ...limits },
    });
    return { result: account, touched: [{ kind: 'account', subjectType: 'account', subjectId: id }] };
  });
  return result;
}
