/**
 * The session's two cookies. HttpOnly: no script reads them. On https they carry the `__Host-` prefix, which browsers accept only with
 * Secure, without a Domain and for the whole host, so no sibling host can plant one.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

const ACCESS = 'modelapi_session';
const REFRESH = 'modelapi_refresh';
/** Ends with the family of refresh tokens: 30 days. */
const REFRESH_SECONDS = 30 * 24 * 3600;

export interface SessionCookies {
  readonly token: string | undefined;
  readonly refreshToken: string | undefined;
}

export function readCookies(request: FastifyRequest): SessionCookies {
  const jar = new Map<string, string>();
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0) jar.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return { token: jar.get(cookieName(ACCESS, request)), refreshToken: jar.get(cookieName(REFRESH, request)) };
}

export function setCookies(reply: FastifyReply, session: { token: string; refreshToken: string; expiresIn: number }): void {
  const { request } = reply;
  reply.header('set-cookie', [
    cookie(ACCESS, session.token, session.expiresIn, request),
    cookie(REFRESH, session.refreshToken, REFRESH_SECONDS, request),
  ]);
}

export function clearCookies(reply: FastifyReply): void {
  reply.header('set-cookie', [cookie(ACCESS, '', 0, reply.request), cookie(REFRESH, '', 0, reply.request)]);
}

function cookie(name: string, value: string, maxAgeSeconds: number, request: FastifyRequest): string {
  const secure = isHttps(request) ? '; Secure' : '';
  return `${cookieName(name, request)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure}`;
}

function cookieName(name: string, request: FastifyRequest): string {
  return isHttps(request) ? `__Host-${name}` : name;
}

/** By the socket, or by what a trusted proxy says of it. */
function isHttps(request: FastifyRequest): boolean {
  return request.protocol === 'https';
}
