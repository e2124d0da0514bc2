/** Usage of every recording of the OpenAI family against `@pydantic/genai-prices`, which reads the vendors' shapes independently. */
import { extractUsage, findProvider } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import type { UsageReport } from '../../data-plane/types.js';
import { openai } from '../../data-plane/upstream/protocols/openai/adapter.js';
import { type Recording, recordings } from './gemini-and-anthropic-recordings.js';
import { replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';
import { RECORDED_VENDORS } from './openai-vendors.js';

/** The oracle's names; vendors that it does not know are read as OpenAI. */
const ORACLE: Readonly<Record<string, readonly [provider: string, flavor: string]>> = {
  azure: ['azure', 'chat'],
  deepseek: ['deepseek', 'chat'],
  zai: ['zai', 'chat'],
  moonshot: ['moonshotai', 'chat'],
  mistral: ['mistral', 'default'],
  xai: ['x-ai', 'chat'],
  groq: ['groq', 'default'],
  cerebras: ['cerebras', 'chat'],
  perplexity: ['perplexity', 'default'],
  openrouter: ['openrouter', 'chat'],
};

describe.each(RECORDED_VENDORS)('$folder', (vendor) => {
  const recorded = recordings(vendor.folder).filter((one) => one.status === 200 && reportOf(one) !== undefined);

  test.each(recorded)('usage of $name', (recording) => {
    const of = target({ quirks: vendor.quirks, stream: recording.stream });
    let usage: UsageReport | undefined;
    try {
      const replay = recording.stream ? replayStream(openai, [recording.bytes], of) : replaySync(openai, recording.bytes, of);
      usage = replay.usage;
    } catch {
      return; // Broken off: openai-replay.test.ts says which may be.
    }
    const [provider, flavor] = ORACLE[vendor.folder] ?? ['openai', 'chat'];
    const known = findProvider({ providerId: provider });
    if (known === undefined) throw new Error(`the oracle does not know ${provider}`);
    const expected = extractUsage(known, reportOf(recording), flavor).usage;
    const input = expected.input_tokens ?? 0;
    const buckets = usage?.buckets;
    expect({
      input: buckets && buckets.inputUncached + buckets.cacheRead + buckets.cacheWrite5m + buckets.cacheWrite1h,
      output: buckets?.output,
      // Azure's Grok reports more cached tokens than prompt tokens: the oracle passes that on, a bill must not.
      cacheRead: buckets?.cacheRead,
    }).toEqual({
      input,
      output: expected.output_tokens ?? 0,
      cacheRead: Math.min(expected.cache_read_tokens || cachedBeside(recording), input),
    });
    for (const count of Object.values(buckets ?? {})) expect(count).toBeGreaterThanOrEqual(0);
  });
});

/** Older names for cached tokens, beside the totals, which the oracle does not read: DeepSeek's, Moonshot's, Mistral's. */
function cachedBeside(recording: Recording): number {
  const usage = (reportOf(recording)?.['usage'] ?? {}) as Record<string, number | undefined>;
  return usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens'] ?? usage['num_cached_tokens'] ?? 0;
}

/** The last object of the answer that reports usage, as the oracle takes it. */
function reportOf(recording: Recording): Record<string, unknown> | undefined {
  const texts = recording.stream
    ? recording.bytes
        .toString()
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:') && line.includes('{'))
        .map((line) => line.slice(5))
    : [recording.bytes.toString()];
  return (
    texts
      .map((text) => JSON.parse(text) as Record<string, unknown> | null)
      .findLast((body) => body?.['usage'] != null && Object.keys(body['usage']).length > 0 && body['model'] !== undefined) ?? undefined
  );
}
