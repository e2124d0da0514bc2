/**
 * The only renderer of errors: whatever was thrown becomes `{"error": {message, type, param, code}}` of the catalogue, before or after a
 * stream began. A cause, a stack and a vendor's words never leave; what is not of the catalogue is a 500 that names only the request.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import { UpstreamFailure } from '../upstream/protocols/protocol-adapter.js';

export interface RenderedError {
  readonly status: number;
  /** Flat names and values, as `ServerResponse.writeHead` takes them. */
  readonly headers: string[];
  readonly body: string;
}

/** Told of each failure that is ours, with its cause. */
export type ErrorLog = (error: unknown, requestId: string, status: number) => void;

/** Clients wait this long when we cannot say better. */
const DEFAULT_RETRY_AFTER_MS = 1_000;
const RETRY_STATUSES = new Set([429, 503]);

export function renderError(error: GatewayError, requestId: string): RenderedError {
  const body = JSON.stringify(error.toBody());
  const headers = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    requestId,
  ];
  const retryAfterMs = error.retryAfterMs ?? (RETRY_STATUSES.has(error.status) ? DEFAULT_RETRY_AFTER_MS : undefined);
  if (retryAfterMs !== undefined) {
    const milliseconds = Math.max(1, Math.ceil(retryAfterMs));
    headers.push('retry-after', String(Math.ceil(milliseconds / 1000)), 'retry-after-ms', String(milliseconds));
  }
  // OpenAI's SDKs obey it: asking again does not fill a wallet.
  if (error.status === 402) headers.push('x-should-retry', 'false');
  if (error.status === 401) headers.push('www-authenticate', 'Bearer');
  return { status: error.status, headers, body };
}

/** After the first byte of a stream: one frame, then the stream ends. */
export function renderErrorFrame(error: GatewayError): string {
  return `data: ${JSON.stringify(error.toBody())}\n\n`;
}

export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof UpstreamFailure) return fromUpstream(error);
  if (isFastifyError(error)) return fromFastify(error);
  return new GatewayError('internal_error', 'Something went wrong on our side. Try again; if it persists, quote the x-request-id.', {
    cause: error,
  });
}

function fromUpstream(failure: UpstreamFailure): GatewayError {
  const details = { cause: failure, ...(failure.param === undefined ? {} : { param: failure.param }) };
  if (failure.kind === 'timeout')
    return new GatewayError('upstream_timeout', failure.publicMessage ?? 'The provider stopped answering.', details);
  return new GatewayError('upstream_error', failure.publicMessage ?? 'The provider broke off while it answered.', details);
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && 'statusCode' in error && typeof error.code === 'string';
}

function fromFastify(error: FastifyError): GatewayError {
  const details = { cause: error };
  switch (error.statusCode) {
    case 413:
      return new GatewayError('request_too_large', 'The body is larger than 10 MB.', details);
    case 415:
      return new GatewayError('unsupported_media_type', 'Send the body as application/json.', details);
    case 503:
      return new GatewayError('not_ready', 'This node is shutting down. Try again.', details);
    case 400:
    case 404:
      return new GatewayError('invalid_request', 'The request could not be read: its URL, length or encoding is wrong.', details);
    default:
      return new GatewayError(
        'internal_error',
        'Something went wrong on our side. Try again; if it persists, quote the x-request-id.',
        details,
      );
  }
}

export function createErrorHandler(log: ErrorLog) {
  return function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = toGatewayError(error);
    if (known.status >= 500) log(error, request.id, known.status);
    const rendered = renderError(known, request.id);
    // A body that was refused unread is still arriving: an answer with `connection: close` would reach the client as a reset.
    if (known.status === 413) discardRest(request, reply);
    for (let at = 0; at < rendered.headers.length; at += 2) reply.header(rendered.headers[at] ?? '', rendered.headers[at + 1] ?? '');
    reply.status(rendered.status).send(rendered.body);
  };
}

/** How long a refused upload may go on, so that its sender reads the answer. */
const DISCARD_MS = 5_000;

function discardRest(request: FastifyRequest, reply: FastifyReply): void {
  // All has come: nothing is to be cut off, least of all the next request of this connection.
  if (request.raw.complete) return;
  reply.removeHeader('connection');
  request.raw.resume();
  const { socket } = request.raw;
  const timer = setTimeout(() => socket.destroy(), DISCARD_MS);
  request.raw.once('close', () => clearTimeout(timer));
}
