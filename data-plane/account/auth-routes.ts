/** Register, log in, refresh, log out, who am I. The answer carries the token; the cookies carry it and the refresh token. */
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { type AccountRoutes, callAsSession, callerOf } from './account-context.js';
import { clearCookies, readCookies, setCookies } from './cookies.js';
import { snakeCased } from './letter-case.js';
import { requireOwnPage } from './session.js';

const Email = Type.String({ minLength: 3, maxLength: 254 });
const Registration = Type.Object({
  email: Email,
  password: Type.String({ minLength: 10, maxLength: 1024 }),
  name: Type.Optional(Type.String({ maxLength: 200 })),
});
const Login = Type.Object({
  email: Email,
  password: Type.String({ minLength: 1, maxLength: 1024 }),
  totp: Type.Optional(Type.String({ minLength: 6, maxLength: 32 })),
});
const Refresh = Type.Object({ refresh_token: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })) });

const SESSION = '{ user { id email name role } account { id name status } token refreshToken expiresIn }';
const REGISTER = `mutation ($email: String!, $password: String!, $name: String) { register(email: $email, password: $password, name: $name) ${SESSION} }`;
const LOGIN = `mutation ($email: String!, $password: String!, $totp: String) { login(email: $email, password: $password, totp: $totp) ${SESSION} }`;
const REFRESH = `mutation ($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) ${SESSION} }`;
const LOGOUT = 'mutation ($refreshToken: String) { logout(refreshToken: $refreshToken) }';
const ME = 'query { me { user { id email name role } account { id name status } role } }';

const session = '`{user, account, token, expires_in}`; cookies are set.';
const descriptions: readonly RouteDescription[] = [
  describe('POST', '/auth/register', 'Create an account', 'none', { '201': { description: session } }, Registration),
  describe('POST', '/auth/login', 'Sign in', 'none', { '200': { description: session } }, Login),
  describe('POST', '/auth/refresh', 'Renew the session', 'none', { '200': { description: session } }, Refresh),
  describe('POST', '/auth/logout', 'End the session', 'none', { '200': { description: '`{ok: true}`; cookies are cleared.' } }, Refresh),
  describe('GET', '/auth/me', 'Who is signed in', 'session', { '200': { description: '`{user, account, role}`' } }),
];

function describe(
  method: RouteDescription['method'],
  path: string,
  summary: string,
  security: RouteDescription['security'],
  answers: RouteDescription['answers'],
  body?: RouteDescription['body'],
): RouteDescription {
  return { method, path, summary, tag: 'Account', security, answers, ...(body === undefined ? {} : { body }) };
}

export const authRoutes: AccountRoutes = {
  descriptions,
  register(server, context) {
    server.post('/auth/register', async (request, reply) => {
      const variables = context.readBody(request, Registration);
      const { register } = await context.callGraphql({ query: REGISTER, variables, ...callerOf(request) });
      return sendSession(reply.status(201), register);
    });

    server.post('/auth/login', async (request, reply) => {
      const variables = context.readBody(request, Login);
      const { login } = await context.callGraphql({ query: LOGIN, variables, ...callerOf(request) });
      return sendSession(reply, login);
    });

    server.post('/auth/refresh', async (request, reply) => {
      const refreshToken = refreshTokenOf(context.readBody(request, Refresh).refresh_token, () => {
        requireOwnPage(request, context.origin);
        return readCookies(request).refreshToken;
      });
      if (refreshToken === undefined) throw new GatewayError('invalid_session', 'There is no session to renew. Log in again.');
      const { refreshSession } = await context.callGraphql({ query: REFRESH, variables: { refreshToken }, ...callerOf(request) });
      return sendSession(reply, refreshSession);
    });

    server.post('/auth/logout', async (request, reply) => {
      const cookies = readCookies(request);
      if (cookies.refreshToken !== undefined || cookies.token !== undefined) requireOwnPage(request, context.origin);
      const refreshToken = refreshTokenOf(context.readBody(request, Refresh).refresh_token, () => cookies.refreshToken);
      const bearer = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? cookies.token;
      await context.callGraphql({
        query: LOGOUT,
        variables: { refreshToken: refreshToken ?? null },
        ...(bearer === undefined ? {} : { token: bearer }),
        ...callerOf(request),
      });
      clearCookies(reply);
      return reply.send({ ok: true });
    });

    server.get('/auth/me', async (request, reply) => {
      const { me } = await callAsSession(context, request, ME);
      return reply.send(snakeCased(me));
    });
  },
};

function refreshTokenOf(fromBody: string | undefined, fromCookie: () => string | undefined): string | undefined {
  return fromBody ?? fromCookie();
}

function sendSession(reply: FastifyReply, answer: unknown): FastifyReply {
  const { user, account, token, refreshToken, expiresIn } = asSession(answer);
  setCookies(reply, { token, refreshToken, expiresIn });
  return reply
    .header('cache-control', 'no-store')
    .send({ user: snakeCased(user), account: snakeCased(account), token, expires_in: expiresIn });
}

interface SessionAnswer {
  readonly user: unknown;
  readonly account: unknown;
  readonly token: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

function asSession(answer: unknown): SessionAnswer {
  const { user, account, token, refreshToken, expiresIn } = Object(answer);
  if (typeof token !== 'string' || typeof refreshToken !== 'string' || typeof expiresIn !== 'number')
    throw new GatewayError('service_unavailable', 'The account service did not answer as it should. Try again shortly.');
  return { user, account, token, refreshToken, expiresIn };
}
