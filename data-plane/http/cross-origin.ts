/**
 * Pages of any origin may call `/v1` with an API key, as OpenAI-compatible gateways allow. Never with credentials of the browser's own:
 * no `access-control-allow-credentials` is ever sent, so a cookie opens nothing from another origin, and a key is in nobody's browser
 * unless its owner put it there. The console's playground needs it; servers send no Origin and pay one look at a header.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** A browser asks again after this long; Chromium keeps an answer for two hours at most. */
const PREFLIGHT_SECONDS = 7_200;

/** What a page may read of an answer, beyond its type and length. */
const EXPOSED = [
  'x-request-id',
  'x-modelapi-generation',
  'x-modelapi-model',
  'x-modelapi-vendor',
  'x-modelapi-region',
  'x-modelapi-route',
  'x-modelapi-attempts',
  'x-modelapi-cost',
  'x-modelapi-dropped',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
  'x-should-retry',
  'retry-after',
  'retry-after-ms',
  'idempotent-replayed',
].join(', ');

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, DELETE, PATCH, PUT',
  'access-control-max-age': String(PREFLIGHT_SECONDS),
};

/**
 * `authorization` must be named: `*` does not cover it. The rest are what SDKs send from a browser (`x-stainless-*` differ by version),
 * so what was asked for is allowed as far as it is a list of header names.
 */
const HEADER_NAMES = /^[a-z0-9-]+(\s*,\s*[a-z0-9-]+)*$/i;
const MAX_HEADER_NAMES = 2_000;
const USUAL_HEADERS = 'authorization, content-type, idempotency-key, x-request-timeout, traceparent';

export function registerCrossOrigin(server: FastifyInstance): void {
  // Before Fastify, so that completions (which write to the raw socket) and every error have it too.
  server.server.prependListener('request', allowOrigin);
  server.options('/v1/*', (request, reply) => {
    const asked = request.headers['access-control-request-headers'];
    const allowed = asked !== undefined && asked.length <= MAX_HEADER_NAMES && HEADER_NAMES.test(asked) ? asked : USUAL_HEADERS;
    return reply
      .code(204)
      .headers({ ...PREFLIGHT, 'access-control-allow-headers': allowed })
      .send();
  });
}

function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.origin === undefined || request.url?.startsWith('/v1/') !== true) return;
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', EXPOSED);
}
