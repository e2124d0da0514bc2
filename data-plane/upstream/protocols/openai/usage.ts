/**
 * Usage of every OpenAI-speaking vendor as disjoint buckets (billing.md 1; arithmetic measured in shared/fixtures/usage-invariants.txt).
 * Never throws: what cannot be a count is 0, what contradicts itself is clamped and flagged `mismatch`.
 */
import type { ChatUsage } from '../../../../shared/chat.js';
import type { TokenBuckets } from '../../../../shared/money.js';
import type { VendorQuirks } from '../../../../shared/snapshot.js';
import type { UsageReport } from '../../../types.js';
import { asRecord, type JsonRecord } from '../json.js';

/** No model reads or writes near this in one request: a larger count is garbage, and must not become a charge. */
const MAX_PLAUSIBLE_TOKENS = 100_000_000;

/** Undefined when the vendor's object says nothing about tokens. */
export function readUsage(usage: unknown, quirks: VendorQuirks): UsageReport | undefined {
  const report = asRecord(usage);
  if (report === undefined) return undefined;
  if (report['prompt_tokens'] == null && report['completion_tokens'] == null && report['total_tokens'] == null) return undefined;
  const prompt = new Counts(report);
  const total = prompt.read('total_tokens');
  const input = prompt.read('prompt_tokens');
  const completion = report['completion_tokens'] == null ? Math.max(0, total - input) : prompt.read('completion_tokens');
  const reasoning = prompt.readFirst(asRecord(report['completion_tokens_details']), ['reasoning_tokens'], ['reasoning_tokens']);
  const cacheRead = prompt.readFirst(asRecord(report['prompt_tokens_details']), ['cached_tokens'], CACHE_READ_MEMBERS);
  const written = readCacheWrites(prompt, report);
  const outside = isReasoningOutside(quirks, input, completion, reasoning, total);
  const output = outside ? completion + reasoning : completion;
  const buckets = divideInput(input, cacheRead, written, output, quirks.requestFee === true ? 1 : 0);
  const mismatch =
    prompt.implausible ||
    cacheRead > input ||
    reasoning > output ||
    (report['total_tokens'] != null && total !== input + output && total !== input + completion);
  return { buckets, reasoningTokens: Math.min(reasoning, output), mismatch };
}

/** DeepSeek's, Moonshot's and Mistral's names, after OpenAI's own in `prompt_tokens_details`. */
const CACHE_READ_MEMBERS = ['prompt_cache_hit_tokens', 'cached_tokens', 'num_cached_tokens'];

/** Reads counts and remembers whether one was no count at all. */
class Counts {
  implausible = false;
  constructor(private readonly report: JsonRecord) {}

  read(member: string, from: JsonRecord = this.report): number {
    const value = from[member];
    if (value === undefined || value === null) return 0;
    const count = typeof value === 'number' ? Math.round(value) : Number.NaN;
    if (count >= 0 && count <= MAX_PLAUSIBLE_TOKENS) return count;
    this.implausible = true;
    return count > 0 && Number.isFinite(count) ? MAX_PLAUSIBLE_TOKENS : 0;
  }

  /** The first that is there: in the details, else beside the totals. */
  readFirst(details: JsonRecord | undefined, inDetails: readonly string[], beside: readonly string[]): number {
    for (const member of inDetails) if (details?.[member] != null) return this.read(member, details);
    for (const member of beside) if (this.report[member] != null) return this.read(member);
    return 0;
  }
}

/** OpenRouter and DashScope report tokens written to a cache; one hour's apart only where the vendor says so. */
function readCacheWrites(counts: Counts, report: JsonRecord): { fiveMinutes: number; oneHour: number } {
  const details = asRecord(report['prompt_tokens_details']);
  const byAge = asRecord(details?.['cache_creation']);
  const oneHour = byAge === undefined ? 0 : counts.read('ephemeral_1h_input_tokens', byAge);
  const all = counts.readFirst(details, ['cache_write_tokens', 'cache_creation_input_tokens'], ['cache_creation_input_tokens']);
  return { fiveMinutes: Math.max(0, all - oneHour), oneHour };
}

/** xAI leaves reasoning out of `completion_tokens` (32 of 32 samples); where a total is given it decides, whoever serves the model. */
function isReasoningOutside(quirks: VendorQuirks, input: number, completion: number, reasoning: number, total: number): boolean {
  if (reasoning === 0) return false;
  if (total === input + completion) return false;
  if (total === input + completion + reasoning) return true;
  return quirks.reasoningOutsideCompletion === true;
}

/** Cached and written tokens stand inside the prompt count and never exceed it (Azure's Grok says so: 387 of 298). */
function divideInput(
  input: number,
  cached: number,
  written: { fiveMinutes: number; oneHour: number },
  output: number,
  requests: number,
): TokenBuckets {
  const cacheRead = Math.min(cached, input);
  const cacheWrite1h = Math.min(written.oneHour, input - cacheRead);
  const cacheWrite5m = Math.min(written.fiveMinutes, input - cacheRead - cacheWrite1h);
  return { inputUncached: input - cacheRead - cacheWrite1h - cacheWrite5m, cacheRead, cacheWrite5m, cacheWrite1h, output, requests };
}

/** The usage chunk and the end of a stream that asked for it. */
export function renderStreamEnd(chunkHead: string, usage: ChatUsage): Buffer {
  return Buffer.from(`data: ${chunkHead},"choices":[],"usage":${JSON.stringify(usage)}}\n\n${STREAM_END}`);
}

export const STREAM_END = 'data: [DONE]\n\n';
