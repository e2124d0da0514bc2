import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { changeConfig } from '../../db/change-config.js';
import { requireOneOf } from '../assign-present.js';
import { recordAudit } from '../audit/record-audit.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, requirePermission } from '../permissions.js';
import { Account } from './account.entity.js';
import { Membership } from './membership.entity.js';
import { type Caller, type OpenedSession, openSession } from './open-session.js';
import type { SessionSigner } from './sign-session.js';
import { User } from './user.entity.js';

export interface AccountChange {
  readonly name?: string | null;
  readonly dataCollection?: string | null;
}

export async function updateAccount(em: EntityManager, actor: Actor, change: AccountChange): Promise<Account> {
  requirePermission(actor, 'account:write');
  const { name, dataCollection } = change;
  const { result } = await changeConfig(em, actor.userId, async (transaction) => {
    const account = await transaction.findOneOrFail(Account, { id: actor.accountId });
    if (name !== undefined && name !== null) account.name = requireAccountName(name);
    if (dataCollection !== undefined && dataCollection !== null) {
      requireOneOf('dataCollection', dataCollection, ['allow', 'deny']);
      account.dataCollection = dataCollection === 'deny' ? 'deny' : 'allow';
    }
    await transaction.flush();
    const detail = { name: account.name, dataCollection: account.dataCollection };
    await recordAudit(transaction, actor, {
      action: 'account.update',
      subjectType: 'account',
      subjectId: account.id,
      accountId: account.id,
      detail,
    });
    return { result: account, touched: [{ kind: 'account', subjectType: 'account', subjectId: account.id }] };
  });
  return result;
}

/** Another account of the same person: a session of its own there. Throws `not_found` for one that they are not in. */
export async function switchAccount(
  em: EntityManager,
  signer: SessionSigner,
  actor: Actor,
  accountId: string,
  caller: Caller,
): Promise<OpenedSession> {
  const membership = await em.findOne(Membership, { accountId: requireUuid(accountId), userId: actor.userId });
  const account = membership && (await em.findOne(Account, { id: accountId, status: { $ne: 'closed' } }));
  if (!membership || !account) throw new GatewayError('not_found', 'No such account.', { param: 'accountId' });
  const user = await em.findOneOrFail(User, { id: actor.userId });
  return em.transactional((transaction) => openSession(transaction, signer, { user, account, membership }, caller));
}

function requireAccountName(name: string): string {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed.length > 200)
    throw new GatewayError('invalid_request', 'name must have 1 to 200 characters.', { param: 'name' });
  return trimmed;
}
