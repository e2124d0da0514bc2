/** What vendors put into `message` and `delta`, read into OpenAI's members. */
import { asArray, asRecord, asText, type JsonRecord } from '../json.js';

const SERVICE_TIERS = new Set(['auto', 'default', 'flex', 'scale', 'priority', 'fast']);

export interface SpokenContent {
  /** Undefined when the vendor said nothing of it. */
  readonly text: string | undefined;
  readonly reasoning: string | undefined;
}

/** 33: reasoning stands in `reasoning_content` (DeepSeek, Qwen, GLM), in `reasoning` (Groq, OpenRouter) or in a list of parts (Mistral). */
export function readContent(message: JsonRecord): SpokenContent {
  const own = asText(message['reasoning_content']) ?? asText(message['reasoning']);
  const content = message['content'];
  if (!Array.isArray(content)) return { text: typeof content === 'string' ? content : undefined, reasoning: own };
  let text = '';
  let reasoning = own ?? '';
  for (const part of content) {
    const thinking = asRecord(part)?.['thinking'];
    if (thinking === undefined) text += partText(part);
    else reasoning += typeof thinking === 'string' ? thinking : asArray(thinking).map(partText).join('');
  }
  return { text, reasoning: reasoning === '' ? undefined : reasoning };
}

function partText(part: unknown): string {
  return typeof part === 'string' ? part : (asText(asRecord(part)?.['text']) ?? '');
}

/** 30: always a string. Some vendors send the object itself. */
export function readArguments(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** OpenAI's tiers pass; `on_demand` and the like say who serves. */
export function readServiceTier(body: JsonRecord): string | undefined {
  const tier = asText(body['service_tier']);
  return tier !== undefined && SERVICE_TIERS.has(tier) ? tier : undefined;
}

/** Members of a message beyond text that customers use: the same in a sync answer and in a stream. */
export const EXTRA_MEMBERS = ['annotations', 'audio', 'function_call', 'images', 'reasoning_details'] as const;
/** Members of the answer that customers ask for by name: OpenAI's moderation, Perplexity's sources. */
export const SOURCE_MEMBERS = ['moderation', 'citations', 'search_results'] as const;

export function pick(from: JsonRecord, members: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const member of members) {
    const value = from[member];
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) picked[member] = value;
  }
  return picked;
}

/** Without `reasoning_details` too, when the customer asked for reasoning to be left out. */
export function extraMembers(message: JsonRecord, excludeReasoning: boolean): Record<string, unknown> {
  const picked = pick(message, EXTRA_MEMBERS);
  if (excludeReasoning) delete picked['reasoning_details'];
  return picked;
}

/** The same for one request and index at every attempt. */
export function syntheticToolCallId(requestId: string, choice: number, call: number): string {
  return `call_${requestId.replaceAll('-', '').slice(-20)}${choice}${call}`;
}
