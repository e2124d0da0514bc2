/**
 * The only renderer of errors on this plane. A GatewayError goes out with its code in `extensions.code` (and `param`, `status`), so
 * that REST renders the same; GraphQL's own complaints about the query go out as `invalid_request`; anything else is a fault of ours:
 * logged with a reference, and masked.
 */
import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';
import { ArgumentValidationError } from 'type-graphql';
import { GatewayError } from '../../shared/errors.js';

/** What Apollo and graphql-js say about a query that is wrong in itself; safe to repeat to the client. */
const CLIENT_FAULTS = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
]);

export interface ErrorLog {
  error(fields: object, message: string): void;
}

export function formatErrors(log: ErrorLog) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const original = unwrapResolverError(error);
    const place = { ...(formatted.locations && { locations: formatted.locations }), ...(formatted.path && { path: formatted.path }) };
    if (original instanceof GatewayError) return { message: original.message, ...place, extensions: publicExtensions(original) };
    const code = formatted.extensions?.['code'];
    if (original instanceof ArgumentValidationError || (typeof code === 'string' && CLIENT_FAULTS.has(code)))
      return { message: formatted.message, ...place, extensions: { code: 'invalid_request', status: 400 } };
    const reference = randomUUID();
    log.error({ err: original, path: formatted.path, reference }, 'unexpected error in a GraphQL operation');
    return {
      message: `Something went wrong on our side. Quote ${reference} to support.`,
      ...place,
      extensions: isAway(original) ? { code: 'service_unavailable', status: 503 } : { code: 'internal_error', status: 500 },
    };
  };
}

function publicExtensions(error: GatewayError): Record<string, unknown> {
  return {
    code: error.code,
    status: error.status,
    ...(error.param !== null && { param: error.param }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...error.extra,
  };
}

/** PostgreSQL or Redis cannot be reached: the client should try again, and must not read it as a refusal. */
function isAway(error: unknown): boolean {
  const text = error instanceof Error ? `${error.name} ${error.message}` : '';
  return /ConnectionException|ECONNREFUSED|ECONNRESET|terminat|timeout|Connection is closed|too many clients/i.test(text);
}
