/**
 * Who may do what: one table, read by the GraphQL auth checker (before a resolver runs) and by the functions behind it (so that a
 * route or a worker that calls them is checked too). Pure.
 */
import { GatewayError } from '../../shared/errors.js';

export const ROLES = ['owner', 'admin', 'developer', 'billing', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls: read from the session and the database at each request, never from what a client sent. */
export interface Actor {
  readonly userId: string;
  readonly accountId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** Of the house, not of a customer. */
  readonly operator: boolean;
  readonly accountStatus: 'active' | 'suspended' | 'closed';
  readonly address: string;
}

const EVERYBODY: readonly Role[] = ROLES;
const PERMISSIONS = {
  'account:read': EVERYBODY,
  'account:write': ['owner', 'admin'],
  'account:close': ['owner'],
  'members:read': EVERYBODY,
  'members:write': ['owner', 'admin'],
  'keys:read': ['owner', 'admin', 'developer', 'viewer'],
  'keys:write': ['owner', 'admin', 'developer'],
  'usage:read': EVERYBODY,
  'billing:read': ['owner', 'admin', 'billing', 'viewer'],
  'billing:write': ['owner', 'admin', 'billing'],
  'batches:read': ['owner', 'admin', 'developer', 'viewer'],
  'batches:write': ['owner', 'admin', 'developer'],
  'webhooks:read': ['owner', 'admin', 'developer', 'viewer'],
  'webhooks:write': ['owner', 'admin', 'developer'],
  'audit:read': ['owner', 'admin'],
  /** Operators only, whatever their role in an account. */
  operator: [],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

export function isPermission(text: string): text is Permission {
  return Object.hasOwn(PERMISSIONS, text);
}

export function allows(actor: Actor, permission: Permission): boolean {
  if (permission === 'operator') return actor.operator;
  return (PERMISSIONS[permission] as readonly Role[]).includes(actor.role);
}

/** Throws `forbidden`; for a write, `account_suspended` when the account is not active (reading and paying stay open). */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (!allows(actor, permission)) throw new GatewayError('forbidden', `Your role does not allow this (${permission}).`);
  const changes = permission.endsWith(':write') && permission !== 'billing:write';
  if (changes && actor.accountStatus !== 'active')
    throw new GatewayError('account_suspended', 'This account is suspended. Contact support to have it reopened.');
}
