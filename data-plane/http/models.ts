/** `GET /v1/models` and `GET /v1/models/{id}`: what the calling key may use in the region that it calls. Ids may hold a slash. */
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { endpointsFor } from '../routing/routing-index.js';
import type { Principal, Snapshot } from '../types.js';
import { callerOf, type HttpContext } from './context.js';
import { type ModelEntry, modelEntries } from './model-entries.js';

export const modelsDescriptions: readonly RouteDescription[] = [
  {
    method: 'GET',
    path: '/v1/models',
    summary: 'List models',
    description: 'Models, `auto` and the `ama/smart-*` groups that this key may use in this region, with prices in USD per token.',
    tag: 'Gateway',
    security: 'apiKey',
    answers: { '200': { description: '`{object: "list", data: [model]}`' } },
  },
  {
    method: 'GET',
    path: '/v1/models/{id}',
    summary: 'Get a model',
    description: 'By id or alias; ids with a slash resolve.',
    tag: 'Gateway',
    security: 'apiKey',
    answers: { '200': { description: 'The model.' } },
  },
];

export function registerModels(server: FastifyInstance, context: HttpContext): void {
  server.get('/v1/models', (request, reply) => {
    const caller = callerOf(request, context);
    const snapshot = context.stages.snapshot();
    const principal = context.stages.authenticate(caller, snapshot);
    const data = modelEntries(snapshot)
      .filter((entry) => mayUse(entry, principal, snapshot))
      .map((entry) => entry.body);
    // One page: `links` and `total_count` are OpenRouter's.
    return reply.send({ object: 'list', data, links: { next: null }, total_count: data.length });
  });

  server.get<{ Params: { '*': string } }>('/v1/models/*', (request, reply) => {
    const caller = callerOf(request, context);
    const snapshot = context.stages.snapshot();
    const principal = context.stages.authenticate(caller, snapshot);
    const id = request.params['*'];
    const entry = modelEntries(snapshot).find((one) => one.names.includes(id) && mayUse(one, principal, snapshot));
    if (!entry)
      throw new GatewayError('model_not_found', `The model '${id}' does not exist or this key may not use it here.`, { param: 'model' });
    return reply.send(entry.body);
  });
}

function mayUse(entry: ModelEntry, principal: Principal, snapshot: Snapshot): boolean {
  const { models } = principal.keyPolicy;
  if (models && !entry.names.some((name) => models.includes(name))) return false;
  if (entry.served === null) return true;
  return entry.served.some((modelId) => isServedHere(modelId, principal, snapshot));
}

/** An endpoint for this kind of key in this region, and a credential for it: the house's or the customer's own. */
function isServedHere(modelId: string, principal: Principal, snapshot: Snapshot): boolean {
  const model = snapshot.modelsByName.get(modelId);
  if (!model?.enabled) return false;
  const own = [...(principal.keyPolicy.byok ?? []), ...(principal.accountPolicy.byok ?? [])];
  return endpointsFor(model, principal.test, snapshot).some(
    ({ vendorId }) => snapshot.credentials.has(vendorId) || own.some((row) => row.vendorId === vendorId),
  );
}
