/**
 * How vendors that speak OpenAI's protocol depart from it, as data (recorded traffic: conformance.md 3). The vendor's id comes from
 * the path prefix `/vendors/<id>/`; an unknown id speaks plain OpenAI.
 */
export interface Dialect {
  /** Where streamed usage stands. */
  readonly usage: 'own-chunk' | 'finish-chunk' | 'both' | 'every-chunk';
  /** `split`: id and name, then pieces of arguments. `whole`: one delta. `qwen`: pieces that repeat empty id and name. */
  readonly toolDelta: 'split' | 'whole' | 'qwen';
  readonly reasoning: 'reasoning_content' | 'reasoning' | 'list';
  /** `total = prompt + completion + reasoning`. */
  readonly reasoningOutside: boolean;
  /** Usage comes without `stream_options.include_usage`. */
  readonly usageUnasked: boolean;
  /** A random member that the vendor adds to chunks. */
  readonly padding: 'obfuscation' | 'p' | undefined;
  /** SSE comment before the first event. */
  readonly comment: string | undefined;
  readonly errors: ErrorFamily;
}

export type ErrorFamily =
  | 'openai'
  | 'anthropic'
  | 'gemini'
  | 'vertex'
  | 'deepseek'
  | 'mistral'
  | 'xai'
  | 'zai'
  | 'moonshot'
  | 'qwen'
  | 'groq'
  | 'openrouter';

const OPENAI: Dialect = {
  usage: 'own-chunk',
  toolDelta: 'split',
  reasoning: 'reasoning_content',
  reasoningOutside: false,
  usageUnasked: false,
  padding: undefined,
  comment: undefined,
  errors: 'openai',
};

const DIALECTS: Readonly<Record<string, Dialect>> = {
  openai: { ...OPENAI, padding: 'obfuscation' },
  deepseek: { ...OPENAI, usage: 'finish-chunk', usageUnasked: true, errors: 'deepseek' },
  zai: { ...OPENAI, usage: 'finish-chunk', usageUnasked: true, toolDelta: 'whole', errors: 'zai' },
  mistral: { ...OPENAI, usage: 'finish-chunk', usageUnasked: true, toolDelta: 'whole', reasoning: 'list', padding: 'p', errors: 'mistral' },
  openrouter: {
    ...OPENAI,
    usage: 'finish-chunk',
    usageUnasked: true,
    reasoning: 'reasoning',
    comment: ': OPENROUTER PROCESSING\n\n',
    errors: 'openrouter',
  },
  groq: { ...OPENAI, usage: 'both', toolDelta: 'whole', reasoning: 'reasoning', errors: 'groq' },
  xai: { ...OPENAI, toolDelta: 'whole', reasoningOutside: true, errors: 'xai' },
  qwen: { ...OPENAI, toolDelta: 'qwen', errors: 'qwen' },
  dashscope: { ...OPENAI, toolDelta: 'qwen', errors: 'qwen' },
  moonshot: { ...OPENAI, usage: 'finish-chunk', errors: 'moonshot' },
  perplexity: { ...OPENAI, usage: 'every-chunk', usageUnasked: true },
};

export function dialectOf(vendor: string): Dialect {
  return DIALECTS[vendor] ?? OPENAI;
}
