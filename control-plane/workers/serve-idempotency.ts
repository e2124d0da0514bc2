/** `POST /internal/idempotency/*`: claims of requests that carry an Idempotency-Key. Nodes only; 503 when PostgreSQL is away. */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { type AnswerCall, type ClaimCall, type ClaimReference, MAX_IDEMPOTENCY_KEY_LENGTH } from '../../shared/idempotency.js';
import type { Kms } from '../modules/byok/kms.js';
import { claimRequests, dropExpiredClaims, releaseClaim, renewClaim, storeAnswers } from '../modules/idempotency/claim-request.js';
import { authorizeNode } from './authorize-node.js';

/** An answer of 10 MB in base64, with room for its headers, after a few that came with it. */
const MAX_ANSWERS_BYTES = 24 * 1024 * 1024;
const MAX_TOGETHER = 100;
const CLEANING_MS = 60_000;

const Uuid = Type.String({ format: 'uuid' });
const reference = { accountId: Uuid, key: Type.String({ minLength: 1, maxLength: MAX_IDEMPOTENCY_KEY_LENGTH }), requestId: Uuid };
const Reference = Type.Object(reference);
const Claims = Type.Array(
  Type.Object({
    ...reference,
    requestHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    nodeId: Type.String({ maxLength: 100 }),
  }),
  { minItems: 1, maxItems: MAX_TOGETHER },
);
const Answers = Type.Array(
  Type.Object({
    ...reference,
    answer: Type.Object({ status: Type.Integer(), headers: Type.Array(Type.String()), body: Type.String() }),
  }),
  { minItems: 1, maxItems: MAX_TOGETHER },
);

export interface IdempotencyDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly nodeToken: string;
}

export function registerIdempotencyRoutes(app: FastifyInstance, { pool, kms, nodeToken }: IdempotencyDependencies): void {
  const onRequest = authorizeNode(nodeToken);
  app.post<{ Body: ClaimCall[] }>('/internal/idempotency/claims', { onRequest, schema: { body: Claims } }, ({ body }) =>
    claimRequests(pool, kms, body),
  );
  app.post<{ Body: ClaimReference }>('/internal/idempotency/renew', { onRequest, schema: { body: Reference } }, async ({ body }) => ({
    held: await renewClaim(pool, body),
  }));
  app.post<{ Body: ClaimReference }>('/internal/idempotency/release', { onRequest, schema: { body: Reference } }, async ({ body }) => {
    await releaseClaim(pool, body);
    return {};
  });
  app.post<{ Body: AnswerCall[] }>(
    '/internal/idempotency/answers',
    { onRequest, bodyLimit: MAX_ANSWERS_BYTES, schema: { body: Answers } },
    ({ body }) => storeAnswers(pool, kms, body),
  );

  const cleaning = setInterval(() => {
    dropExpiredClaims(pool).catch((error: unknown) => app.log.warn({ err: error }, 'expired idempotency claims were not dropped'));
  }, CLEANING_MS);
  cleaning.unref();
  app.addHook('onClose', async () => clearInterval(cleaning));
}
