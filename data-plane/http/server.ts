/**
 * The HTTP server of a node. Guarantees: every answer carries `x-request-id`, every error is OpenAI-shaped (also for what never became a
 * request: a malformed one, headers too large, a body too slow), no body above 10 MB is read. Fastify routes and reads bodies;
 * completions then write to the raw socket. Called by app.ts; closing it stops new connections and waits for none.
 */
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { ERRORS, GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { batchDescriptions, registerBatches } from './batches.js';
import { chatCompletionsDescription, registerChatCompletions } from './chat-completions.js';
import type { HttpContext } from './context.js';
import { registerCrossOrigin } from './cross-origin.js';
import { docsPage } from './docs-page.js';
import { createErrorHandler, renderError } from './error-handler.js';
import { registerExplainForOperator } from './explain-for-operator.js';
import { explainRoutingDescription, registerExplainRouting } from './explain-routing.js';
import { fileBatchDescriptions, registerFileBatches } from './file-batches.js';
import { fileDescriptions, registerFiles } from './files.js';
import { generationsDescription, registerGenerations } from './generations.js';
import { modelsDescriptions, registerModels } from './models.js';
import { openApiDocument } from './openapi.js';
import { operationsDescriptions, registerOperations } from './operations.js';
import { registerPlanLines } from './plan-lines.js';
import { regionsDescription, registerRegions } from './regions.js';
import { newRequestId } from './request-id.js';

const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** Above the 60 s of most load balancers, so that they close idle connections and not we, in the middle of their next request. */
const KEEP_ALIVE_MS = 72_000;
/** A whole request must have arrived by then: slow senders hold a socket, not a slot. */
const RECEIVE_MS = 120_000;
const HEADERS_MS = 15_000;

const DOCS_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
};

/** Routes of another stage (the account endpoints), mounted beside ours. */
export interface MountedRoutes {
  readonly descriptions: readonly RouteDescription[];
  register(server: FastifyInstance): void;
}

export function createHttpServer(context: HttpContext, registry: Registry, publicUrl: string, mounted: MountedRoutes): FastifyInstance {
  const handleError = createErrorHandler(context.log);
  // Sockets with a file on its way: 200 MB may take longer than a body of 10 MB; an upload watches its sender itself.
  const uploads = new WeakSet<object>();
  const server = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => newRequestId(Date.now()),
    trustProxy: context.trustedProxies.length === 0 ? false : [...context.trustedProxies],
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: RECEIVE_MS,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: 5_000 },
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => handleError(error, request, reply),
    clientErrorHandler: (error, socket) => {
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' || !uploads.has(socket)) refuseUnreadable(error, socket);
    },
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler(handleError);

  const descriptions = [
    chatCompletionsDescription,
    ...modelsDescriptions,
    explainRoutingDescription,
    ...batchDescriptions,
    ...fileDescriptions,
    ...fileBatchDescriptions,
    generationsDescription,
    regionsDescription,
    ...mounted.descriptions,
    ...operationsDescriptions,
  ];
  server.setNotFoundHandler((request) => {
    throw unknownRoute(request.method, request.url, descriptions);
  });

  registerCrossOrigin(server);
  registerChatCompletions(server, context);
  server.register((scope, _options, done) => {
    scope.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id);
      done();
    });
    registerModels(scope, context);
    registerExplainRouting(scope, context);
    registerExplainForOperator(scope, context);
    registerBatches(scope, context);
    registerFiles(scope, context, uploads);
    registerFileBatches(scope, context);
    registerPlanLines(scope, context);
    registerGenerations(scope, context);
    registerRegions(scope, context);
    registerOperations(scope, context, registry);
    mounted.register(scope);
    const openApi = JSON.stringify(openApiDocument(descriptions, publicUrl));
    const docs = docsPage(descriptions, publicUrl);
    scope.get('/openapi.json', (_request, reply) => reply.header('content-type', 'application/json; charset=utf-8').send(openApi));
    scope.get('/docs', (_request, reply) => reply.headers(DOCS_HEADERS).send(docs));
    done();
  });
  return server;
}

function unknownRoute(method: string, url: string, routes: readonly RouteDescription[]): GatewayError {
  const path = url.split('?', 1)[0] ?? url;
  const methods = routes.filter((route) => pathPattern(route.path).test(path)).map((route) => route.method);
  if (methods.length > 0)
    return new GatewayError('method_not_allowed', `${path} takes ${[...new Set(methods)].join(', ')}, not ${method}.`);
  return new GatewayError('not_found', `There is no ${method} ${path.slice(0, 200)}. The routes are listed at /docs.`);
}

function pathPattern(path: string): RegExp {
  const source = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}/?$`);
}

/** What Node's parser refused has no request to answer; the sender still gets a status, our shape, and a closed connection. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const large = error.code === 'HPE_HEADER_OVERFLOW';
  const status = late ? 408 : large ? 431 : ERRORS.invalid_request.status;
  const message = late
    ? 'The request took too long to arrive.'
    : large
      ? 'The headers are too large.'
      : 'This is not a valid HTTP request.';
  const rendered = renderError(new GatewayError('invalid_request', message), newRequestId(Date.now()));
  const lines = [`HTTP/1.1 ${status} ${late ? 'Request Timeout' : large ? 'Request Header Fields Too Large' : 'Bad Request'}`];
  for (let at = 0; at < rendered.headers.length; at += 2) lines.push(`${rendered.headers[at]}: ${rendered.headers[at + 1]}`);
  socket.end(`${lines.join('\r\n')}\r\nconnection: close\r\n\r\n${rendered.body}`);
}
