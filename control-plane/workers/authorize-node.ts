import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../shared/errors.js';

/** A Fastify hook for routes under `/internal`: only a bearer of NODE_TOKEN passes. Compared in constant time, whatever the length. */
export function authorizeNode(nodeToken: string) {
  if (nodeToken === '') throw new Error('NODE_TOKEN is empty: the routes of nodes would be open');
  const expected = createHash('sha256').update(`Bearer ${nodeToken}`).digest();
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const given = createHash('sha256')
      .update(request.headers.authorization ?? '')
      .digest();
    if (timingSafeEqual(given, expected)) return undefined;
    return reply.code(403).send(new GatewayError('forbidden', 'This route is for nodes of the gateway.').toBody());
  };
}
