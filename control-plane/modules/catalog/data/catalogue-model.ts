/**
 * The reviewed catalogue: one row per public model, in `catalogue.json`, one line each so that a diff reads well. Prices are decimal
 * strings of USD per million tokens, as vendors publish them. `npm run catalogue` rebuilds it from newer facts and shows the diff.
 */
import type { QualityTier } from '../../../../shared/chat.js';
import type { RatesRow, VendorQuirks } from '../../../../shared/snapshot.js';
import rows from './catalogue.json' with { type: 'json' };

export interface CatalogueRates {
  readonly input: string;
  readonly output: string;
  readonly cacheRead?: string;
  readonly cacheWrite5m?: string;
  readonly cacheWrite1h?: string;
  /** USD per thousand requests. */
  readonly perThousandRequests?: string;
}

export interface CatalogueTier extends CatalogueRates {
  readonly aboveInputTokens: number;
}

export interface CatalogueEndpoint {
  readonly vendor: string;
  readonly model: string;
  /** What the vendor asks, where it differs from the model's price. */
  readonly cost?: CatalogueRates;
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly quirks?: VendorQuirks;
}

export interface CatalogueModel {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly ownedBy: string;
  /** ISO date of release. */
  readonly released: string;
  readonly aliases: readonly string[];
  readonly tier: QualityTier;
  readonly deprecated: boolean;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly tokenizer: string;
  /** Names of `Capabilities` that hold. */
  readonly can: readonly string[];
  readonly price: CatalogueRates;
  readonly tiers: readonly CatalogueTier[];
  readonly endpoints: readonly CatalogueEndpoint[];
  /** Where the price was read, and when. */
  readonly source: string;
}

export const CATALOGUE: readonly CatalogueModel[] = rows as unknown as readonly CatalogueModel[];

/** USD per million tokens as pico-USD per token. Throws on more than 6 places: a price finer than a pico-USD cannot be charged. */
export function picoPerToken(usdPerMillion: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,6}))?$/.exec(usdPerMillion);
  if (!match) throw new Error(`not a price in USD per million tokens: ${usdPerMillion}`);
  return BigInt(match[1] ?? '0') * 1_000_000n + BigInt((match[2] ?? '').padEnd(6, '0'));
}

/** A vendor that publishes no cached price charges cached tokens as input; likewise cache writes. */
export function ratesRowOf(rates: CatalogueRates): RatesRow {
  const input = picoPerToken(rates.input);
  const write = rates.cacheWrite5m === undefined ? input : picoPerToken(rates.cacheWrite5m);
  return {
    inputUncached: input.toString(),
    cacheRead: (rates.cacheRead === undefined ? input : picoPerToken(rates.cacheRead)).toString(),
    cacheWrite5m: write.toString(),
    cacheWrite1h: (rates.cacheWrite1h === undefined ? write : picoPerToken(rates.cacheWrite1h)).toString(),
    output: picoPerToken(rates.output).toString(),
    // USD per thousand requests = milli-USD per request = 10^9 pico-USD.
    requests: rates.perThousandRequests === undefined ? '0' : (picoPerToken(rates.perThousandRequests) * 1_000n).toString(),
  };
}
