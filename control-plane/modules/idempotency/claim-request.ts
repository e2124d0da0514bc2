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
import { bytesArray, plainArray, textArray } from '../billing/column-arrays.js';
import type { Kms } from '../byok/kms.js';

interface ClaimRow {
  readonly account_id: string;
  readonly key: string;
  readonly request_hash: Buffer;
  readonly request_id: string;
  readonly answer: Buffer | null;
  readonly answer_key: string | null;
}

/** One answer a call, in their order. Nodes send together what comes together: a statement costs much the same for one and for many. */
export async function claimRequests(pool: Pool, kms: Kms, calls: readonly ClaimCall[]): Promise<ClaimAnswer[]> {
  // Of two with one key the first may run; the other asks again. Sorted, so that two statements never wait for each other's rows.
  const firsts = [...new Map(calls.toReversed().map((call) => [nameOf(call), call])).values()].sort((left, right) =>
    nameOf(left) < nameOf(right) ? -1 : 1,
  );
  const { rows: claimed } = await pool.query<{ request_id: string }>({
    name: 'claim-requests',
    text: `INSERT INTO idempotency_claim (account_id, key, request_hash, request_id, node_id, claimed_until, expires_at)
           SELECT account_id, key, request_hash, request_id, node_id, now() + $6 * interval '1 ms', now() + $7 * interval '1 ms'
           FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::text[]) AS call (account_id, key, request_hash, request_id, node_id)
           ON CONFLICT (account_id, key) DO UPDATE
             SET request_hash = excluded.request_hash, request_id = excluded.request_id, node_id = excluded.node_id,
                 claimed_until = excluded.claimed_until, expires_at = excluded.expires_at, answer = NULL, answer_key = NULL
             WHERE idempotency_claim.expires_at <= now()
                OR (idempotency_claim.answer IS NULL AND idempotency_claim.claimed_until <= now()
                    AND idempotency_claim.request_hash = excluded.request_hash)
                OR idempotency_claim.request_id = excluded.request_id AND idempotency_claim.answer IS NULL
           RETURNING request_id`,
    values: [
      plainArray(firsts.map((call) => call.accountId)),
      textArray(firsts.map((call) => call.key)),
      bytesArray(firsts.map((call) => Buffer.from(call.requestHash, 'hex'))),
      plainArray(firsts.map((call) => call.requestId)),
      textArray(firsts.map((call) => call.nodeId)),
      CLAIM_TTL_MS,
      IDEMPOTENCY_KEPT_MS,
    ],
  });
  const own = new Set(claimed.map((row) => row.request_id));
  const others = calls.filter((call) => !own.has(call.requestId));
  const known = others.length === 0 ? new Map<string, ClaimRow>() : await readClaims(pool, others);
  return Promise.all(
    calls.map((call) => (own.has(call.requestId) ? { outcome: 'claimed' } : outcomeOf(kms, call, known.get(nameOf(call))))),
  );
}

async function readClaims(pool: Pool, calls: readonly ClaimCall[]): Promise<Map<string, ClaimRow>> {
  const { rows } = await pool.query<ClaimRow>(
    `SELECT account_id, key, request_hash, request_id, answer, answer_key FROM idempotency_claim
     JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[]) AS call (account_id, key)) AS call USING (account_id, key)`,
    [plainArray(calls.map((call) => call.accountId)), textArray(calls.map((call) => call.key))],
  );
  return new Map(rows.map((row) => [nameOf({ accountId: row.account_id, key: row.key }), row]));
}

async function outcomeOf(kms: Kms, call: ClaimCall, row: ClaimRow | undefined): Promise<ClaimAnswer> {
  // Given up between the two statements: the next ask claims it.
  if (!row) return { outcome: 'running' };
  if (row.request_hash.toString('hex') !== call.requestHash) return { outcome: 'conflict' };
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

/** Of each whether it was stored: not when the claim was taken over meanwhile, then the other's answer stands. */
export async function storeAnswers(pool: Pool, kms: Kms, calls: readonly AnswerCall[]): Promise<boolean[]> {
  const sealed = await Promise.all(
    calls.map(async (call) => {
      const dataKey = generateDataKey();
      const answer = encrypt(dataKey, Buffer.from(JSON.stringify(call.answer)), boundTo(call.requestId));
      return { ...call, answer, answerKey: await kms.wrap(dataKey, call.requestId) };
    }),
  );
  sealed.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  const { rows } = await pool.query<{ request_id: string }>({
    name: 'store-answers',
    text: `UPDATE idempotency_claim AS claim SET answer = given.answer, answer_key = given.answer_key
           FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::text[]) AS given (account_id, key, request_id, answer, answer_key)
           WHERE claim.account_id = given.account_id AND claim.key = given.key AND claim.request_id = given.request_id AND claim.answer IS NULL
           RETURNING claim.request_id`,
    values: [
      plainArray(sealed.map((one) => one.accountId)),
      textArray(sealed.map((one) => one.key)),
      plainArray(sealed.map((one) => one.requestId)),
      bytesArray(sealed.map((one) => one.answer)),
      textArray(sealed.map((one) => one.answerKey)),
    ],
  });
  const stored = new Set(rows.map((row) => row.request_id));
  return calls.map((call) => stored.has(call.requestId));
}

/** Returns how many were dropped. */
export async function dropExpiredClaims(pool: Pool): Promise<number> {
  return (await pool.query('DELETE FROM idempotency_claim WHERE expires_at <= now()')).rowCount ?? 0;
}

function boundTo(requestId: string): Buffer {
  return Buffer.from(`modelapi idempotency v1 ${requestId}`);
}

function nameOf(claim: { readonly accountId: string; readonly key: string }): string {
  return `${claim.accountId} ${claim.key}`;
}
