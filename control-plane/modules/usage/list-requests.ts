/**
 * An account's requests, newest first, those of test keys included. Pages by (journal, line), as the ledger does. A filter looks at a
 * bounded stretch of requests per page: a page can hold fewer than were asked for, even none, and still say that there are more.
 */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd } from '../../../shared/money.js';
import { decodeCursor, encodeCursor, type Page, pageSize, toPage } from '../../db/find-page.js';
import { requireUuid } from '../identifiers.js';
import type { RequestArguments, RequestLine } from './request.shapes.js';

interface RequestRow {
  readonly position: string;
  readonly line: number;
  readonly request_id: string;
  readonly created_at: Date;
  readonly model: string;
  readonly vendor_id: string;
  readonly key_id: string;
  readonly test: boolean;
  readonly byok: boolean;
  readonly batch: boolean;
  readonly input: string;
  readonly output: string;
  readonly charge: string;
  readonly model_asked: string | null;
  readonly status: number | null;
  readonly first_token_ms: number | null;
}

/** Requests that a filtered page looks at, with their details: some tens of milliseconds. */
const STRETCH = 2_000;
const CURSOR = /^(\d{1,18})\.(\d{1,9})$/;
const FIRST = ['999999999999999999', '0'] as const;
const LAST = ['-1', '0'] as const;

export async function listRequests(pool: Pool, accountId: string, request: RequestArguments): Promise<Page<RequestLine>> {
  const size = pageSize(request);
  const from = readCursor(request.after);
  const keyId = request.keyId ? requireUuid(request.keyId) : null;
  const filtered = Boolean(request.model || keyId || request.failed);
  const bound = filtered ? await findBound(pool, accountId, from) : undefined;
  const { rows } = await pool.query<RequestRow>(
    `SELECT settlement.position, line, settlement.request_id, journal.created_at, model, vendor_id, key_id, test, byok,
       batch_item_id IS NOT NULL AS batch, input_uncached + cache_read + cache_write_5m + cache_write_1h AS input, output, charge,
       detail->>'modelAsked' AS model_asked, (detail->>'status')::int AS status, (detail->>'firstTokenMs')::float8 AS first_token_ms
     FROM settlement JOIN journal USING (account_id, position) LEFT JOIN generation ON generation.request_id = settlement.request_id
     WHERE settlement.account_id = $1 AND (settlement.position, line) < ($2, $3) AND (settlement.position, line) >= ($4, $5)
       AND ($6::text IS NULL OR model = $6) AND ($7::uuid IS NULL OR key_id = $7)
       AND (NOT $8 OR (detail->>'status')::int >= 400)
     ORDER BY settlement.position DESC, line DESC LIMIT $9`,
    [accountId, ...from, ...(bound ?? LAST), request.model || null, keyId, request.failed ?? false, size + 1],
  );
  const page = toPage(rows, size, (row) => `${row.position}.${row.line}`);
  const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: describe(node) }));
  if (page.pageInfo.hasNextPage || bound === undefined) return { edges, pageInfo: page.pageInfo };
  return { edges, pageInfo: { endCursor: encodeCursor(bound.join('.')), hasNextPage: true } };
}

/** Where the stretch ends; undefined when it holds all that is left. */
async function findBound(pool: Pool, accountId: string, from: readonly [string, string]): Promise<readonly [string, string] | undefined> {
  const { rows } = await pool.query<{ position: string; line: number }>(
    `SELECT position, line FROM settlement WHERE account_id = $1 AND (position, line) < ($2, $3)
     ORDER BY position DESC, line DESC OFFSET $4 LIMIT 1`,
    [accountId, ...from, STRETCH],
  );
  return rows[0] && [rows[0].position, String(rows[0].line)];
}

function describe(row: RequestRow): RequestLine {
  return {
    id: row.request_id,
    createdAt: row.created_at,
    modelAsked: row.model_asked,
    model: row.model || null,
    vendor: row.vendor_id || null,
    keyId: row.key_id,
    test: row.test,
    byok: row.byok,
    batch: row.batch,
    status: row.status,
    promptTokens: Number(row.input),
    completionTokens: Number(row.output),
    firstTokenMs: row.first_token_ms,
    costUsd: formatUsd(BigInt(row.charge)),
  };
}

function readCursor(after: string | null | undefined): readonly [string, string] {
  if (after === undefined || after === null) return FIRST;
  const match = CURSOR.exec(decodeCursor(after));
  if (!match) throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
  return [match[1] ?? '0', match[2] ?? '0'];
}
