/** `GET /v1/regions`: hosts, health, and the nearest to the caller. Needs no key: it says nothing that DNS does not. */
import type { FastifyInstance } from 'fastify';
import type { RouteDescription } from '../route-description.js';
import { callerOf, type HttpContext } from './context.js';

export const regionsDescription: RouteDescription = {
  method: 'GET',
  path: '/v1/regions',
  summary: 'List regions',
  description: 'Where this gateway answers. The primary host picks the nearest; a regional host pins one.',
  tag: 'Gateway',
  security: 'none',
  answers: { '200': { description: '`{object: "list", data: [{id, name, city, url, current}], current}`' } },
};

export function registerRegions(server: FastifyInstance, context: HttpContext): void {
  server.get('/v1/regions', (request, reply) => {
    callerOf(request, context);
    const data = [...context.stages.snapshot().regions.values()].map((region) => ({
      id: region.id,
      object: 'region',
      name: region.name,
      city: region.city,
      url: region.url,
      current: region.id === context.region,
    }));
    return reply.send({ object: 'list', data, current: context.region });
  });
}
