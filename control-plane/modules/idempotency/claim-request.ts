/**
 * Who runs a request that carries an Idempotency-Key. Guarantees: of all requests with one account and key, one runs at a time; its
 * answer is given to the others for 24 hours; a key with another body is a conflict. A claim whose node died is free after CLAIM_TTL_MS.
 * Answers are encrypted, each with a data key of its own, wrapped by the KMS and bound to the claim's request.
 * When PostgreSQL is away every function rejects: the node answers 503, because it cannot promise.
 */
import type { Pool } from 'pg';
import {
  type AnswerCall,
  CLAIM_TTL_MS,
  type ClaimAnswer,
  type ClaimCall,
  type ClaimReference,
  IDEMPOTENCY_KEPT_MS,
} from '../../../shared/idempotency.js';
import { decrypt, encrypt, generateDataKey } from '../../../shared/sealed.js';
import type { Kms } from '../byok/kms.js';

interface ClaimRow {
  readonly request_hash: Buffer;
  readonly request_id: string;
  readonly answer: Buffer | null;
  readonly answer_key: string | null;
}

export async function claimRequest(pool: Pool, kms: Kms, call: ClaimCall): Promise<ClaimAnswer> {
  const hash = Buffer.from(call.requestHash, 'hex');
  const claimed = await pool.query(
    `INSERT INTO idempotency_claim (account_id, key, request_hash, request_id, node_id, claimed_until, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 ms', now() + $7 * interval '1 ms')
     ON CONFLICT (account_id, key) DO UPDATE
       SET request_hash = excluded.request_hash, request_id = excluded.request_id, node_id = excluded.node_id,
           claimed_until = excluded.claimed_until, expires_at = excluded.expires_at, answer = NULL, answer_key = NULL
       WHERE idempotency_claim.expires_at <= now()
          OR (idempotency_claim.answer IS NULL AND idempotency_claim.claimed_until <= now()
              AND idempotency_claim.request_hash = excluded.request_hash)
          OR idempotency_claim.request_id = excluded.request_id AND idempotency_claim.answer IS NULL`,
    [call.accountId, call.key, hash, call.requestId, call.nodeId, CLAIM_TTL_MS, IDEMPOTENCY_KEPT_MS],
  );
  if (claimed.rowCount === 1) return { outcome: 'claimed' };
  const { rows } = await pool.query<ClaimRow>(
    'SELECT request_hash, request_id, answer, answer_key FROM idempotency_claim WHERE account_id = $1 AND key = $2',
    [call.accountId, call.key],
  );
  const row = rows[0];
  // Given up between the two statements: the next ask claims it.
  if (!row) return { outcome: 'running' };
  if (!row.request_hash.equals(hash)) return { outcome: 'conflict' };
  if (row.answer === null || row.answer_key === null) return { outcome: 'running' };
  const dataKey = await kms.unwrap(row.answer_key, row.request_id);
  return { outcome: 'answered', answer: JSON.parse(decrypt(dataKey, row.answer, boundTo(row.request_id)).toString('utf8')) };
}

/** False when the claim is no longer this request's. */
export async function renewClaim(pool: Pool, claim: ClaimReference): Promise<boolean> {
  const renewed = await pool.query(
    `UPDATE idempotency_claim SET claimed_until = now() + $4 * interval '1 ms'
     WHERE account_id = $1 AND key = $2 AND request_id = $3 AND answer IS NULL`,
    [claim.accountId, claim.key, claim.requestId, CLAIM_TTL_MS],
  );
  return renewed.rowCount === 1;
}

/** The request had no answer worth repeating (an error that may pass, a client that left): the next one runs. */
export async function releaseClaim(pool: Pool, claim: ClaimReference): Promise<void> {
  await pool.query('DELETE FROM idempotency_claim WHERE account_id = $1 AND key = $2 AND request_id = $3 AND answer IS NULL', [
    claim.accountId,
    claim.key,
    claim.requestId,
  ]);
}

/** False when the claim was taken over meanwhile: the other's answer stands. */
export async function storeAnswer(pool: Pool, kms: Kms, call: AnswerCall): Promise<boolean> {
  const dataKey = generateDataKey();
  const answer = encrypt(dataKey, Buffer.from(JSON.stringify(call.answer)), boundTo(call.requestId));
  const stored = await pool.query(
    'UPDATE idempotency_claim SET answer = $4, answer_key = $5 WHERE account_id = $1 AND key = $2 AND request_id = $3 AND answer IS NULL',
    [call.accountId, call.key, call.requestId, answer, await kms.wrap(dataKey, call.requestId)],
  );
  return stored.rowCount === 1;
}

/** Returns how many were dropped. */
export async function dropExpiredClaims(pool: Pool): Promise<number> {
  return (await pool.query('DELETE FROM idempotency_claim WHERE expires_at <= now()')).rowCount ?? 0;
}

function boundTo(requestId: string): Buffer {
  return Buffer.from(`modelapi idempotency v1 ${requestId}`);
}
