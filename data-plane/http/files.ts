/**
 * `/v1/files` as OpenAI has it, for batches: upload, list, retrieve, content, delete. Files are kept by the control plane, encrypted, for
 * 30 days; here they pass through, both ways, never whole in memory. Transfers have connections of their own, so that slow ones do not
 * keep leases waiting.
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { FILE_KEPT_DAYS, FILE_MAX_BYTES, type FinishFileCall, readFileId } from '../../shared/batch-file.js';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import type { ControlPlaneTransfer } from '../types.js';
import { callControlPlane, readRefusal } from './call-control-plane.js';
import { callerOf, type HttpContext } from './context.js';
import { readIdempotencyKey } from './read-idempotency-key.js';
import { receiveUpload } from './receive-upload.js';

const MAX_LISTED = 10_000;
const MIN_KEPT_SECONDS = 3_600;
const MAX_KEPT_SECONDS = FILE_KEPT_DAYS * 86_400;
const LIST_MS = 15_000;

const UploadSchema = Type.Object({
  file: Type.String({ format: 'binary', description: 'JSONL, up to 200 MB: one request a line.' }),
  purpose: Type.Enum(['batch']),
  'expires_after[anchor]': Type.Optional(Type.Enum(['created_at'])),
  'expires_after[seconds]': Type.Optional(Type.Integer({ minimum: MIN_KEPT_SECONDS, maximum: MAX_KEPT_SECONDS })),
});

const gateway = { tag: 'Gateway', security: 'apiKey' } as const;
export const fileDescriptions: readonly RouteDescription[] = [
  {
    ...gateway,
    method: 'POST',
    path: '/v1/files',
    summary: 'Upload a file of batch requests',
    description: 'multipart/form-data, as the OpenAI SDKs send it. Kept for 30 days, encrypted.',
    body: UploadSchema,
    bodyType: 'multipart/form-data',
    answers: { '200': { description: 'The file.' } },
  },
  {
    ...gateway,
    method: 'GET',
    path: '/v1/files',
    summary: 'List files',
    query: {
      limit: { description: '1 to 10,000.', schema: Type.Integer({ minimum: 1, maximum: MAX_LISTED }) },
      after: { description: 'The id of the last one seen.', schema: Type.String() },
      order: { description: 'By time of creation.', schema: Type.Enum(['asc', 'desc']) },
      purpose: { description: 'Uploaded files, or answers of batches.', schema: Type.Enum(['batch', 'batch_output']) },
    },
    answers: { '200': { description: 'Uploaded files, and output and error files of batches.' } },
  },
  { ...gateway, method: 'GET', path: '/v1/files/{id}', summary: 'Get a file', answers: { '200': { description: 'The file.' } } },
  {
    ...gateway,
    method: 'GET',
    path: '/v1/files/{id}/content',
    summary: 'Read a file',
    answers: { '200': { description: 'JSONL: what was uploaded, or the answers of a batch.', contentType: 'application/octet-stream' } },
  },
  { ...gateway, method: 'DELETE', path: '/v1/files/{id}', summary: 'Delete a file', answers: { '200': { description: 'It is gone.' } } },
];

type OneRequest = FastifyRequest<{ Params: { id: string } }>;
type ListQuery = { limit?: string; after?: string; order?: string; purpose?: string };

export function registerFiles(server: FastifyInstance, context: HttpContext, uploads: WeakSet<object>): void {
  const accountOf = (request: FastifyRequest): string =>
    context.stages.authenticate(callerOf(request, context), context.stages.snapshot()).accountId;
  const ownFile = (request: OneRequest, action = ''): string => {
    const account = accountOf(request);
    const id = readFileId(request.params.id);
    if (id === undefined) throw new GatewayError('not_found', `There is no file '${request.params.id.slice(0, 100)}'.`, { param: 'id' });
    return `/internal/files/${id}${action}?account=${account}`;
  };

  server.register((scope, _options, done) => {
    scope.addContentTypeParser('multipart/form-data', (_request, payload, parsed) => parsed(null, payload));
    scope.post<{ Body: unknown }>('/v1/files', async (request) => {
      const accountId = accountOf(request);
      const idempotencyKey = readIdempotencyKey(request);
      if (request.raw.headers['content-type']?.startsWith('multipart/form-data') !== true)
        throw new GatewayError('unsupported_media_type', 'Send the file as multipart/form-data.');
      uploads.add(request.raw.socket);
      try {
        return await takeUpload(request, accountId, idempotencyKey, context);
      } finally {
        uploads.delete(request.raw.socket);
      }
    });
    done();
  });
  server.get<{ Querystring: ListQuery }>('/v1/files', (request) =>
    callControlPlane(context, { path: `/internal/files?account=${accountOf(request)}&${listQuery(request.query)}`, timeoutMs: LIST_MS }),
  );
  server.get<{ Params: { id: string } }>('/v1/files/:id', (request) => callControlPlane(context, { path: ownFile(request) }));
  server.get<{ Params: { id: string } }>('/v1/files/:id/content', async (request, reply) => {
    const { body } = await transfer(context, { path: ownFile(request, '/content') });
    return reply.type('application/octet-stream').send(body);
  });
  server.delete<{ Params: { id: string } }>('/v1/files/:id', async (request) => {
    await callControlPlane(context, { path: ownFile(request, '/delete'), body: '{}' });
    return { id: request.params.id, object: 'file', deleted: true };
  });
}

/** The file becomes visible when all of the form is right; otherwise what arrived is dropped. */
async function takeUpload(request: FastifyRequest, accountId: string, idempotencyKey: string | null, context: HttpContext) {
  const path = `/internal/files/${request.id}`;
  const { fields, passed } = await receiveUpload(request.raw, FILE_MAX_BYTES, async (filename, content) => {
    const name = encodeURIComponent(filename || 'file.jsonl');
    const answer = await transfer(context, { path: `${path}?account=${accountId}&filename=${name}`, content });
    answer.body.resume();
    return true;
  });
  if (passed === undefined) throw new GatewayError('invalid_request', "Missing required parameter: 'file'.", { param: 'file' });
  try {
    checkPurpose(fields.get('purpose'));
    const call: FinishFileCall = { accountId, idempotencyKey, expiresAfterSeconds: readKeptSeconds(fields) };
    return await callControlPlane(context, { path: `${path}/finish`, body: JSON.stringify(call) });
  } catch (error) {
    // Nobody sees it, and it would be dropped within the hour.
    await callControlPlane(context, { path: `${path}/abandon?account=${accountId}`, body: '{}' }).catch(() => undefined);
    throw error;
  }
}

function checkPurpose(purpose: string | undefined): void {
  if (purpose === 'batch') return;
  const problem = purpose === undefined ? "Missing required parameter: 'purpose'." : "Invalid 'purpose': only 'batch' is supported.";
  throw new GatewayError('invalid_request', problem, { param: 'purpose' });
}

async function transfer(context: HttpContext, call: ControlPlaneTransfer): Promise<{ readonly body: Readable }> {
  const answer = await context.controlPlane.transfer({ ...call, headers: { authorization: `Bearer ${context.nodeToken}` } });
  if (answer.status >= 200 && answer.status < 300) return answer;
  const parts: Buffer[] = [];
  for await (const part of answer.body) parts.push(part as Buffer);
  throw readRefusal(answer.status, Buffer.concat(parts));
}

/** Null: the usual 30 days. */
function readKeptSeconds(fields: ReadonlyMap<string, string>): number | null {
  const text = fields.get('expires_after[seconds]');
  if (text === undefined) return null;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= MIN_KEPT_SECONDS && seconds <= MAX_KEPT_SECONDS) return seconds;
  const param = 'expires_after[seconds]';
  throw new GatewayError('invalid_request', `Invalid '${param}': must be between ${MIN_KEPT_SECONDS} and ${MAX_KEPT_SECONDS}.`, { param });
}

function listQuery(query: ListQuery): string {
  const { limit = String(MAX_LISTED), after, order = 'desc', purpose } = query;
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > MAX_LISTED) throw wrong('limit', `must be between 1 and ${MAX_LISTED}.`);
  if (order !== 'asc' && order !== 'desc') throw wrong('order', "must be 'asc' or 'desc'.");
  const last = after === undefined ? undefined : readFileId(after);
  if (after !== undefined && last === undefined) throw wrong('after', 'must be a file id.');
  const wanted = purpose === 'batch' || purpose === 'batch_output' ? `&purpose=${purpose}` : '';
  if (purpose !== undefined && wanted === '') throw wrong('purpose', "must be 'batch' or 'batch_output'.");
  return `limit=${count}&order=${order}${last === undefined ? '' : `&after=${last}`}${wanted}`;
}

function wrong(param: string, must: string): GatewayError {
  return new GatewayError('invalid_request', `Invalid '${param}': ${must}`, { param });
}
