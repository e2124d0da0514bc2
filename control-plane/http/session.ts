/**
 * The console's session: `/session/login|register|refresh|logout`. The refresh token goes into an HttpOnly cookie that is sent to these
 * paths only, so no script reads it; the access token goes into the answer and lives in the page's memory. Only the page itself may
 * call: JSON, and Sec-Fetch-Site same-origin where the browser says it, else an Origin that is this host.
 */
import cookie from '@fastify/cookie';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import { logIn } from '../modules/account/log-in.js';
import { logOut } from '../modules/account/log-out.js';
import type { OpenedSession } from '../modules/account/open-session.js';
import { refreshSession } from '../modules/account/refresh-session.js';
import { registerAccount } from '../modules/account/register-account.js';
import { checkTotp } from '../modules/account/totp.js';
import type { Services } from '../modules/context.js';

const REFRESH_DAYS_SECONDS = 30 * 24 * 3600;
const PATH = '/session';

const Text = Type.String({ maxLength: 1_000 });
const Login = Type.Object({ email: Text, password: Text, totp: Type.Optional(Text) });
const Registration = Type.Object({ email: Text, password: Text, name: Type.Optional(Text) });

export async function registerConsoleSession(
  app: FastifyInstance,
  { orm, services }: { orm: MikroORM; services: Services },
): Promise<void> {
  await app.register(cookie);
  const onRequest = async (request: FastifyRequest) => requireOwnPage(request);

  app.post<{ Body: { email: string; password: string; totp?: string } }>(
    `${PATH}/login`,
    { onRequest, schema: { body: Login } },
    async (request, reply) => {
      const { email, password, totp } = request.body;
      const secondFactor = checkTotp(services.kms, totp || null);
      return answer(reply, await logIn(orm.em.fork(), services, { email, password }, callerOf(request), secondFactor));
    },
  );
  app.post<{ Body: { email: string; password: string; name?: string } }>(
    `${PATH}/register`,
    { onRequest, schema: { body: Registration } },
    async (request, reply) => {
      const { email, password, name } = request.body;
      return answer(reply, await registerAccount(orm.em.fork(), services, { email, password, name: name || null }, callerOf(request)));
    },
  );
  app.post(`${PATH}/refresh`, { onRequest }, async (request, reply) => {
    const token = request.cookies[cookieName(request)];
    if (!token) throw new GatewayError('invalid_session', 'Sign in first.');
    return answer(reply, await refreshSession(orm.em.fork(), services.sessions, token, callerOf(request)));
  });
  app.post(`${PATH}/logout`, { onRequest }, async (request, reply) => {
    const token = request.cookies[cookieName(request)];
    if (token) await logOut(orm.em.fork(), null, token);
    reply.clearCookie(cookieName(request), { path: PATH });
    return {};
  });
}

function answer(reply: FastifyReply, session: OpenedSession): { token: string; expiresIn: number } {
  setRefreshCookie(reply, session);
  return { token: session.token, expiresIn: session.expiresIn };
}

/** The page gets its access token from `/session/refresh`. */
export function setRefreshCookie(reply: FastifyReply, session: OpenedSession): void {
  reply.setCookie(cookieName(reply.request), session.refreshToken, {
    path: PATH,
    httpOnly: true,
    sameSite: 'strict',
    secure: reply.request.protocol === 'https',
    maxAge: REFRESH_DAYS_SECONDS,
  });
  reply.header('cache-control', 'no-store');
}

/** `__Secure-` makes browsers refuse it without Secure; `__Host-` would need the path `/`. */
function cookieName(request: FastifyRequest): string {
  return request.protocol === 'https' ? '__Secure-modelapi_console' : 'modelapi_console';
}

function callerOf(request: FastifyRequest): { address: string; userAgent: string } {
  return { address: request.ip, userAgent: request.headers['user-agent'] ?? '' };
}

function requireOwnPage(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  const own =
    site === undefined ? origin === undefined || origin === `${request.protocol}://${request.headers.host}` : site === 'same-origin';
  if (!own || !request.headers['content-type']?.startsWith('application/json'))
    throw new GatewayError('forbidden', 'This call is for the console of this host.');
}
