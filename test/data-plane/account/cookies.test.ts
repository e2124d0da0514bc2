import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { clearCookies, readCookies, setCookies } from '../../../data-plane/account/cookies.js';

async function ask(headers: Record<string, string>) {
  const server = Fastify({ trustProxy: '127.0.0.1' });
  server.get('/set', (_request, reply) => {
    setCookies(reply, { token: 'access', refreshToken: 'refresh', expiresIn: 900 });
    return reply.send({});
  });
  server.get('/clear', (_request, reply) => {
    clearCookies(reply);
    return reply.send({});
  });
  server.get('/read', (request) => readCookies(request));
  const get = (url: string, more: Record<string, string> = {}) => server.inject({ url, headers: { ...headers, ...more } });
  const answers = { set: await get('/set'), clear: await get('/clear') };
  const cookies = [answers.set.headers['set-cookie'] ?? []].flat();
  const sent = cookies.map((cookie) => cookie.split(';')[0]).join('; ');
  const read = (await get('/read', { cookie: sent })).json();
  await server.close();
  return { cookies, cleared: [answers.clear.headers['set-cookie'] ?? []].flat(), read };
}

test('on https a session’s cookies are Secure and bound to this very host, which no sibling can plant', async () => {
  const { cookies, cleared, read } = await ask({ 'x-forwarded-proto': 'https' });
  expect(cookies).toEqual([
    '__Host-modelapi_session=access; Path=/; HttpOnly; SameSite=Lax; Max-Age=900; Secure',
    expect.stringMatching(/^__Host-modelapi_refresh=refresh; Path=\/; HttpOnly; SameSite=Lax; Max-Age=2592000; Secure$/),
  ]);
  for (const cookie of cleared) expect(cookie).toMatch(/^__Host-\w+=; Path=\/; .*Max-Age=0/);
  expect(read).toEqual({ token: 'access', refreshToken: 'refresh' });
});

test('on http (one machine) they have no prefix that a browser would refuse', async () => {
  const { cookies } = await ask({});
  for (const cookie of cookies) expect(cookie).toMatch(/^modelapi_\w+=\w+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
});
