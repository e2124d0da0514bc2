/** `/internal/files`: files for the node whose customer asks. Every call names the account; another's file is not found. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { FinishFileCall } from '../../shared/batch-file.js';
import { deleteOutput, readOutput } from '../modules/batch/read-output.js';
import type { Kms } from '../modules/byok/kms.js';
import { type FileQuery, type FoundFile, findFile, listFiles } from '../modules/file/list-files.js';
import { dropFile, dropUnfinished, finishFile, noSuchFile, readFile, storeFile } from '../modules/file/store-file.js';
import { authorizeNode } from './authorize-node.js';

const Uuid = Type.String({ format: 'uuid' });
const Account = Type.Object({ account: Uuid });
const One = Type.Object({ id: Uuid });
const List = Type.Object({
  account: Uuid,
  limit: Type.Integer({ minimum: 1, maximum: 10_000 }),
  order: Type.Enum(['asc', 'desc']),
  after: Type.Optional(Uuid),
  purpose: Type.Optional(Type.Enum(['batch', 'batch_output'])),
});

export interface FileRouteDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly nodeToken: string;
}

type OneRequest = { Params: { id: string }; Querystring: { account: string } };

export function registerFileRoutes(app: FastifyInstance, { pool, kms, nodeToken }: FileRouteDependencies): void {
  const onRequest = authorizeNode(nodeToken);
  const schema = { params: One, querystring: Account };
  const find = async (accountId: string, fileId: string): Promise<FoundFile> => {
    const file = await findFile(pool, accountId, fileId);
    if (!file) throw noSuchFile();
    return file;
  };

  app.register((scope, _options, done) => {
    scope.addContentTypeParser('application/octet-stream', (_request, payload, parsed) => parsed(null, payload));
    scope.post<OneRequest & { Body: Readable; Querystring: { filename: string } }>(
      '/internal/files/:id',
      { onRequest, schema: { params: One, querystring: Type.Object({ account: Uuid, filename: Type.String({ minLength: 1 }) }) } },
      async ({ params, query, body }) => {
        try {
          await storeFile(pool, kms, { fileId: params.id, accountId: query.account, filename: query.filename }, body);
        } catch (error) {
          // The node is still sending: it reads the answer when it is done.
          body.resume();
          throw error;
        }
        return {};
      },
    );
    done();
  });
  app.post<OneRequest & { Body: FinishFileCall }>(
    '/internal/files/:id/finish',
    { onRequest, schema: { params: One } },
    async ({ params, body }) => {
      return (await find(body.accountId, await finishFile(pool, params.id, body))).view;
    },
  );
  app.post<OneRequest>('/internal/files/:id/abandon', { onRequest, schema }, async ({ params, query }) => {
    await dropUnfinished(pool, { fileId: params.id, accountId: query.account });
    return {};
  });
  app.get<{ Querystring: Omit<FileQuery, 'after' | 'purpose'> & { account: string; after?: string; purpose?: 'batch' | 'batch_output' } }>(
    '/internal/files',
    { onRequest, schema: { querystring: List } },
    async ({ query: { account, limit, order, after = null, purpose = null } }) => ({
      object: 'list',
      ...(await listFiles(pool, account, { limit, order, after, purpose })),
    }),
  );
  app.get<OneRequest>(
    '/internal/files/:id',
    { onRequest, schema },
    async ({ params, query }) => (await find(query.account, params.id)).view,
  );
  app.get<OneRequest>('/internal/files/:id/content', { onRequest, schema }, async ({ params, query }, reply) => {
    const file = await find(query.account, params.id);
    const content =
      file.batchId === null || file.kind === 'input'
        ? readFile(pool, kms, query.account, file.id)
        : readOutput(pool, kms, file.batchId, file.kind);
    return reply.type('application/octet-stream').send(Readable.from(content, { objectMode: false }));
  });
  app.post<OneRequest>('/internal/files/:id/delete', { onRequest, schema }, async ({ params, query }) => {
    const file = await find(query.account, params.id);
    if (file.batchId === null || file.kind === 'input') await dropFile(pool, { fileId: file.id, accountId: query.account });
    else await deleteOutput(pool, file.batchId, file.kind);
    return { deleted: true };
  });
}
