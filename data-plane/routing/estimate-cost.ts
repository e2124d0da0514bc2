/**
 * What a request will cost at a model: expected (for ordering and display) and at most (for the hold and for `max_cost`). Tiers apply
 * by all input; cached input is priced where a conversation is warm; reasoning counts as output. Doubles order, bigint charges.
 */
import type { ChatRequest } from '../../shared/chat.js';
import { byokChargeFor, chargeFor, type Multiplier, type NanoUsd, NO_TOKENS } from '../../shared/money.js';
import type { Model } from '../types.js';
import { asksForReasoning } from './capabilities.js';
import type { TokenEstimate } from './estimate-tokens.js';
import type { ApproximateRates, EndpointFacts, ModelFacts } from './routing-index.js';

const PICO_PER_NANO = 1_000;

/** What one request holds at one model, in its own tokens. */
export interface Sizes {
  readonly input: number;
  readonly inputUpper: number;
  readonly outputExpected: number;
  readonly outputUpper: number;
}

/** A usual answer, when nothing says how long it will be. */
const USUAL_OUTPUT_TOKENS = 350;
/** Rewrites and translations grow with their input. */
const OUTPUT_SHARE_OF_INPUT = 0.08;
const TOOL_CALL_TOKENS = 120;

/** Tokens that a reasoning model spends before it answers. Unasked, hybrid models think a little or not at all. */
const REASONING_TOKENS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 100,
  low: 500,
  medium: 1_500,
  high: 5_000,
  xhigh: 10_000,
  max: 20_000,
};
const UNASKED_REASONING_TOKENS = 250;

export interface OutputDemand {
  readonly answer: number;
  readonly reasoning: number;
  /** What the customer allows; undefined is whatever the model can. */
  readonly limit: number | undefined;
  readonly choices: number;
  /** The prompt asks for cache writes, which cost more than plain input. */
  readonly writesCache: boolean;
}

export function readOutputDemand(body: ChatRequest, estimate: TokenEstimate): OutputDemand {
  const effort = body.reasoning_effort ?? body.reasoning?.effort;
  const asked = effort === undefined ? (asksForReasoning(body) ? REASONING_TOKENS['medium'] : undefined) : REASONING_TOKENS[effort];
  const usual = USUAL_OUTPUT_TOKENS + OUTPUT_SHARE_OF_INPUT * Math.min(estimate.expected, 10_000);
  return {
    answer: body.tools && body.tools.length > 0 ? TOOL_CALL_TOKENS : usual,
    reasoning: body.reasoning?.max_tokens ?? asked ?? UNASKED_REASONING_TOKENS,
    limit: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    choices: Math.max(1, body.n ?? 1),
    writesCache: body.messages.some(hasCacheControl),
  };
}

function hasCacheControl(message: ChatRequest['messages'][number]): boolean {
  if (message.cache_control) return true;
  return typeof message.content === 'object' && message.content !== null && message.content.some((part) => 'cache_control' in part);
}

export function sizesAt(model: ModelFacts, endpoint: EndpointFacts, estimate: TokenEstimate, demand: OutputDemand): Sizes {
  const outputLimit = limitAt(endpoint, demand);
  return {
    input: Math.ceil(estimate.expected * model.tokenFactor),
    inputUpper: Math.ceil(estimate.upper * model.tokenFactor),
    outputExpected: Math.ceil(wantedAt(endpoint, demand, outputLimit)),
    outputUpper: outputLimit * demand.choices,
  };
}

/** What of an endpoint bounds its answer. */
type OutputFacts = Pick<EndpointFacts, 'abilities' | 'maxOutputTokens'>;

function limitAt(endpoint: OutputFacts, demand: OutputDemand): number {
  return Math.max(1, Math.min(demand.limit ?? endpoint.maxOutputTokens, endpoint.maxOutputTokens));
}

function wantedAt(endpoint: OutputFacts, demand: OutputDemand, outputLimit: number): number {
  return Math.min(outputLimit, demand.answer + (endpoint.abilities.reasoning ? demand.reasoning : 0)) * demand.choices;
}

/** Pico-USD as a double, without allocating: this runs for every model of the catalogue. `warm` is the input expected from a cache. */
export function approximateCost(model: ModelFacts, endpoint: OutputFacts, inputTokens: number, demand: OutputDemand, warm: number): number {
  const rates = approximateRates(model, inputTokens);
  const cached = Math.min(warm, inputTokens);
  const output = wantedAt(endpoint, demand, limitAt(endpoint, demand));
  return (inputTokens - cached) * rates.input + cached * rates.cacheRead + output * rates.output + rates.request;
}

export function approximateRates(model: ModelFacts, inputTokens: number): ApproximateRates {
  let { rates } = model;
  for (const tier of model.tiers) if (inputTokens > tier.above) rates = tier.rates;
  return rates;
}

/** Nano-USD, for display: from doubles, because it is a guess anyhow and every candidate has one. */
export function expectedCost(
  { facts }: { readonly facts: ModelFacts },
  sizes: Sizes,
  warm: number,
  byok: boolean,
  multiplier: Multiplier,
): NanoUsd {
  const cached = Math.min(Math.ceil(warm), sizes.input);
  if (byok) return byokChargeFor({ ...NO_TOKENS, inputUncached: sizes.input, output: sizes.outputExpected }, multiplier);
  const rates = approximateRates(facts, sizes.input);
  const pico = (sizes.input - cached) * rates.input + cached * rates.cacheRead + sizes.outputExpected * rates.output + rates.request;
  return BigInt(Math.floor((pico * multiplier.numerator) / (PICO_PER_NANO * multiplier.denominator)));
}

/** No charge for this request passes it, unless the vendor counts more input than the bound. */
export function costCeiling(model: Model, sizes: Sizes, writesCache: boolean, byok: boolean, multiplier: Multiplier): NanoUsd {
  const plain = { ...NO_TOKENS, inputUncached: sizes.inputUpper, output: sizes.outputUpper, requests: 1 };
  if (byok) return byokChargeFor(plain, multiplier);
  const charge = chargeFor(plain, model.price, multiplier);
  if (!writesCache) return charge;
  const written = chargeFor({ ...plain, inputUncached: 0, cacheWrite1h: sizes.inputUpper }, model.price, multiplier);
  if (written < charge) return charge;
  return written;
}
