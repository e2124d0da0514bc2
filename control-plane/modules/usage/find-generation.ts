/**
 * What happened to one request: the settlement for the money, the generation for the rest. Found by the request id, by
 * whose time both are partitioned, so one partition is read. The detail is kept 30 days; what was charged, for ever.
 * Called by the route that nodes ask (`GET /internal/generations/:id`) and by the GraphQL query. Another account's request is not found.
 */
import type { Pool } from 'pg';
import { formatUsd, formatUsdPerToken, ratesFor } from '../../../shared/money.js';
import type { UsageEvent } from '../../../shared/usage-event.js';
import { type PriceRow, readSheet } from '../billing/price-sheet.js';

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

/** Snake case: this is what customers see. Money is decimal strings of USD. */
export interface Generation {
  readonly id: string;
  readonly object: 'generation';
  readonly created_at: string;
  readonly model_asked: string | null;
  readonly model: string | null;
  readonly vendor: string | null;
  readonly region: string | null;
  readonly route: string | null;
  readonly tier: string | null;
  readonly byok: boolean;
  readonly test: boolean;
  readonly streamed: boolean | null;
  readonly status: number | null;
  readonly error_code: string | null;
  readonly finish_reason: string | null;
  readonly attempts: readonly {
    readonly vendor: string;
    readonly model: string;
    readonly credential: string;
    readonly outcome: string;
    readonly status: number | null;
    readonly duration_ms: number;
    readonly first_token_ms: number | null;
  }[];
  readonly excluded: readonly { readonly model: string; readonly vendor: string | null; readonly reason: string }[];
  readonly tokens: {
    readonly input_uncached: number;
    readonly cache_read: number;
    readonly cache_write_5m: number;
    readonly cache_write_1h: number;
    readonly output: number;
    readonly reasoning: number;
  };
  /** USD per token; null when nothing was priced. */
  readonly unit_prices: {
    readonly revision: number;
    readonly input: string;
    readonly cache_read: string;
    readonly cache_write_5m: string;
    readonly cache_write_1h: string;
    readonly output: string;
  } | null;
  readonly multiplier: string;
  readonly cost_usd: string;
  readonly reason: string;
  readonly estimated: boolean;
  readonly first_token_ms: number | null;
  readonly total_ms: number | null;
}

interface SettlementRow {
  request_id: string;
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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Undefined when the account has no such request, or it has not settled yet. */
export async function findGeneration(pool: Pool, accountId: string, requestId: string): Promise<Generation | undefined> {
  if (!UUID.test(requestId) || !UUID.test(accountId)) return undefined;
  const { rows } = await pool.query<SettlementRow>(
    `SELECT settlement.*, journal.created_at, generation.detail FROM settlement
     JOIN journal USING (account_id, position) LEFT JOIN generation ON generation.request_id = settlement.request_id
     WHERE settlement.request_id = $1::uuid AND settlement.account_id = $2::uuid`,
    [requestId, accountId],
  );
  const [row] = rows;
  return row && { ...describeSettlement(row), unit_prices: await findPrices(pool, row), ...describeDetail(row.detail) };
}

function describeSettlement(row: SettlementRow) {
  return {
    id: row.request_id,
    object: 'generation' as const,
    created_at: row.created_at.toISOString(),
    model: row.model || null,
    vendor: row.vendor_id || null,
    byok: row.byok,
    test: row.test,
    tokens: {
      input_uncached: Number(row.input_uncached),
      cache_read: Number(row.cache_read),
      cache_write_5m: Number(row.cache_write_5m),
      cache_write_1h: Number(row.cache_write_1h),
      output: Number(row.output),
      reasoning: Number(row.reasoning),
    },
    multiplier: row.multiplier_denominator === 1 ? '1' : `${row.multiplier_numerator}/${row.multiplier_denominator}`,
    cost_usd: formatUsd(BigInt(row.charge)),
    reason: row.reason,
    estimated: row.estimated,
  };
}

function describeDetail(detail: GenerationDetail | null) {
  return {
    model_asked: detail?.modelAsked ?? null,
    region: detail?.region ?? null,
    route: detail?.route ?? null,
    tier: detail?.tier ?? null,
    streamed: detail?.streamed ?? null,
    status: detail?.status ?? null,
    error_code: detail?.errorCode ?? null,
    finish_reason: detail?.finishReason ?? null,
    attempts: (detail?.attempts ?? []).map((attempt) => ({
      vendor: attempt.vendorId,
      model: attempt.model,
      credential: attempt.credential,
      outcome: attempt.outcome,
      status: attempt.status,
      duration_ms: attempt.durationMs,
      first_token_ms: attempt.firstTokenMs,
    })),
    excluded: (detail?.excluded ?? []).map(({ model, vendorId, reason }) => ({ model, vendor: vendorId, reason })),
    first_token_ms: detail?.firstTokenMs ?? null,
    total_ms: detail?.totalMs ?? null,
  };
}

async function findPrices(pool: Pool, row: SettlementRow): Promise<Generation['unit_prices']> {
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
    cache_read: formatUsdPerToken(rates.cacheRead),
    cache_write_5m: formatUsdPerToken(rates.cacheWrite5m),
    cache_write_1h: formatUsdPerToken(rates.cacheWrite1h),
    output: formatUsdPerToken(rates.output),
  };
}
