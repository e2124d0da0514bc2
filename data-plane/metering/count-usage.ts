/**
 * The settlement table of billing 3 as one pure function: what a request is charged for, and why. Money is computed from what this
 * returns, so a request that costs nothing has empty buckets.
 */
import { inputTokens, NO_TOKENS, type TokenBuckets } from '../../shared/money.js';
import type { SettlementReason } from '../../shared/usage-event.js';
import type { Candidate, RoutePlan, UsageReport } from '../types.js';

/** How the request ended, as its stages saw it. */
export type Ending = 'completed' | 'client_left' | 'failed' | 'funds_ended';

export interface RequestFacts {
  readonly ending: Ending;
  /** Whose first good frame came; undefined when none did. */
  readonly candidate: Candidate | undefined;
  readonly estimate: RoutePlan['estimate'];
  readonly usage: UsageReport | undefined;
  /** The vendor said why it stopped: `usage` covers the whole answer. */
  readonly finished: boolean;
  readonly deliveredBytes: number;
}

export interface CountedUsage {
  readonly buckets: TokenBuckets;
  readonly reasoningTokens: number;
  readonly reason: SettlementReason;
  readonly estimated: boolean;
  readonly mismatch: boolean;
}

/** An estimate from bytes may be this far off, plus a vendor's own hidden prompt (tool descriptions, templates). */
const INPUT_SLACK = 4;
const HIDDEN_INPUT_TOKENS = 20_000;

export function countUsage(facts: RequestFacts): CountedUsage {
  const { candidate, ending, deliveredBytes } = facts;
  if (!candidate) return free(ending === 'client_left' ? 'client_closed' : 'no_output');
  const usage = facts.usage && boundUsage(facts.usage, facts, candidate);
  const nothingCame = deliveredBytes === 0 && (usage?.buckets.output ?? 0) === 0;
  switch (ending) {
    case 'completed':
      if (nothingCame) return free('no_output');
      return usage ? { ...usage, reason: 'completed', estimated: false } : partial(facts, candidate, usage, 'estimated');
    case 'client_left':
      if (usage && facts.finished) return { ...usage, reason: 'client_closed', estimated: false };
      if (deliveredBytes === 0)
        return billsAbandoned(candidate) ? partial(facts, candidate, usage, 'client_closed') : free('client_closed');
      return partial(facts, candidate, usage, 'client_closed');
    case 'failed':
      if (usage && facts.finished && !nothingCame) return { ...usage, reason: 'completed', estimated: false };
      return deliveredBytes === 0 ? free('no_output') : partial(facts, candidate, usage, 'upstream_cut');
    case 'funds_ended':
      return partial(facts, candidate, usage, 'funds_ended');
  }
}

/** What it would be if it ended now: for progress, and for the funds of a stream. */
export function countSoFar(facts: Omit<RequestFacts, 'ending'>): CountedUsage {
  const { candidate } = facts;
  if (!candidate) return free('no_output');
  const usage = facts.usage && boundUsage(facts.usage, facts, candidate);
  if (usage && facts.finished) return { ...usage, reason: 'completed', estimated: false };
  return facts.deliveredBytes === 0 ? free('no_output') : partial(facts, candidate, usage, 'estimated');
}

/** UTF-8 bytes as tokens of this model, rounded up. */
export function tokensOfBytes(bytes: number, candidate: Candidate): number {
  return Math.ceil((bytes * 100) / candidate.model.bytesPerTokenHundredths);
}

function free(reason: SettlementReason): CountedUsage {
  return { buckets: NO_TOKENS, reasoningTokens: 0, reason, estimated: false, mismatch: false };
}

/** Input as reported, else as estimated; output as delivered. */
function partial(
  facts: Omit<RequestFacts, 'ending'>,
  candidate: Candidate,
  usage: Pick<CountedUsage, 'buckets' | 'mismatch'> | undefined,
  reason: SettlementReason,
): CountedUsage {
  const input = usage && inputTokens(usage.buckets) > 0 ? usage.buckets : { ...NO_TOKENS, inputUncached: facts.estimate.input };
  return {
    buckets: {
      ...input,
      output: tokensOfBytes(facts.deliveredBytes, candidate),
      requests: candidate.model.price.rates.requests > 0n ? 1 : 0,
    },
    reasoningTokens: 0,
    reason,
    estimated: true,
    mismatch: usage?.mismatch ?? false,
  };
}

/**
 * A vendor's report is not believed beyond reason: counts are whole and not negative, input fits the request (with room for a vendor's
 * hidden prompt) and the context, output fits the model's limit for every choice. What is beyond is cut, dearest first, and flagged.
 */
function boundUsage(usage: UsageReport, facts: Omit<RequestFacts, 'ending'>, candidate: Candidate) {
  const { estimate, deliveredBytes } = facts;
  const { model } = candidate;
  const mostInput = Math.min(
    Math.max(INPUT_SLACK * estimate.inputUpper, estimate.inputUpper + HIDDEN_INPUT_TOKENS),
    2 * model.contextTokens,
  );
  const mostOutput = Math.max(model.maxOutputTokens, estimate.outputUpper, tokensOfBytes(deliveredBytes, candidate));
  const given = usage.buckets;
  const output = count(given.output, mostOutput);
  const cacheRead = count(given.cacheRead, mostInput);
  const cacheWrite5m = count(given.cacheWrite5m, mostInput - cacheRead);
  const cacheWrite1h = count(given.cacheWrite1h, mostInput - cacheRead - cacheWrite5m);
  const inputUncached = count(given.inputUncached, mostInput - cacheRead - cacheWrite5m - cacheWrite1h);
  const buckets = { inputUncached, cacheRead, cacheWrite5m, cacheWrite1h, output, requests: count(given.requests, 1_000) };
  const cut =
    output !== given.output ||
    cacheRead !== given.cacheRead ||
    cacheWrite5m !== given.cacheWrite5m ||
    cacheWrite1h !== given.cacheWrite1h ||
    inputUncached !== given.inputUncached ||
    buckets.requests !== given.requests;
  return { buckets, reasoningTokens: count(usage.reasoningTokens, output), mismatch: usage.mismatch || cut };
}

function count(given: number, most: number): number {
  return Number.isFinite(given) ? Math.min(Math.max(0, Math.floor(given)), most) : 0;
}

/** Vendors that bill the prompt of a request that was cancelled before its first token say so by the quirk `more.billsAbandonedInput`. */
function billsAbandoned(candidate: Candidate): boolean {
  const quirks = candidate.endpoint.quirks?.more ?? candidate.endpoint.vendor.quirks.more;
  return quirks?.['billsAbandonedInput'] === true;
}
