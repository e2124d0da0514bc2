/** `POST /internal/idempotency/*`: claims of requests that carry an Idempotency-Key. Nodes only; 503 when PostgreSQL is away. */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { type AnswerCall, type ClaimCall, type ClaimReference, MAX_IDEMPOTENCY_KEY_LENGTH } from '../../shared/idempotency.js';
import type { Kms } from '../modules/byok/kms.js';
import { claimRequest, dropExpiredClaims, releaseClaim, renewClaim, storeAnswer } from '../modules/idempotency/claim-request.js';
import { authorizeNode } from './authorize-node.js';

/** An answer of 10 MB in base64, with room for its headers. */
const MAX_ANSWER_BYTES = 15 * 1024 * 1024;
const CLEANING_MS = 60_000;

const Uuid = Type.String({ format: 'uuid' });
const reference = { accountId: Uuid, key: Type.String({ minLength: 1, maxLength: MAX_IDEMPOTENCY_KEY_LENGTH }), requestId: Uuid };
const Reference = Type.Object(reference);
const Claim = Type.Object({
  ...reference,
  requestHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  nodeId: Type.String({ maxLength: 100 }),
});
const Answer = Type.Object({
  ...reference,
  answer: Type.Object({ status: Type.Integer(), headers: Type.Array(Type.String()), body: Type.String() }),
});

export interface IdempotencyDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly nodeToken: string;
}

export function registerIdempotencyRoutes(app: FastifyInstance, { pool, kms, nodeToken }: IdempotencyDependencies): void {
  const onRequest = authorizeNode(nodeToken);
  app.post<{ Body: ClaimCall }>('/internal/idempotency/claim', { onRequest, schema: { body: Claim } }, ({ body }) =>
    claimRequest(pool, kms, body),
  );
  app.post<{ Body: ClaimReference }>('/internal/idempotency/renew', { onRequest, schema: { body: Reference } }, async ({ body }) => ({
    held: await renewClaim(pool, body),
  }));
  app.post<{ Body: ClaimReference }>('/internal/idempotency/release', { onRequest, schema: { body: Reference } }, async ({ body }) => {
    await releaseClaim(pool, body);
    return {};
  });
  app.post<{ Body: AnswerCall }>(
    '/internal/idempotency/answer',
    { onRequest, bodyLimit: MAX_ANSWER_BYTES, schema: { body: Answer } },
    async ({ body }) => ({ stored: await storeAnswer(pool, kms, body) }),
  );

  const cleaning = setInterval(() => {
    dropExpiredClaims(pool).catch((error: unknown) => app.log.warn({ err: error }, 'expired idempotency claims were not dropped'));
  }, CLEANING_MS);
  cleaning.unref();
  app.addHook('onClose', async () => clearInterval(cleaning));
}
