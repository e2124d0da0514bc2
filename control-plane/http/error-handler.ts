import type { FastifyError, FastifyInstance } from 'fastify';
import { type ErrorCode, GatewayError } from '../../shared/errors.js';

/** The only renderer of errors of plain HTTP routes: one shape, nothing of ours shown, faults of ours logged. */
export function registerErrorHandler(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | GatewayError>((error, request, reply) => {
    const rendered = error instanceof GatewayError ? error : translate(error);
    if (rendered.status >= 500) request.log.error({ err: error }, 'request failed');
    if (rendered.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(rendered.retryAfterMs / 1000));
    return reply.code(rendered.status).send(rendered.toBody());
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new GatewayError('not_found', `No route ${request.method} ${request.url.split('?')[0]}.`);
    return reply.code(error.status).send(error.toBody());
  });
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'request_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limit_exceeded',
  503: 'service_unavailable',
};

function translate(error: FastifyError): GatewayError {
  const code = CODES[error.statusCode ?? 500];
  return code === undefined
    ? new GatewayError('internal_error', 'Something went wrong on our side.', { cause: error })
    : new GatewayError(code, error.message, { cause: error });
}
