/** `POST /v1/chat/completions`: HTTP in, the pipeline, HTTP out. Past the parser Fastify is out of the way: answers go to the raw socket. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import { handleCompletion } from '../pipeline.js';
import type { RouteDescription } from '../route-description.js';
import type { CompletionRequest } from '../types.js';
import { AnswerRecorder } from './answer-recorder.js';
import type { HttpCaller } from './caller.js';
import { ChatRequestSchema } from './chat-schema.js';
import { HttpClientConnection } from './client-connection.js';
import { callerOf, type HttpContext } from './context.js';
import { toGatewayError } from './error-handler.js';
import { isPrimaryHost } from './host-region.js';
import { readChatRequest } from './read-chat-request.js';

/** OpenAI's SDKs wait ten minutes; longer than an hour nothing is worth holding a wallet's money for. */
const DEFAULT_DEADLINE_MS = 600_000;
const MAX_DEADLINE_MS = 3_600_000;

/** SDKs that Speakeasy generates (OpenRouter's, Mistral's) fail on the `usage: null` that OpenAI's users expect in a stream. */
const REFUSES_NULL_USAGE = /^speakeasy-sdk\//;

/** groq-sdk puts `/openai` before the path by itself. */
const PATHS = ['/v1/chat/completions', '/openai/v1/chat/completions'];

export const chatCompletionsDescription: RouteDescription = {
  method: 'POST',
  path: '/v1/chat/completions',
  summary: 'Create a chat completion',
  description: 'OpenAI-compatible, sync and streamed. Set `stream: true` for Server-Sent Events that end with `data: [DONE]`.',
  tag: 'Gateway',
  security: 'apiKey',
  body: ChatRequestSchema,
  answers: {
    '200': {
      description: 'A `chat.completion` with `usage.cost` in USD, or a stream of `chat.completion.chunk`.',
      contentType: 'application/json',
    },
  },
};

export function registerChatCompletions(server: FastifyInstance, context: HttpContext): void {
  const receive = (request: FastifyRequest, reply: FastifyReply): void => {
    const caller = callerOf(request, context);
    reply.hijack();
    const { host } = request.headers;
    const snapshot = context.stages.snapshot();
    if (caller.hop !== undefined || !isPrimaryHost(host, snapshot)) {
      complete(request, reply.raw, caller, context);
      return;
    }
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    context.regions.forward(request.raw, reply.raw, body, caller.address, snapshot).then(
      (forwarded) => {
        if (!forwarded) complete(request, reply.raw, caller, context);
      },
      (error: unknown) => {
        context.log(error, request.id, 502);
        reply.raw.destroy();
      },
    );
  };
  for (const path of PATHS) server.post(path, receive);
}

function complete(request: FastifyRequest, response: ServerResponse, caller: HttpCaller, context: HttpContext): void {
  const connection = new HttpClientConnection(response, request.id, context);
  const sent = request.headers['traceparent'];
  const traceparent = context.tracing?.begin(request.id, typeof sent === 'string' ? sent : undefined) ?? sent;
  const read = (): CompletionRequest => {
    const completion = readCompletion(request, traceparent);
    connection.setDeadline(completion.deadlineMs);
    return completion;
  };
  run(request, caller, read, connection, context).then(
    () => context.tracing?.ended(request.id, 200),
    (error: unknown) => {
      const known = toGatewayError(error);
      if (known.status >= 500 && !connection.signal.aborted) context.log(error, request.id, known.status);
      connection.fail(known);
      context.tracing?.ended(request.id, known.status);
    },
  );
}

/** Straight through the pipeline; with an Idempotency-Key only when this request is the one that runs. */
async function run(
  request: FastifyRequest,
  caller: HttpCaller,
  read: () => CompletionRequest,
  connection: HttpClientConnection,
  context: HttpContext,
): Promise<void> {
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string') {
    const { accountId } = context.stages.authenticate(caller, context.stages.snapshot());
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const claim = await context.idempotency.claim(key, accountId, request.id, body, connection.signal);
    if (claim.answer) {
      connection.repeat(claim.answer);
      return;
    }
    connection.record(new AnswerRecorder(claim));
  }
  await handleCompletion(context.stages, { caller, read }, connection);
}

/** Throws GatewayError `invalid_request`. */
function readCompletion(request: FastifyRequest, traceparent: string | string[] | undefined): CompletionRequest {
  if (!Buffer.isBuffer(request.body)) throw new GatewayError('invalid_request', 'The body is empty. Send a JSON object.');
  const body = readChatRequest(request.body);
  return {
    id: request.id,
    raw: request.body,
    body,
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    omitNullUsage: REFUSES_NULL_USAGE.test(request.headers['user-agent'] ?? ''),
    receivedAtMs: Date.now(),
    deadlineMs: readDeadline(request.headers['x-request-timeout']),
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
  };
}

/** `x-request-timeout` in seconds, as milliseconds. */
function readDeadline(header: string | string[] | undefined): number {
  if (header === undefined) return DEFAULT_DEADLINE_MS;
  const seconds = Number(header);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new GatewayError('invalid_request', "Invalid header 'x-request-timeout': must be a positive number of seconds.", {
      param: 'x-request-timeout',
    });
  return Math.min(seconds * 1000, MAX_DEADLINE_MS);
}
