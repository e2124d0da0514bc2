/**
 * Money. Prices are pico-USD per token (= micro-USD per million tokens); amounts are nano-USD. Both are `bigint`; a float never
 * touches them. A charge is rounded once, down, after the multiplier: nobody is charged above the list price.
 * Pure; used by both planes, by the ledger verifier and by the simulation, so that each computes the same figure bit for bit.
 */

export type NanoUsd = bigint;
export type PicoUsdPerToken = bigint;

export const NANO_PER_USD = 1_000_000_000n;
export const NANO_PER_CENT = 10_000_000n;
/** USDT has 6 decimals. */
export const NANO_PER_MICRO_USD = 1_000n;
const PICO_PER_NANO = 1_000n;

/** PostgreSQL's BIGINT: no amount may pass it. */
export const MAX_NANO_USD = 2n ** 63n - 1n;

/** The fee for a token that a customer's own vendor key paid for: $0.50 per million tokens. */
export const BYOK_NANO_PER_TOKEN: NanoUsd = 500n;

/** Numerator and denominator, so that half price stays exact. */
export interface Multiplier {
  readonly numerator: number;
  readonly denominator: number;
}
export const INTERACTIVE: Multiplier = { numerator: 1, denominator: 1 };
export const BATCH_50: Multiplier = { numerator: 1, denominator: 2 };

/** Disjoint counts: no token stands in two buckets. Reasoning is inside `output`. Non-negative safe integers. */
export interface TokenBuckets {
  readonly inputUncached: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  /** Vendor-billed requests (1 where the vendor has a fee per request, as Perplexity has; else 0). */
  readonly requests: number;
}

export const NO_TOKENS: TokenBuckets = { inputUncached: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, requests: 0 };

/** Pico-USD for one of each bucket. */
export type Rates = { readonly [bucket in keyof TokenBuckets]: PicoUsdPerToken };

/** What a model costs from a moment on. A tier applies to the whole request when all its input passes `aboveInputTokens`. */
export interface PriceSheet {
  /** The row of `model_price` that this is: a charge can be recomputed from it for ever. */
  readonly revision: number;
  readonly rates: Rates;
  readonly tiers: readonly { readonly aboveInputTokens: number; readonly rates: Rates }[];
}

export function inputTokens(buckets: TokenBuckets): number {
  return buckets.inputUncached + buckets.cacheRead + buckets.cacheWrite5m + buckets.cacheWrite1h;
}

export function totalTokens(buckets: TokenBuckets): number {
  return inputTokens(buckets) + buckets.output;
}

/** The rates that apply at this many input tokens. `tiers` ascend by `aboveInputTokens`. */
export function ratesFor(sheet: PriceSheet, inputTokenCount: number): Rates {
  let rates = sheet.rates;
  for (const tier of sheet.tiers) if (inputTokenCount > tier.aboveInputTokens) rates = tier.rates;
  return rates;
}

/** `floor(sum(bucket * rate) * multiplier)` in nano-USD. Throws RangeError on a count that is negative or not an integer. */
export function chargeFor(buckets: TokenBuckets, sheet: PriceSheet, multiplier: Multiplier): NanoUsd {
  const rates = ratesFor(sheet, inputTokens(buckets));
  const pico =
    cost(buckets.inputUncached, rates.inputUncached) +
    cost(buckets.cacheRead, rates.cacheRead) +
    cost(buckets.cacheWrite5m, rates.cacheWrite5m) +
    cost(buckets.cacheWrite1h, rates.cacheWrite1h) +
    cost(buckets.output, rates.output) +
    cost(buckets.requests, rates.requests);
  if (multiplier === INTERACTIVE) return checkAmount(pico / PICO_PER_NANO);
  return checkAmount((pico * BigInt(multiplier.numerator)) / (PICO_PER_NANO * BigInt(multiplier.denominator)));
}

/** The flat fee of a request that the customer's own vendor key paid for. */
export function byokChargeFor(buckets: TokenBuckets, multiplier: Multiplier): NanoUsd {
  const tokens = count(inputTokens(buckets)) + count(buckets.output);
  return checkAmount((tokens * BYOK_NANO_PER_TOKEN * BigInt(multiplier.numerator)) / BigInt(multiplier.denominator));
}

/** Most buckets of most requests are empty, and a bigint is an allocation. */
function cost(tokens: number, rate: PicoUsdPerToken): bigint {
  return tokens === 0 ? 0n : count(tokens) * rate;
}

function count(tokens: number): bigint {
  if (!Number.isSafeInteger(tokens) || tokens < 0) throw new RangeError(`token count out of range: ${tokens}`);
  return BigInt(tokens);
}

function checkAmount(amount: NanoUsd): NanoUsd {
  if (amount > MAX_NANO_USD) throw new RangeError(`amount beyond 2^63 nano-USD: ${amount}`);
  return amount;
}

/** Nano-USD as a decimal string of USD with up to 9 places: 1_500_000_000n is "1.5", 0n is "0". */
export function formatUsd(amount: NanoUsd): string {
  const sign = amount < 0n ? '-' : '';
  const magnitude = amount < 0n ? -amount : amount;
  const fraction = (magnitude % NANO_PER_USD).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${magnitude / NANO_PER_USD}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Nano-USD as the JSON number of `usage.cost`. For display only: 2^53 nano-USD is 9 million dollars. */
export function usdNumber(amount: NanoUsd): number {
  return Number(amount) / 1e9;
}

/** A decimal string of USD ("12", "0.000000001") as nano-USD. Undefined when it is not one, is negative, or has more than 9 places. */
export function parseUsd(text: string): NanoUsd | undefined {
  const match = /^(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text);
  if (!match) return undefined;
  const amount = BigInt(match[1] ?? '0') * NANO_PER_USD + BigInt((match[2] ?? '').padEnd(9, '0'));
  return amount > MAX_NANO_USD ? undefined : amount;
}

/** Pico-USD per token as the decimal string of USD per token that `/v1/models` shows: 500_000n is "0.0000005". */
export function formatUsdPerToken(price: PicoUsdPerToken): string {
  const digits = price.toString().padStart(13, '0');
  const fraction = digits.slice(-12).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -12) : `${digits.slice(0, -12)}.${fraction}`;
}
