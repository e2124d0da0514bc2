/**
 * One GraphQL operation on the control plane for one REST call. An error there becomes the same error here: the code of
 * `extensions.code`, with its `param`. The control plane away is a 503 with retry-after, never a 401.
 */
import { ERRORS, type ErrorCode, GatewayError } from '../../shared/errors.js';
import type { ControlPlane } from '../types.js';

export interface GraphqlCall {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The session's token, when the operation needs one. */
  readonly token?: string;
  /** Whose request this is: the control plane slows down guesses by address. */
  readonly address: string;
  readonly userAgent: string | undefined;
}

export type CallGraphql = (call: GraphqlCall) => Promise<Record<string, unknown>>;

/** Hashing a password can queue behind two others. */
const TIMEOUT_MS = 10_000;

/** `nodeToken` shows that the forwarded address comes from a node of ours. */
export function createGraphqlClient(controlPlane: ControlPlane, nodeToken: string): CallGraphql {
  return async ({ query, variables, token, address, userAgent }) => {
    const answer = await controlPlane.call({
      path: '/graphql',
      headers: {
        'x-modelapi-client-address': address,
        'x-modelapi-node-token': nodeToken,
        ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
      timeoutMs: TIMEOUT_MS,
    });
    return readData(answer.body);
  };
}

function readData(body: Buffer): Record<string, unknown> {
  const answer = parse(body);
  const errors = isRecord(answer) ? answer['errors'] : undefined;
  if (Array.isArray(errors) && errors.length > 0) throw toGatewayError(errors[0]);
  if (isRecord(answer) && isRecord(answer['data'])) return answer['data'];
  throw new GatewayError('service_unavailable', 'The account service did not answer as it should. Try again shortly.', {
    cause: body.toString().slice(0, 500),
  });
}

function toGatewayError(error: unknown): GatewayError {
  const { message, extensions } = isRecord(error) ? error : {};
  const { code, param, retryAfterMs, status: _status, ...extra } = isRecord(extensions) ? extensions : {};
  if (!isErrorCode(code))
    return new GatewayError('service_unavailable', 'The account service is not able to answer. Try again shortly.', { cause: error });
  return new GatewayError(code, typeof message === 'string' ? message : code, {
    ...(typeof param === 'string' ? { param } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    extra: publicExtra(extra),
    cause: error,
  });
}

/** Apollo's own members of `extensions` are not for customers. */
function publicExtra({ stacktrace: _stacktrace, http: _http, ...extra }: Record<string, unknown>): Record<string, unknown> {
  return extra;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
