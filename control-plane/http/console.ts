import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** The page runs no script but its own and is framed by nobody. Mantine writes style attributes. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";

/** Serves the built console at `/`, where it was built. Its own routes (`/keys`, `/operator/...`) get the page too. */
export async function registerConsole(app: FastifyInstance, directory: string): Promise<void> {
  if (!existsSync(join(directory, 'index.html'))) return;
  await app.register(fastifyStatic, {
    root: directory,
    wildcard: false,
    // Vite names its assets by their content.
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
      reply.header('x-content-type-options', 'nosniff');
      reply.header('referrer-policy', 'same-origin');
    },
  });
  app.get('/*', { config: { page: true } }, (request, reply) => {
    const wantsPage =
      request.headers.accept?.includes('text/html') && !/^\/(internal|graphql|webhooks|metrics|healthz|readyz)\b/.test(request.url);
    return wantsPage ? reply.sendFile('index.html') : reply.callNotFound();
  });
}
