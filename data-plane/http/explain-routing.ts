/** `POST /v1/routing/explain`: what planning would do with a completion, and why. No call is made and nothing is held. */
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { ChatRequestSchema } from './chat-schema.js';
import { callerOf, type HttpContext } from './context.js';
import { readChatRequest } from './read-chat-request.js';

export const explainRoutingDescription: RouteDescription = {
  method: 'POST',
  path: '/v1/routing/explain',
  summary: 'Explain a routing decision',
  description:
    'The body of a completion; the answer lists candidates with their estimated cost, exclusions with reasons, and the tier chosen.',
  tag: 'Gateway',
  security: 'apiKey',
  body: ChatRequestSchema,
  answers: { '200': { description: 'A `routing.explanation`.' } },
};

export function registerExplainRouting(server: FastifyInstance, context: HttpContext): void {
  server.post('/v1/routing/explain', async (request) => {
    const snapshot = context.stages.snapshot();
    const principal = context.stages.authenticate(callerOf(request, context), snapshot);
    if (!Buffer.isBuffer(request.body)) throw new GatewayError('invalid_request', 'The body is empty. Send a JSON object.');
    const body = readChatRequest(request.body);
    const completion = {
      id: request.id,
      raw: request.body,
      body,
      stream: body.stream === true,
      includeUsage: false,
      receivedAtMs: Date.now(),
      deadlineMs: 0,
    };
    return context.explainRoute(completion, principal, snapshot, context.stages.health(), context.stages.random);
  });
}
