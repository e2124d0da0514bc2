import type { EntityManager } from '@mikro-orm/postgresql';
import type { Role } from '../permissions.js';
import { Account } from './account.entity.js';
import { Membership } from './membership.entity.js';
import { User } from './user.entity.js';

export async function listMembers(em: EntityManager, accountId: string): Promise<{ user: User; role: Role; createdAt: Date }[]> {
  const memberships = await em.find(Membership, { accountId }, { orderBy: { createdAt: 'asc' } });
  const users = new Map((await em.find(User, { id: { $in: memberships.map((row) => row.userId) } })).map((user) => [user.id, user]));
  return memberships.flatMap(({ userId, role, createdAt }) => {
    const user = users.get(userId);
    return user ? [{ user, role, createdAt }] : [];
  });
}

export async function listAccountsOf(em: EntityManager, userId: string): Promise<{ account: Account; role: Role }[]> {
  const memberships = await em.find(Membership, { userId }, { orderBy: { createdAt: 'asc' } });
  const where = { id: { $in: memberships.map((row) => row.accountId) }, status: { $ne: 'closed' as const } };
  const accounts = new Map((await em.find(Account, where)).map((account) => [account.id, account]));
  return memberships.flatMap(({ accountId, role }) => {
    const account = accounts.get(accountId);
    return account ? [{ account, role }] : [];
  });
}
