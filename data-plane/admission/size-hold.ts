/**
 * How much money a request sets aside before it runs. Pure.
 *
 * | the request            | held                                    | when the wallet has less                                |
 * |------------------------|-----------------------------------------|---------------------------------------------------------|
 * | names max_tokens       | the plan's ceiling                      | 402: it asked for more than it can pay                  |
 * | streams, no max_tokens | input and a chunk of output, extended   | the stream ends with `length` when the funds end        |
 * | sync, no max_tokens    | the plan's ceiling (nothing to watch)   | what there is; the vendor is told to stop there         |
 */
import { smaller } from '../../shared/lease.js';
import { BYOK_NANO_PER_TOKEN, byokChargeFor, chargeFor, type Multiplier, type NanoUsd, NO_TOKENS, ratesFor } from '../../shared/money.js';
import type { Candidate, CompletionRequest, Principal, RoutePlan } from '../types.js';

/** A long answer, or 20 s of a fast model: the next chunk is asked for when half of it is used, and that takes milliseconds. */
const CHUNK_TOKENS = 2_048;
/** Fewer output tokens than this help nobody. */
const LEAST_STREAM_TOKENS = 64;
const LEAST_SYNC_TOKENS = 1_024;
const PICO_PER_NANO = 1_000n;

export interface HoldSize {
  readonly amount: NanoUsd;
  /** With less than this the request is refused. */
  readonly minimum: NanoUsd;
  /** The vendor must be told what a smaller hold affords. */
  readonly limitsOutput: boolean;
}

export function sizeHold(request: CompletionRequest, principal: Principal, plan: RoutePlan): HoldSize {
  const { body } = request;
  const { outputUpper, outputExpected } = plan.estimate;
  const ceiling = atLeastOne(plan.ceiling);
  if ((body.max_completion_tokens ?? body.max_tokens ?? null) !== null) return { amount: ceiling, minimum: ceiling, limitsOutput: false };
  if (!request.stream) {
    const least = costOf(plan, principal.multiplier, Math.min(outputUpper, Math.max(outputExpected, LEAST_SYNC_TOKENS)));
    return { amount: ceiling, minimum: smaller(least, ceiling), limitsOutput: true };
  }
  return {
    amount: costOf(plan, principal.multiplier, Math.min(outputUpper, CHUNK_TOKENS)),
    minimum: costOf(plan, principal.multiplier, Math.min(outputUpper, LEAST_STREAM_TOKENS)),
    limitsOutput: false,
  };
}

/** Output tokens that `amount` pays for, whichever candidate serves. */
export function affordableOutput(amount: NanoUsd, plan: RoutePlan, multiplier: Multiplier): number {
  let least = Number.MAX_SAFE_INTEGER;
  for (const candidate of plan.candidates) {
    const left = amount - candidateCost(candidate, multiplier, plan.estimate.inputUpper, 0);
    const perToken = outputPico(candidate, plan.estimate.inputUpper) * BigInt(multiplier.numerator);
    if (perToken <= 0n) continue;
    const tokens = left > 0n ? (left * PICO_PER_NANO * BigInt(multiplier.denominator)) / perToken : 0n;
    least = Math.min(least, Number(tokens));
  }
  return Math.max(1, least);
}

/** The most that any candidate charges for the input bound and so much output. */
function costOf(plan: RoutePlan, multiplier: Multiplier, outputTokens: number): NanoUsd {
  let most = 0n;
  let last: Candidate | undefined;
  for (const candidate of plan.candidates) {
    if (last?.model === candidate.model && last.byok === candidate.byok) continue;
    last = candidate;
    const cost = candidateCost(candidate, multiplier, plan.estimate.inputUpper, outputTokens);
    if (cost > most) most = cost;
  }
  return atLeastOne(most);
}

function candidateCost(candidate: Candidate, multiplier: Multiplier, inputUncached: number, output: number): NanoUsd {
  const buckets = { ...NO_TOKENS, inputUncached, output, requests: 1 };
  return candidate.byok ? byokChargeFor(buckets, multiplier) : chargeFor(buckets, candidate.model.price, multiplier);
}

function outputPico(candidate: Candidate, inputTokens: number): bigint {
  return candidate.byok ? BYOK_NANO_PER_TOKEN * PICO_PER_NANO : ratesFor(candidate.model.price, inputTokens).output;
}

/** A free model still needs a wallet, so that every request has a lease and a line in the ledger. */
function atLeastOne(amount: NanoUsd): NanoUsd {
  return amount > 0n ? amount : 1n;
}
