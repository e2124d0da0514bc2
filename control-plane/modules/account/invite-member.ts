import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { recordAudit } from '../audit/record-audit.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, ROLES, type Role, requirePermission } from '../permissions.js';
import { Account } from './account.entity.js';
import type { MailServices } from './change-password.js';
import { normaliseEmail } from './credentials.js';
import { Invitation } from './invitation.entity.js';
import { Membership } from './membership.entity.js';
import { hashToken } from './sign-session.js';
import { User } from './user.entity.js';

const INVITATION_DAYS = 7;
/** Open ones per account. */
const MAX_OPEN = 100;

/** Ownership is given to a member, never by mail. */
export async function inviteMember(
  em: EntityManager,
  services: MailServices,
  actor: Actor,
  emailText: string,
  role: string,
): Promise<Invitation> {
  requirePermission(actor, 'members:write');
  const email = normaliseEmail(emailText);
  const invitation = new Invitation();
  const token = randomBytes(32).toString('base64url');
  const account = await em.findOneOrFail(Account, { id: actor.accountId });
  if ((await em.count(Invitation, openOf(actor.accountId))) >= MAX_OPEN)
    throw new GatewayError('conflict', `An account has at most ${MAX_OPEN} open invitations.`);
  Object.assign(invitation, { accountId: actor.accountId, email, role: requireInvitableRole(role), invitedBy: actor.userId });
  invitation.tokenHash = hashToken(token);
  invitation.expiresAt = new Date(Date.now() + INVITATION_DAYS * 24 * 3_600_000);
  await em.transactional(async (transaction) => {
    transaction.persist(invitation);
    await transaction.flush();
    await audit(transaction, actor, 'member.invite', invitation.id, { email, role });
  });
  services.mailer.send({
    to: email,
    subject: `You are invited to ${account.name}`,
    text: `You are invited to the account ${account.name}. Log in or register with this address, then open:\n\n${services.publicUrl}/invitation?token=${token}\n\nThe link works once, for ${INVITATION_DAYS} days.`,
  });
  return invitation;
}

export function listInvitations(em: EntityManager, actor: Actor): Promise<Invitation[]> {
  return em.find(Invitation, openOf(actor.accountId), { orderBy: { id: 'desc' } });
}

export async function revokeInvitation(em: EntityManager, actor: Actor, id: string): Promise<void> {
  requirePermission(actor, 'members:write');
  await em.transactional(async (transaction) => {
    const where = { id: requireUuid(id), accountId: actor.accountId, acceptedAt: null, revokedAt: null };
    if ((await transaction.nativeUpdate(Invitation, where, { revokedAt: new Date() })) === 0)
      throw new GatewayError('not_found', 'No such invitation.', { param: 'id' });
    await audit(transaction, actor, 'invitation.revoke', id, {});
  });
}

/** The token alone is not enough: it is for the address that it was sent to. Returns the account that was joined. */
export async function acceptInvitation(em: EntityManager, actor: Actor, token: string): Promise<Account> {
  return em.transactional(async (transaction) => {
    const user = await transaction.findOneOrFail(User, { id: actor.userId });
    const [row] = await transaction.execute<{ id: string; account_id: string; role: Role }[]>(
      `UPDATE invitation SET accepted_at = now() WHERE token_hash = ? AND email = lower(?) AND accepted_at IS NULL AND revoked_at IS NULL
       AND expires_at > now() RETURNING id, account_id, role`,
      [hashToken(token), user.email],
    );
    if (!row)
      throw new GatewayError('invalid_request', 'This invitation was used, has expired, or is for another address.', { param: 'token' });
    await transaction.execute(
      'INSERT INTO membership (account_id, user_id, role) VALUES (?, ?, ?) ON CONFLICT (account_id, user_id) DO NOTHING',
      [row.account_id, user.id, row.role],
    );
    await audit(transaction, { ...actor, accountId: row.account_id }, 'member.join', row.id, { role: row.role });
    return transaction.findOneOrFail(Account, { id: row.account_id });
  });
}

/** In the actor's account. Throws `conflict` rather than leave it without an owner. */
export async function changeMember(em: EntityManager, actor: Actor, userId: string, role: string | null): Promise<void> {
  const leaving = role === null && requireUuid(userId) === actor.userId;
  if (!leaving) requirePermission(actor, 'members:write');
  await em.transactional(async (transaction) => {
    const members = await lockMembers(transaction, actor.accountId);
    const member = members.find((row) => row.userId === requireUuid(userId));
    if (!member) throw new GatewayError('not_found', 'No such member.', { param: 'userId' });
    const touchesOwner = member.role === 'owner' || role === 'owner';
    if (touchesOwner && actor.role !== 'owner') throw new GatewayError('forbidden', 'Only an owner may change who owns the account.');
    if (member.role === 'owner' && role !== 'owner' && members.filter((row) => row.role === 'owner').length === 1)
      throw new GatewayError('conflict', 'An account must keep an owner. Make somebody else an owner first.');
    if (role === null) await removeMember(transaction, member);
    else await transaction.nativeUpdate(Membership, { accountId: member.accountId, userId: member.userId }, { role: requireRole(role) });
    await audit(transaction, actor, role === null ? 'member.remove' : 'member.role', userId, { role });
  });
}

/** The rows are locked in one order, so two owners cannot remove each other at once. */
async function lockMembers(em: EntityManager, accountId: string): Promise<Membership[]> {
  await em.execute('SELECT 1 FROM membership WHERE account_id = ? ORDER BY user_id FOR UPDATE', [accountId]);
  return em.find(Membership, { accountId }, { refresh: true });
}

async function removeMember(em: EntityManager, member: Membership): Promise<void> {
  await em.nativeDelete(Membership, { accountId: member.accountId, userId: member.userId });
  await em.execute(
    `UPDATE session SET revoked_at = now(), revoke_reason = 'revoked' WHERE account_id = ? AND user_id = ? AND revoked_at IS NULL`,
    [member.accountId, member.userId],
  );
}

function openOf(accountId: string) {
  return { accountId, acceptedAt: null, revokedAt: null, expiresAt: { $gt: new Date() } };
}

function requireRole(text: string): Role {
  const role = ROLES.find((one) => one === text);
  if (!role) throw new GatewayError('invalid_request', `role must be one of ${ROLES.join(', ')}.`, { param: 'role' });
  return role;
}

function requireInvitableRole(text: string): Exclude<Role, 'owner'> {
  const role = requireRole(text);
  if (role === 'owner')
    throw new GatewayError('invalid_request', 'Invite with another role, then make the member an owner.', { param: 'role' });
  return role;
}

async function audit(em: EntityManager, actor: Actor, action: string, subjectId: string, detail: Record<string, unknown>): Promise<void> {
  await recordAudit(em, actor, { action, subjectType: 'member', subjectId, accountId: actor.accountId, detail });
}
