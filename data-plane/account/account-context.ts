/** What the account routes are given. They hold no state. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import type { RouteDescription } from '../route-description.js';
import type { CallGraphql } from './graphql-client.js';
import type { RequireSession } from './session.js';

export interface AccountContext {
  readonly requireSession: RequireSession;
  readonly callGraphql: CallGraphql;
  /** Of `http/`: throws `invalid_request` that names the member. */
  readBody<Schema extends TObject>(request: FastifyRequest, schema: Schema): Static<Schema>;
  /** `https://api.example.com`: pages of it may write with a cookie. */
  readonly origin: string;
}

/** A group of routes: what `/openapi.json` says of them, and how they are mounted. */
export interface AccountRoutes {
  readonly descriptions: readonly RouteDescription[];
  register(server: FastifyInstance, context: AccountContext): void;
}

/** Runs one operation as the request's session. `variables` are read from the request when it is known who asks. Throws GatewayError. */
export async function callAsSession(
  context: AccountContext,
  request: FastifyRequest,
  query: string,
  variables: () => Readonly<Record<string, unknown>> = () => ({}),
): Promise<Record<string, unknown>> {
  const token = await context.requireSession(request);
  return context.callGraphql({ query, variables: variables(), token, ...callerOf(request) });
}

export function callerOf(request: FastifyRequest): { address: string; userAgent: string | undefined } {
  return { address: request.ip, userAgent: request.headers['user-agent'] };
}
