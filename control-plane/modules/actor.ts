import { GatewayError } from '../../shared/errors.js';
import type { RequestContext } from './context.js';
import type { Actor } from './permissions.js';

/** Who is signed in. Throws `invalid_session` for nobody: resolvers take the account from here, never from an argument. */
export function requireActor(context: RequestContext): Actor {
  if (!context.actor) throw new GatewayError('invalid_session', 'Log in first: send the token of /auth/login as a bearer.');
  return context.actor;
}
