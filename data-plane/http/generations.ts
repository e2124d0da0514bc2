/** `GET /v1/generations/{id}`: what happened to one request. The record is the control plane's; the node adds who asks. */
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { callerOf, type HttpContext } from './context.js';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const generationsDescription: RouteDescription = {
  method: 'GET',
  path: '/v1/generations/{id}',
  summary: 'Explain a request',
  description: 'Vendor, region, attempts, excluded candidates with reasons, tokens, unit prices and charge of one request. No content.',
  tag: 'Gateway',
  security: 'apiKey',
  answers: { '200': { description: 'The record.' } },
};

export function registerGenerations(server: FastifyInstance, context: HttpContext): void {
  server.get<{ Params: { id: string } }>('/v1/generations/:id', async (request, reply) => {
    const { accountId } = context.stages.authenticate(callerOf(request, context), context.stages.snapshot());
    const { id } = request.params;
    if (!ID.test(id)) throw unknownGeneration(id);
    const answer = await context.controlPlane.call({
      path: `/internal/generations/${id}?account=${encodeURIComponent(accountId)}`,
      headers: { authorization: `Bearer ${context.nodeToken}` },
    });
    if (answer.status === 404) throw unknownGeneration(id);
    if (answer.status !== 200) throw new GatewayError('service_unavailable', 'The record cannot be read at the moment. Try again shortly.');
    return reply.header('content-type', 'application/json; charset=utf-8').send(answer.body);
  });
}

function unknownGeneration(id: string): GatewayError {
  return new GatewayError('not_found', `There is no generation '${id.slice(0, 100)}' (records appear a moment after the answer ended).`, {
    param: 'id',
  });
}
