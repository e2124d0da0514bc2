import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { GatewayPlace } from '../modules/fleet/read-gateway.js';

/**
 * The page runs no script but its own, is framed by nobody, and calls its own host and the gateway's (the playground does) and nothing
 * else. Mantine writes style attributes.
 */
function contentSecurityPolicy(origins: readonly string[]): string {
  return (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
    `connect-src ${["'self'", ...origins].join(' ')}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'`
  );
}

/** How long a new region's address may be missing from the policy of a page that is loaded. */
const POLICY_MS = 10_000;

/** Serves the built console at `/`, where it was built. Its own routes (`/keys`, `/operator/...`) get the page too. */
export async function registerConsole(app: FastifyInstance, directory: string, gateway: () => Promise<GatewayPlace>): Promise<void> {
  if (!existsSync(join(directory, 'index.html'))) return;
  const policy = createPolicy(gateway);
  await app.register((scope, _options, done) => {
    scope.addHook('onRequest', async (_request, reply) => {
      reply.headers({
        'content-security-policy': await policy(),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
      });
    });
    scope.register(fastifyStatic, {
      root: directory,
      wildcard: false,
      // The build leaves a .br and a .gz beside what is worth it.
      preCompressed: true,
      cacheControl: false,
      // Vite names its assets by their content.
      setHeaders: (reply, path) => {
        reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
    scope.get('/*', { config: { page: true } }, (request, reply) => {
      const wantsPage =
        request.headers.accept?.includes('text/html') && !/^\/((internal|graphql|metrics|healthz|readyz)\b|webhooks\/)/.test(request.url);
      return wantsPage ? reply.sendFile('index.html') : reply.callNotFound();
    });
    done();
  });
}

/** With PostgreSQL away the last known origins stand; without any the page may call its own host alone. */
function createPolicy(gateway: () => Promise<GatewayPlace>): () => Promise<string> {
  let origins: readonly string[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - readAtMs > POLICY_MS) {
      readAtMs = performance.now();
      const place = await gateway().catch(() => undefined);
      if (place) origins = originsOf(place);
    }
    return contentSecurityPolicy(origins);
  };
}

function originsOf({ url, regions }: GatewayPlace): string[] {
  const urls = [url, ...regions.map((region) => region.url)].filter((text) => URL.canParse(text));
  return [...new Set(urls.map((text) => new URL(text).origin))];
}
