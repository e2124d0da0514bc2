/**
 * What happened to one request: the settlement for the money, the generation for the rest. Found by the request id, by
 * whose time both are partitioned, so one partition is read. The detail is kept 30 days; what was charged, for ever.
 * Called by the route that nodes ask (`GET /internal/generations/:id`) and by the GraphQL query. Another account's request is not found.
 */
import type { Pool } from 'pg';
import { formatUsd, formatUsdPerToken, ratesFor } from '../../../shared/money.js';
import type { UsageEvent } from '../../../shared/usage-event.js';
import { UUID_PATTERN } from '../../db/find-page.js';
import { type PriceRow, readSheet } from '../billing/price-sheet.js';
import type { Generation, GenerationPrices } from './generation.shapes.js';

export type GenerationDetail = Pick<
  UsageEvent,
  | 'region'
  | 'modelAsked'
  | 'endpointId'
  | 'upstreamModel'
  | 'route'
  | 'tier'
  | 'attempts'
  | 'excluded'
  | 'sessionId'
  | 'streamed'
  | 'status'
  | 'errorCode'
  | 'finishReason'
  | 'startedAtMs'
  | 'firstTokenMs'
  | 'totalMs'
>;

interface SettlementRow {
  request_id: string;
  key_id: string;
  model: string;
  vendor_id: string;
  byok: boolean;
  test: boolean;
  input_uncached: string;
  cache_read: string;
  cache_write_5m: string;
  cache_write_1h: string;
  output: string;
  reasoning: string;
  price_revision: string | null;
  multiplier_numerator: number;
  multiplier_denominator: number;
  charge: string;
  reason: string;
  estimated: boolean;
  created_at: Date;
  detail: GenerationDetail | null;
}

/** Undefined when the account has no such request, or it has not settled yet. */
export async function findGeneration(pool: Pool, accountId: string, requestId: string): Promise<Generation | undefined> {
  if (!UUID_PATTERN.test(requestId) || !UUID_PATTERN.test(accountId)) return undefined;
  const { rows } = await pool.query<SettlementRow>(
    `SELECT settlement.*, journal.created_at, generation.detail FROM settlement
     JOIN journal USING (account_id, position) LEFT JOIN generation ON generation.request_id = settlement.request_id
     WHERE settlement.request_id = $1::uuid AND settlement.account_id = $2::uuid`,
    [requestId, accountId],
  );
  const [row] = rows;
  return row && { ...describeSettlement(row), unitPrices: await findPrices(pool, row), ...describeDetail(row.detail) };
}

function describeSettlement(row: SettlementRow): Omit<Generation, keyof ReturnType<typeof describeDetail> | 'unitPrices'> {
  return {
    id: row.request_id,
    createdAt: row.created_at,
    keyId: row.key_id,
    model: row.model || null,
    vendor: row.vendor_id || null,
    byok: row.byok,
    test: row.test,
    tokens: {
      inputUncached: Number(row.input_uncached),
      cacheRead: Number(row.cache_read),
      cacheWrite5m: Number(row.cache_write_5m),
      cacheWrite1h: Number(row.cache_write_1h),
      output: Number(row.output),
      reasoning: Number(row.reasoning),
    },
    multiplier: row.multiplier_denominator === 1 ? '1' : `${row.multiplier_numerator}/${row.multiplier_denominator}`,
    costUsd: formatUsd(BigInt(row.charge)),
    reason: row.reason,
    estimated: row.estimated,
  };
}

function describeDetail(detail: GenerationDetail | null) {
  return {
    modelAsked: detail?.modelAsked ?? null,
    region: detail?.region ?? null,
    route: detail?.route ?? null,
    tier: detail?.tier ?? null,
    sessionId: detail?.sessionId ?? null,
    streamed: detail?.streamed ?? null,
    status: detail?.status ?? null,
    errorCode: detail?.errorCode ?? null,
    finishReason: detail?.finishReason ?? null,
    attempts: (detail?.attempts ?? []).map(({ vendorId, model, credential, outcome, status, durationMs, firstTokenMs }) => ({
      vendor: vendorId,
      model,
      credential,
      outcome,
      status,
      durationMs,
      firstTokenMs,
    })),
    excluded: (detail?.excluded ?? []).map(({ model, vendorId, reason }) => ({ model, vendor: vendorId, reason })),
    firstTokenMs: detail?.firstTokenMs ?? null,
    totalMs: detail?.totalMs ?? null,
  };
}

async function findPrices(pool: Pool, row: SettlementRow): Promise<GenerationPrices | null> {
  if (row.price_revision === null || row.byok) return null;
  const { rows } = await pool.query<PriceRow>('SELECT * FROM model_price WHERE revision = $1', [row.price_revision]);
  const [price] = rows;
  if (!price) return null;
  const inputs = [row.input_uncached, row.cache_read, row.cache_write_5m, row.cache_write_1h];
  const rates = ratesFor(
    readSheet(price),
    inputs.reduce((total, tokens) => total + Number(tokens), 0),
  );
  return {
    revision: Number(row.price_revision),
    input: formatUsdPerToken(rates.inputUncached),
    cacheRead: formatUsdPerToken(rates.cacheRead),
    cacheWrite5m: formatUsdPerToken(rates.cacheWrite5m),
    cacheWrite1h: formatUsdPerToken(rates.cacheWrite1h),
    output: formatUsdPerToken(rates.output),
  };
}
