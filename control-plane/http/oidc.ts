/**
 * `/session/oidc/start` sends the browser to the identity provider, `/session/oidc/callback` takes it back and opens the console's
 * session. What must come back unchanged is in a cookie of ten minutes that only these two paths see.
 */
import type { MikroORM } from '@mikro-orm/postgresql';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import type { IdentityProvider, PendingLogin } from '../modules/account/identity-provider.js';
import { logInWithIdentity } from '../modules/account/log-in-with-identity.js';
import type { Services } from '../modules/context.js';
import { setRefreshCookie } from './session.js';

const PATH = '/session/oidc';
const COOKIE = 'modelapi_oidc';
const PENDING_SECONDS = 600;

export interface OidcDependencies {
  readonly orm: MikroORM;
  readonly services: Services;
  readonly provider: IdentityProvider;
}

/** After `registerConsoleSession`, which brings the cookies. */
export function registerOidc(app: FastifyInstance, { orm, services, provider }: OidcDependencies): void {
  app.get(`${PATH}/start`, async (request, reply) => {
    const { url, pending } = await provider.begin();
    reply.setCookie(COOKIE, Buffer.from(JSON.stringify(pending)).toString('base64url'), {
      path: PATH,
      httpOnly: true,
      // The callback is a navigation from the provider's site: strict would not send it.
      sameSite: 'lax',
      secure: request.protocol === 'https',
      maxAge: PENDING_SECONDS,
    });
    return reply.header('cache-control', 'no-store').redirect(url.href);
  });

  app.get(`${PATH}/callback`, async (request, reply) => {
    const pending = readPending(request.cookies[COOKIE]);
    reply.clearCookie(COOKIE, { path: PATH });
    const identity = await provider.finish(new URL(request.url, 'http://here').search, pending);
    const caller = { address: request.ip, userAgent: request.headers['user-agent'] ?? '' };
    setRefreshCookie(reply, await logInWithIdentity(orm.em.fork(), services.sessions, identity, caller));
    return reply.redirect('/');
  });
}

function readPending(cookie: string | undefined): PendingLogin {
  try {
    const { state, nonce, verifier } = JSON.parse(Buffer.from(cookie ?? '', 'base64url').toString()) as Record<string, unknown>;
    if (typeof state === 'string' && typeof nonce === 'string' && typeof verifier === 'string') return { state, nonce, verifier };
  } catch {
    // Not ours: the same refusal as for none.
  }
  throw new GatewayError('invalid_session', 'This login was not begun here, or took longer than ten minutes. Begin again.');
}
