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
  answers: { '200': { description: '`{object: "list", data: [{id, name, city, url, healthy}], nearest, current}`' } },
};

export function registerRegions(server: FastifyInstance, context: HttpContext): void {
  server.get('/v1/regions', (request, reply) => {
    const caller = callerOf(request, context);
    const snapshot = context.stages.snapshot();
    const data = [...snapshot.regions.values()].map((region) => ({
      id: region.id,
      object: 'region',
      name: region.name,
      city: region.city,
      url: region.url,
      healthy: context.regions.isHealthy(region.id),
    }));
    const nearest = context.regions.nearest(caller.address, snapshot);
    return reply.send({
      object: 'list',
      data,
      nearest: nearest.find(context.regions.isHealthy) ?? context.region,
      current: context.region,
    });
  });
}
