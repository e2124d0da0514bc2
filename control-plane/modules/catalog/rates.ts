/** Rates as the operator reads and writes them: decimal strings of USD per million (tokens, or requests). Pico-USD per one inside. */
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { GatewayError } from '../../../shared/errors.js';
import type { Rates } from '../../../shared/money.js';
import type { RatesRow } from '../../../shared/snapshot.js';

const PICO_PER_MICRO = 1_000_000n;

@ObjectType({ description: 'Decimal strings of USD per million tokens (requests: per million requests).' })
@InputType('RatesInput')
export class UsdRates {
  @Field(() => String)
  inputUncached!: string;

  @Field(() => String)
  cacheRead!: string;

  @Field(() => String)
  cacheWrite5m!: string;

  @Field(() => String)
  cacheWrite1h!: string;

  @Field(() => String)
  output!: string;

  @Field(() => String, { nullable: true, defaultValue: '0' })
  requests!: string;
}

@ObjectType({ description: 'Applies to the whole request when all its input passes aboveInputTokens.' })
@InputType('PriceTierInput')
export class UsdTier {
  @Field(() => Int)
  aboveInputTokens!: number;

  @Field(() => UsdRates)
  rates!: UsdRates;
}

export function toUsdRates(rates: RatesRow | Rates): UsdRates {
  return {
    inputUncached: formatUsdPerMillion(BigInt(rates.inputUncached)),
    cacheRead: formatUsdPerMillion(BigInt(rates.cacheRead)),
    cacheWrite5m: formatUsdPerMillion(BigInt(rates.cacheWrite5m)),
    cacheWrite1h: formatUsdPerMillion(BigInt(rates.cacheWrite1h)),
    output: formatUsdPerMillion(BigInt(rates.output)),
    requests: formatUsdPerMillion(BigInt(rates.requests)),
  };
}

/** Throws `invalid_request` naming the rate. */
export function fromUsdRates(rates: UsdRates, param: string): RatesRow {
  const read = (bucket: keyof UsdRates) => parseUsdPerMillion(rates[bucket] ?? '0', `${param}.${bucket}`).toString();
  return {
    inputUncached: read('inputUncached'),
    cacheRead: read('cacheRead'),
    cacheWrite5m: read('cacheWrite5m'),
    cacheWrite1h: read('cacheWrite1h'),
    output: read('output'),
    requests: read('requests'),
  };
}

/** 500_000n pico-USD per token is "0.5" USD per million. */
function formatUsdPerMillion(pico: bigint): string {
  const fraction = (pico % PICO_PER_MICRO).toString().padStart(6, '0').replace(/0+$/, '');
  return `${pico / PICO_PER_MICRO}${fraction === '' ? '' : `.${fraction}`}`;
}

function parseUsdPerMillion(text: string, param: string): bigint {
  const match = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!match)
    throw new GatewayError('invalid_request', `${param} must be a decimal string of USD per million with up to 6 places.`, { param });
  return BigInt(match[1] ?? '0') * PICO_PER_MICRO + BigInt((match[2] ?? '').padEnd(6, '0'));
}
