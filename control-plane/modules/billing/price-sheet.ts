import type { PriceSheet, Rates } from '../../../shared/money.js';
import type { RatesRow } from '../../../shared/snapshot.js';

/** A row of `model_price`: what a price revision says, for ever. */
export interface PriceRow {
  revision: string;
  model_id: string;
  input_uncached: string;
  cache_read: string;
  cache_write_5m: string;
  cache_write_1h: string;
  output: string;
  requests: string;
  tiers: readonly { readonly aboveInputTokens: number; readonly rates: RatesRow }[];
}

export function readSheet(row: PriceRow): PriceSheet {
  const rates: Rates = {
    inputUncached: BigInt(row.input_uncached),
    cacheRead: BigInt(row.cache_read),
    cacheWrite5m: BigInt(row.cache_write_5m),
    cacheWrite1h: BigInt(row.cache_write_1h),
    output: BigInt(row.output),
    requests: BigInt(row.requests),
  };
  const tiers = row.tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: readRates(tier.rates) }));
  return { revision: Number(row.revision), rates, tiers };
}

function readRates(row: RatesRow): Rates {
  return {
    inputUncached: BigInt(row.inputUncached),
    cacheRead: BigInt(row.cacheRead),
    cacheWrite5m: BigInt(row.cacheWrite5m),
    cacheWrite1h: BigInt(row.cacheWrite1h),
    output: BigInt(row.output),
    requests: BigInt(row.requests),
  };
}
