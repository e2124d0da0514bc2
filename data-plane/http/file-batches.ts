/**
 * `/v1/batches` as OpenAI has it, over the engine of `/v1/batch`: up to 50,000 lines of an uploaded file. Created at once in `validating`;
 * a line that is wrong makes it `failed`, with the line in `errors`, and nothing is held. Everything is forwarded.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { readBatchId } from '../../shared/batch.js';
import { type CreateFileBatchCall, FILE_BATCH_ENDPOINT, FILE_BATCH_WINDOW, readFileId } from '../../shared/batch-file.js';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import type { Principal } from '../types.js';
import { callControlPlane } from './call-control-plane.js';
import { callerOf, type HttpContext } from './context.js';
import { readBody } from './read-body.js';
import { readIdempotencyKey } from './read-idempotency-key.js';

const MAX_LISTED = 100;
const TIMEOUT_MS = 15_000;
/** As OpenAI's. */
const MAX_METADATA = 16;

const FileBatchSchema = Type.Object({
  input_file_id: Type.String({ description: 'Of a file that was uploaded with the purpose `batch`.' }),
  endpoint: Type.Enum([FILE_BATCH_ENDPOINT]),
  completion_window: Type.Enum([FILE_BATCH_WINDOW]),
  metadata: Type.Optional(
    Type.Union([
      Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 512 }), { maxProperties: MAX_METADATA }),
      Type.Null(),
    ]),
  ),
});

const gateway = { tag: 'Gateway', security: 'apiKey' } as const;
export const fileBatchDescriptions: readonly RouteDescription[] = [
  {
    ...gateway,
    method: 'POST',
    path: '/v1/batches',
    summary: 'Create a batch from a file',
    description: "OpenAI's batch API at half the interactive price.",
    body: FileBatchSchema,
    answers: { '200': { description: 'The batch, `validating`; errors of the file are told in `errors`.' } },
  },
  {
    ...gateway,
    method: 'GET',
    path: '/v1/batches',
    summary: 'List batches of files',
    query: {
      limit: { description: '1 to 100.', schema: Type.Integer({ minimum: 1, maximum: MAX_LISTED }) },
      after: { description: 'The id of the last one seen.', schema: Type.String() },
    },
    answers: { '200': { description: 'Newest first.' } },
  },
  {
    ...gateway,
    method: 'GET',
    path: '/v1/batches/{id}',
    summary: 'Get a batch of a file',
    answers: { '200': { description: 'Status and counts; when it has ended, `output_file_id` and `error_file_id`.' } },
  },
  {
    ...gateway,
    method: 'POST',
    path: '/v1/batches/{id}/cancel',
    summary: 'Cancel a batch of a file',
    answers: { '200': { description: 'The batch; what is done stays done.' } },
  },
];

export function registerFileBatches(server: FastifyInstance, context: HttpContext): void {
  const authenticate = (request: FastifyRequest): Principal =>
    context.stages.authenticate(callerOf(request, context), context.stages.snapshot());
  const ownBatch = (request: FastifyRequest<{ Params: { id: string } }>, action = ''): string => {
    const { accountId } = authenticate(request);
    const id = readBatchId(request.params.id);
    if (id === undefined) throw new GatewayError('not_found', `There is no batch '${request.params.id.slice(0, 100)}'.`, { param: 'id' });
    return `/internal/file-batches/${id}${action}?account=${accountId}`;
  };

  server.post('/v1/batches', (request) => {
    const principal = authenticate(request);
    const call = readCreation(request, principal);
    return callControlPlane(context, { path: '/internal/file-batches', body: JSON.stringify(call), timeoutMs: TIMEOUT_MS });
  });
  server.get<{ Querystring: { limit?: string; after?: string } }>('/v1/batches', (request) => {
    const { accountId } = authenticate(request);
    const { limit = '20', after } = request.query;
    const count = Number(limit);
    if (!Number.isInteger(count) || count < 1 || count > MAX_LISTED)
      throw new GatewayError('invalid_request', `Invalid 'limit': must be between 1 and ${MAX_LISTED}.`, { param: 'limit' });
    const last = after === undefined ? undefined : readBatchId(after);
    if (after !== undefined && last === undefined)
      throw new GatewayError('invalid_request', "Invalid 'after': must be a batch id.", { param: 'after' });
    const query = `account=${accountId}&limit=${count}${last === undefined ? '' : `&after=${last}`}`;
    return callControlPlane(context, { path: `/internal/file-batches?${query}`, timeoutMs: TIMEOUT_MS });
  });
  server.get<{ Params: { id: string } }>('/v1/batches/:id', (request) =>
    callControlPlane(context, { path: ownBatch(request), timeoutMs: TIMEOUT_MS }),
  );
  server.post<{ Params: { id: string } }>('/v1/batches/:id/cancel', (request) =>
    callControlPlane(context, { path: ownBatch(request, '/cancel'), body: '{}', timeoutMs: TIMEOUT_MS }),
  );
}

function readCreation(request: FastifyRequest, principal: Principal): CreateFileBatchCall {
  const body = readBody(request, FileBatchSchema);
  const inputFileId = readFileId(body.input_file_id);
  if (inputFileId === undefined)
    throw new GatewayError('not_found', `There is no file '${body.input_file_id.slice(0, 100)}'.`, { param: 'input_file_id' });
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return {
    batchId: request.id,
    accountId: principal.accountId,
    keyId: principal.keyId,
    inputFileId,
    metadata: body.metadata ?? null,
    idempotencyKey: readIdempotencyKey(request),
    requestHash: createHash('sha256').update(raw).digest('hex'),
  };
}
