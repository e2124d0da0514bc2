/** The `usage` object of an answer: the only place that builds it, from buckets, whatever vendor served. */
import type { ChatUsage } from '../../shared/chat.js';
import { inputTokens, type Multiplier, type NanoUsd, type TokenBuckets, totalTokens, usdNumber } from '../../shared/money.js';

export interface PricedUsage {
  readonly buckets: TokenBuckets;
  readonly reasoningTokens: number;
  readonly estimated: boolean;
  readonly charge: NanoUsd;
  /** The part of the charge that the input is; the rest is the output's and the vendor's fee per request. */
  readonly inputCharge: NanoUsd;
  readonly byok: boolean;
  readonly multiplier: Multiplier;
  readonly priceRevision: number | null;
}

export function chatUsage(priced: PricedUsage): ChatUsage {
  const { buckets, multiplier } = priced;
  return {
    prompt_tokens: inputTokens(buckets),
    completion_tokens: buckets.output,
    total_tokens: totalTokens(buckets),
    prompt_tokens_details: {
      cached_tokens: buckets.cacheRead,
      cache_write_tokens: buckets.cacheWrite5m + buckets.cacheWrite1h,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: priced.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    cost: usdNumber(priced.charge),
    cost_details: {
      price_revision: priced.priceRevision,
      multiplier: multiplier.numerator / multiplier.denominator,
      estimated: priced.estimated,
      // OpenRouter's names, which its SDK requires: the charge in two parts. What the operator pays is not the customer's to see.
      upstream_inference_cost: null,
      upstream_inference_prompt_cost: usdNumber(priced.inputCharge),
      upstream_inference_completions_cost: usdNumber(priced.charge - priced.inputCharge),
    },
    is_byok: priced.byok,
  };
}
