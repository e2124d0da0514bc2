/**
 * The auth checker of every resolver: `@Authorized('keys:write')` asks the one table of `modules/permissions.ts`, `@Authorized()` asks
 * only for a session. The functions behind resolvers check again. Pure.
 */
import type { AuthCheckerFn } from 'type-graphql';
import { GatewayError } from '../../shared/errors.js';
import { requireActor } from '../modules/actor.js';
import type { RequestContext } from '../modules/context.js';
import { allows, isPermission } from '../modules/permissions.js';

/** Throws `invalid_session` for nobody and `forbidden` for a role without the permission. */
export const authorize: AuthCheckerFn<RequestContext, string> = ({ context }, permissions) => {
  const actor = requireActor(context);
  for (const permission of permissions) {
    if (!isPermission(permission)) throw new Error(`unknown permission ${permission}`);
    if (!allows(actor, permission)) throw new GatewayError('forbidden', `Your role does not allow this (${permission}).`);
  }
  return true;
};
