/**
 * Subscriptions at `POST /graphql/stream`: GraphQL over Server-Sent Events in its "distinct connections" mode (one operation a request;
 * `event: next` with a result, `event: complete` at the end), which any client of that protocol reads. Authorised like queries; the same
 * limits before anything runs. Ends with the session, with the client, and with this process.
 * A client that does not read is cut off: each event is the whole value, so it misses nothing by connecting again.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  subscribe,
  type ValidationRule,
  validate,
} from 'graphql';
import { Type } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import { requireActor } from '../modules/actor.js';
import type { RequestContext } from '../modules/context.js';
import type { OpenStreams } from '../modules/live/open-streams.js';

/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** A client that has not read for so long is gone. */
const DRAIN_MS = 10_000;

const Body = Type.Object({
  query: Type.String({ maxLength: 20_000 }),
  variables: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
  operationName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

interface StreamBody {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null;
  readonly operationName?: string | null;
}

export interface GraphqlStreamDependencies {
  readonly schema: GraphQLSchema;
  readonly rules: readonly ValidationRule[];
  readonly maxTokens: number;
  readonly streams: OpenStreams;
  readonly formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
  readonly contextOf: (request: FastifyRequest, closing: AbortSignal) => Promise<RequestContext>;
}

export function registerGraphqlStream(app: FastifyInstance, dependencies: GraphqlStreamDependencies): void {
  const { streams, contextOf } = dependencies;
  app.addHook('preClose', async () => streams.closeAll());
  app.post<{ Body: StreamBody }>('/graphql/stream', { schema: { body: Body } }, async (request, reply) => {
    const document = readDocument(dependencies, request.body);
    const closing = new AbortController();
    const context = await contextOf(request, closing.signal);
    const leave = streams.enter(requireActor(context), closing);
    reply.raw.on('close', () => closing.abort());
    try {
      await serve(dependencies, request, reply, document, context);
    } finally {
      leave();
      closing.abort();
    }
  });
}

async function serve(
  { schema, formatError }: GraphqlStreamDependencies,
  request: FastifyRequest<{ Body: StreamBody }>,
  reply: FastifyReply,
  document: DocumentNode,
  context: RequestContext,
): Promise<void> {
  const { variables, operationName } = request.body;
  const results = await subscribe({
    schema,
    document,
    contextValue: context,
    variableValues: variables ?? null,
    operationName: operationName ?? null,
  });
  const send = openEvents(reply, context.closing);
  const render = ({ errors, ...result }: ExecutionResult) =>
    JSON.stringify({ ...result, ...(errors && { errors: errors.map((error) => formatError(error.toJSON(), error)) }) });
  const heartbeat = setInterval(() => void send(':\n\n'), HEARTBEAT_MS);
  try {
    if (!(Symbol.asyncIterator in results)) await send(`event: next\ndata: ${render(results)}\n\n`);
    else for await (const result of results) if (!(await send(`event: next\ndata: ${render(result)}\n\n`))) break;
  } catch (error) {
    const wrapped = new GraphQLError('failed', { originalError: error instanceof Error ? error : new Error(String(error)) });
    await send(`event: next\ndata: ${JSON.stringify({ errors: [formatError(wrapped.toJSON(), wrapped)] })}\n\n`);
  } finally {
    clearInterval(heartbeat);
    if (reply.raw.writable) reply.raw.end('event: complete\ndata: \n\n');
  }
}

/** Throws `invalid_request` for what is no subscription of this schema, or is too large. */
function readDocument({ schema, rules, maxTokens }: GraphqlStreamDependencies, { query, operationName }: StreamBody): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens });
  } catch (error) {
    throw new GatewayError('invalid_request', error instanceof Error ? error.message : 'Not GraphQL.', { param: 'query' });
  }
  const [problem] = validate(schema, document, [...specifiedRules, ...rules]);
  if (problem) throw new GatewayError('invalid_request', problem.message, { param: 'query' });
  if (getOperationAST(document, operationName)?.operation !== 'subscription')
    throw new GatewayError('invalid_request', 'Only subscriptions are served here; queries and mutations at /graphql.', { param: 'query' });
  return document;
}

/** Resolves false when nobody reads any more. */
function openEvents(reply: FastifyReply, closing: AbortSignal): (text: string) => Promise<boolean> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  raw.flushHeaders();
  return (text) => write(raw, text, closing);
}

async function write(raw: ServerResponse, text: string, closing: AbortSignal): Promise<boolean> {
  if (closing.aborted || !raw.writable) return false;
  if (raw.write(text)) return true;
  try {
    await once(raw, 'drain', { signal: AbortSignal.any([closing, AbortSignal.timeout(DRAIN_MS)]) });
    return true;
  } catch {
    raw.destroy();
    return false;
  }
}
