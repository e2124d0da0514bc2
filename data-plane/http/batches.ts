/**
 * `/v1/batch`: up to 1,000 completions at half price. A batch is taken whole or not at all: each item is checked as a completion would
 * be, and planned, so that its ceiling is known; then the control plane holds the sum and runs them. Everything else is forwarded.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { BATCH_MAX_ITEMS, readBatchId, type SubmitBatchCall } from '../../shared/batch.js';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import type { Principal, Snapshot } from '../types.js';
import { callControlPlane } from './call-control-plane.js';
import { callerOf, type HttpContext } from './context.js';
import { checkCustomId, createItemPlanner, inTurns, MAX_CUSTOM_ID_LENGTH } from './plan-batch-item.js';
import { readBody } from './read-body.js';
import { readIdempotencyKey } from './read-idempotency-key.js';

const MAX_LISTED = 100;
const SUBMIT_MS = 30_000;
/** A whole batch's results. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

const BatchSchema = Type.Object({
  tier: Type.Optional(Type.Enum(['batch_50'], { description: 'Half the interactive price, within 24 hours.' })),
  requests: Type.Array(
    Type.Object({ custom_id: Type.String({ minLength: 1, maxLength: MAX_CUSTOM_ID_LENGTH }) }, { additionalProperties: true }),
    {
      description: `1 to ${BATCH_MAX_ITEMS} chat completion bodies, each with a unique custom_id.`,
    },
  ),
  callback_url: Type.Optional(Type.String({ description: 'https URL that is told when the batch has ended (Standard Webhooks).' })),
  metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
});

const gateway = { tag: 'Gateway', security: 'apiKey' } as const;
const answer = (description: string) => ({ description });
export const batchDescriptions: readonly RouteDescription[] = [
  {
    ...gateway,
    method: 'POST',
    path: '/v1/batch',
    summary: 'Submit a batch',
    body: BatchSchema,
    answers: { '202': answer('The batch, queued; poll `poll_url`.') },
  },
  { ...gateway, method: 'GET', path: '/v1/batch', summary: 'List batches', answers: { '200': answer('Newest first; `?limit&after`.') } },
  {
    ...gateway,
    method: 'GET',
    path: '/v1/batch/{id}',
    summary: 'Get a batch',
    answers: { '200': answer('Status, counts, and the results that there are.') },
  },
  {
    ...gateway,
    method: 'POST',
    path: '/v1/batch/{id}/cancel',
    summary: 'Cancel a batch',
    answers: { '200': answer('The batch; what is done stays done.') },
  },
  {
    ...gateway,
    method: 'DELETE',
    path: '/v1/batch/{id}',
    summary: 'Delete a batch',
    answers: { '200': answer('Its items and results are gone.') },
  },
];

export function registerBatches(server: FastifyInstance, context: HttpContext): void {
  const authenticate = (request: FastifyRequest): Principal =>
    context.stages.authenticate(callerOf(request, context), context.stages.snapshot());
  const ownBatch = (request: FastifyRequest<{ Params: { id: string } }>, action = ''): string => {
    const { accountId } = authenticate(request);
    const id = readBatchId(request.params.id);
    if (id === undefined) throw new GatewayError('not_found', `There is no batch '${request.params.id.slice(0, 100)}'.`, { param: 'id' });
    return `/internal/batches/${id}${action}?account=${accountId}`;
  };

  server.post('/v1/batch', async (request, reply) => {
    const snapshot = context.stages.snapshot();
    const principal = context.stages.authenticate(callerOf(request, context), snapshot);
    const call = await readSubmission(request, principal, snapshot, context);
    const batch = await callControlPlane(context, { path: '/internal/batches', body: JSON.stringify(call), timeoutMs: SUBMIT_MS });
    return reply.code(202).send(batch);
  });
  server.get<{ Querystring: { limit?: string; after?: string } }>('/v1/batch', async (request) => {
    const { accountId } = authenticate(request);
    const { limit = '20', after } = request.query;
    const count = Number(limit);
    if (!Number.isInteger(count) || count < 1 || count > MAX_LISTED)
      throw new GatewayError('invalid_request', `Invalid 'limit': must be between 1 and ${MAX_LISTED}.`, { param: 'limit' });
    const last = after === undefined ? undefined : readBatchId(after);
    if (after !== undefined && last === undefined)
      throw new GatewayError('invalid_request', "Invalid 'after': must be a batch id.", { param: 'after' });
    const query = `account=${accountId}&limit=${count}${last === undefined ? '' : `&after=${last}`}`;
    return callControlPlane(context, { path: `/internal/batches?${query}` });
  });
  server.get<{ Params: { id: string } }>('/v1/batch/:id', (request) =>
    callControlPlane(context, { path: ownBatch(request), maxBytes: MAX_ANSWER_BYTES, timeoutMs: SUBMIT_MS }),
  );
  server.post<{ Params: { id: string } }>('/v1/batch/:id/cancel', (request) =>
    callControlPlane(context, { path: ownBatch(request, '/cancel'), body: '{}', maxBytes: MAX_ANSWER_BYTES }),
  );
  server.delete<{ Params: { id: string } }>('/v1/batch/:id', async (request) => {
    await callControlPlane(context, { path: ownBatch(request, '/delete'), body: '{}' });
    return { id: request.params.id, object: 'batch', deleted: true };
  });
}

/** Throws GatewayError whose `param` names the item and the member: `requests[3].messages[0].content`. */
async function readSubmission(
  request: FastifyRequest,
  principal: Principal,
  snapshot: Snapshot,
  context: HttpContext,
): Promise<SubmitBatchCall> {
  const body = readBody(request, BatchSchema);
  const count = body.requests.length;
  if (count < 1 || count > BATCH_MAX_ITEMS)
    throw new GatewayError('invalid_request', `Invalid 'requests': must have 1 to ${BATCH_MAX_ITEMS} items, and has ${count}.`, {
      param: 'requests',
    });
  if (body.callback_url !== undefined) checkCallbackUrl(body.callback_url);
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const seen = new Set<string>();
  const plan = createItemPlanner(context, principal, snapshot, request.id);
  const items = await inTurns(body.requests, ({ custom_id: customId, ...item }, index) => {
    const path = `requests[${index}]`;
    checkCustomId(customId, `${path}.custom_id`);
    if (seen.has(customId))
      throw new GatewayError('invalid_request', `Invalid '${path}.custom_id': '${customId}' stands in another item, too.`, {
        param: `${path}.custom_id`,
      });
    seen.add(customId);
    const planned = plan(item, path);
    return { customId, ceilingNano: planned.ceiling.toString(), body: planned.body };
  });
  return {
    batchId: request.id,
    accountId: principal.accountId,
    keyId: principal.keyId,
    test: principal.test,
    tier: 'batch_50',
    callbackUrl: body.callback_url ?? null,
    metadata: body.metadata ?? null,
    idempotencyKey: readIdempotencyKey(request),
    requestHash: createHash('sha256').update(raw).digest('hex'),
    items,
  };
}

/** Whether its address may be called is checked when it is called, and each time. */
function checkCallbackUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.port !== '')
    throw new GatewayError('invalid_request', "Invalid 'callback_url': must be an https URL on port 443 without a user name.", {
      param: 'callback_url',
    });
}
