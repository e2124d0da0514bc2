/**
 * Gemini's usage as disjoint buckets. `promptTokenCount` includes what was cached; the output is candidates + thoughts (513 of 513
 * recordings with thoughts); tokens that server tools read are billed as input. In a stream only the last report counts: earlier ones
 * change (10 of 57 streams).
 */
import type { UsageReport } from '../../../types.js';
import { asRecord } from '../json.js';
import { TokenCounts } from '../token-count.js';

/** Some chunks of Vertex carry only a traffic type. */
export function countsTokens(metadata: unknown): boolean {
  const usage = asRecord(metadata);
  return usage?.['promptTokenCount'] !== undefined || usage?.['totalTokenCount'] !== undefined;
}

/** Undefined when the vendor reported nothing. */
export function mapUsage(metadata: unknown): UsageReport | undefined {
  const usage = asRecord(metadata);
  if (usage === undefined || !countsTokens(usage)) return undefined;
  const counts = new TokenCounts();
  const prompt = counts.read(usage['promptTokenCount']);
  const cacheRead = counts.within(usage['cachedContentTokenCount'], prompt);
  const thoughts = counts.read(usage['thoughtsTokenCount']);
  const output = counts.read(usage['candidatesTokenCount']) + thoughts;
  const input = prompt + counts.read(usage['toolUsePromptTokenCount']);
  const total = usage['totalTokenCount'] === undefined ? input + output : counts.read(usage['totalTokenCount']);
  return {
    buckets: { inputUncached: input - cacheRead, cacheRead, cacheWrite5m: 0, cacheWrite1h: 0, output, requests: 0 },
    reasoningTokens: thoughts,
    mismatch: counts.clamped || total !== input + output,
  };
}
