import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import { MAX_IDEMPOTENCY_KEY_LENGTH } from '../../shared/idempotency.js';

/** Of a submission; null without the header. Throws `invalid_request`. */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_IDEMPOTENCY_KEY_LENGTH)
    throw new GatewayError('invalid_request', `Invalid header 'idempotency-key': 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters.`, {
      param: 'idempotency-key',
    });
  return key;
}
