/**
 * Anthropic's usage as disjoint buckets: `input_tokens` leaves cache reads and writes out, so nothing is subtracted. In a stream the
 * counts of `message_delta` replace those of `message_start` where present (they differ in 15 of 55 recorded streams, after server
 * tools); `output_tokens` is cumulative. Nothing is ever added up.
 */
import type { UsageReport } from '../../../types.js';
import { asRecord, type JsonRecord } from '../json.js';
import { TokenCounts } from '../token-count.js';

export class ClaudeUsage {
  #latest: JsonRecord | undefined;
  #report: UsageReport | undefined;

  /** Members that are absent or null keep what was reported before. */
  observe(usage: unknown): void {
    const report = asRecord(usage);
    if (report === undefined) return;
    const told = Object.fromEntries(Object.entries(report).filter(([, value]) => value !== null && value !== undefined));
    this.#latest = { ...this.#latest, ...told };
    this.#report = readReport(this.#latest);
  }

  /** What was reported so far. Undefined when nothing was. */
  report(): UsageReport | undefined {
    return this.#report;
  }
}

function readReport(usage: JsonRecord): UsageReport | undefined {
  if (usage['input_tokens'] === undefined && usage['output_tokens'] === undefined) return undefined;
  const counts = new TokenCounts();
  const output = counts.read(usage['output_tokens']);
  const writes = splitWrites(usage, counts);
  const buckets = {
    inputUncached: counts.read(usage['input_tokens']),
    cacheRead: counts.read(usage['cache_read_input_tokens']),
    ...writes,
    output,
    requests: 0,
  };
  const reasoningTokens = counts.within(asRecord(usage['output_tokens_details'])?.['thinking_tokens'], output);
  return { buckets, reasoningTokens, mismatch: counts.clamped };
}

function splitWrites(usage: JsonRecord, counts: TokenCounts): { cacheWrite5m: number; cacheWrite1h: number } {
  const split = asRecord(usage['cache_creation']);
  const hour = counts.read(split?.['ephemeral_1h_input_tokens']);
  const minutes = counts.read(split?.['ephemeral_5m_input_tokens']);
  const total = usage['cache_creation_input_tokens'] === undefined ? hour + minutes : counts.read(usage['cache_creation_input_tokens']);
  const cacheWrite1h = Math.min(hour, total);
  return { cacheWrite5m: total - cacheWrite1h, cacheWrite1h };
}
