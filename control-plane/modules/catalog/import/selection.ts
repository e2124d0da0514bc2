/**
 * What goes into the catalogue, and why: reviewed by hand, read by `build-catalogue.ts`. Facts (prices, limits) come from the sources;
 * choices (which models, names, aliases, tiers) stand here.
 */
import type { QualityTier } from '../../../../shared/chat.js';

export interface FirstParty {
  readonly vendor: string;
  readonly ownedBy: string;
  readonly tokenizer: string;
  /** Providers of the sources, best first. */
  readonly piAi?: string;
  readonly modelsDev?: string;
  /** Not a chat completion model, or not reachable by one (`/v1/responses` only), or retired. */
  readonly exclude?: RegExp;
}

export const FIRST_PARTY: readonly FirstParty[] = [
  {
    vendor: 'openai',
    ownedBy: 'openai',
    tokenizer: 'GPT',
    piAi: 'openai',
    modelsDev: 'openai',
    // `-pro`, codex and deep research speak /v1/responses only; images and embeddings are not chat; daybreak and cyber are gated.
    exclude: /-pro$|codex|deep-research|image|embedding|daybreak|cyber|^chat-latest$|^gpt-4$|^gpt-3\.5|gpt-4-turbo|2024-05-13|2024-08-06/,
  },
  {
    vendor: 'anthropic',
    ownedBy: 'anthropic',
    tokenizer: 'Claude',
    piAi: 'anthropic',
    modelsDev: 'anthropic',
    // Undated names are the public ids; dated twins become aliases below.
    exclude: /-20\d{6}$|-3-|-4-0$|opus-4-1$/,
  },
  {
    vendor: 'google',
    ownedBy: 'google',
    tokenizer: 'Gemini',
    piAi: 'google',
    modelsDev: 'google',
    exclude:
      /image|tts|embedding|deep-research|latest|gemma|customtools|live|audio|robotics|computer-use|lite-preview|2\.0-flash|gemini-3-pro-preview/,
  },
  {
    vendor: 'deepseek',
    ownedBy: 'deepseek',
    tokenizer: 'DeepSeek',
    piAi: 'deepseek',
    modelsDev: 'deepseek',
    exclude: /deepseek-(chat|reasoner)$/,
  },
  {
    vendor: 'alibaba',
    ownedBy: 'qwen',
    tokenizer: 'Qwen',
    modelsDev: 'alibaba',
    exclude:
      /-mt-|omni|realtime|character|ocr|asr|livetranslate|qwen2-5|qwen2\.5|qvq|tts|embedding|-vl-(plus|max)$|qwen-vl|kimi|glm|deepseek|MiniMax|wan/i,
  },
  {
    vendor: 'zai',
    ownedBy: 'z-ai',
    tokenizer: 'GLM',
    piAi: 'zai',
    modelsDev: 'zai',
    exclude: /highspeed|glm-4\.5-flash/,
  },
  {
    vendor: 'moonshotai',
    ownedBy: 'moonshotai',
    tokenizer: 'Kimi',
    piAi: 'moonshotai',
    modelsDev: 'moonshotai',
    exclude: /preview|highspeed|turbo/,
  },
  {
    vendor: 'mistral',
    ownedBy: 'mistralai',
    tokenizer: 'Mistral',
    piAi: 'mistral',
    modelsDev: 'mistral',
    exclude: /embed|labs-|open-|pixtral-12b|-latest$|devstral-small|ocr|moderation|2411|2505|glm|deepseek|4-0-8/,
  },
  {
    vendor: 'xai',
    ownedBy: 'x-ai',
    tokenizer: 'Grok',
    piAi: 'xai',
    modelsDev: 'xai',
    exclude: /imagine|multi-agent/,
  },
  {
    vendor: 'minimax',
    ownedBy: 'minimax',
    tokenizer: 'MiniMax',
    piAi: 'minimax',
    modelsDev: 'minimax',
    exclude: /highspeed/,
  },
  {
    vendor: 'cohere',
    ownedBy: 'cohere',
    tokenizer: 'Cohere',
    modelsDev: 'cohere',
    exclude: /aya|north|arabic|translate/,
  },
  {
    vendor: 'perplexity',
    ownedBy: 'perplexity',
    tokenizer: 'Llama',
    modelsDev: 'perplexity',
    exclude: /deep-research/,
  },
];

export interface Hosted {
  readonly id: string;
  readonly ownedBy: string;
  readonly tokenizer?: string;
  /** Vendor and its own id, cheapest first: the first gives the customer's price. `openrouter` ids are looked up in its list. */
  readonly endpoints: readonly (readonly [vendor: string, model: string])[];
}

/** Open-weight models, and makers that are reached through a host. */
export const HOSTED: readonly Hosted[] = [
  {
    id: 'gpt-oss-120b',
    ownedBy: 'openai',
    endpoints: [
      ['groq', 'openai/gpt-oss-120b'],
      ['together', 'openai/gpt-oss-120b'],
      ['cerebras', 'gpt-oss-120b'],
    ],
  },
  { id: 'gpt-oss-20b', ownedBy: 'openai', endpoints: [['groq', 'openai/gpt-oss-20b']] },
  {
    id: 'llama-3.3-70b-instruct',
    ownedBy: 'meta-llama',
    tokenizer: 'Llama',
    endpoints: [
      ['groq', 'llama-3.3-70b-versatile'],
      ['openrouter', 'meta-llama/llama-3.3-70b-instruct'],
    ],
  },
  {
    id: 'llama-3.1-8b-instruct',
    ownedBy: 'meta-llama',
    tokenizer: 'Llama',
    endpoints: [
      ['groq', 'llama-3.1-8b-instant'],
      ['openrouter', 'meta-llama/llama-3.1-8b-instruct'],
    ],
  },
  {
    id: 'llama-4-scout',
    ownedBy: 'meta-llama',
    tokenizer: 'Llama',
    endpoints: [
      ['groq', 'meta-llama/llama-4-scout-17b-16e-instruct'],
      ['openrouter', 'meta-llama/llama-4-scout'],
    ],
  },
  { id: 'llama-4-maverick', ownedBy: 'meta-llama', tokenizer: 'Llama', endpoints: [['openrouter', 'meta-llama/llama-4-maverick']] },
  { id: 'deepseek-r1', ownedBy: 'deepseek', tokenizer: 'DeepSeek', endpoints: [['openrouter', 'deepseek/deepseek-r1-0528']] },
  { id: 'deepseek-v3.2', ownedBy: 'deepseek', tokenizer: 'DeepSeek', endpoints: [['openrouter', 'deepseek/deepseek-v3.2']] },
  { id: 'deepseek-v4-pro-0813', ownedBy: 'deepseek', tokenizer: 'DeepSeek', endpoints: [['together', 'deepseek-ai/DeepSeek-V4-Pro-0813']] },
  { id: 'qwen3.5-9b', ownedBy: 'qwen', tokenizer: 'Qwen', endpoints: [['together', 'Qwen/Qwen3.5-9B']] },
  { id: 'qwen-3.8-27b', ownedBy: 'qwen', tokenizer: 'Qwen', endpoints: [['cerebras', 'qwen-3.8-27b']] },
  { id: 'glm-4.7-flash', ownedBy: 'z-ai', tokenizer: 'GLM', endpoints: [['openrouter', 'z-ai/glm-4.7-flash']] },
  { id: 'inkling', ownedBy: 'thinkingmachines', endpoints: [['together', 'thinkingmachines/Inkling']] },
  { id: 'beam-1.0', ownedBy: 'reflection', endpoints: [['together', 'reflection/Beam-1.0-501B-A23B']] },
  { id: 'muse-spark-open', ownedBy: 'meta', endpoints: [['together', 'meta-models/Muse-Spark-Open-816B-A42B']] },
  { id: 'nemotron-3.5-super-vl', ownedBy: 'nvidia', endpoints: [['together', 'nvidia/NVIDIA-Nemotron-3.5-Super-VL']] },
  ...[
    'nvidia/nemotron-3-super-120b-a12b',
    'nvidia/nemotron-3-nano-30b-a3b',
    'amazon/nova-2-lite-v1',
    'amazon/nova-premier-v1',
    'amazon/nova-pro-v1',
    'amazon/nova-lite-v1',
    'amazon/nova-micro-v1',
    'microsoft/phi-4',
    'microsoft/phi-4-mini-instruct',
    'ai21/jamba-large-1.7',
    'baidu/ernie-4.5-300b-a47b',
    'baidu/ernie-4.5-21b-a3b',
    'tencent/hy3-preview',
    'tencent/hunyuan-a13b-instruct',
    'bytedance-seed/seed-2.0-lite',
    'bytedance-seed/seed-2.0-mini',
    'bytedance-seed/seed-1.6',
    'xiaomi/mimo-v2.5-pro',
    'xiaomi/mimo-v2.5',
    'xiaomi/mimo-v2-flash',
    'stepfun/step-3.5-flash',
    'inception/mercury-2',
    'ibm-granite/granite-4.1-8b',
    'nousresearch/hermes-4-70b',
    'nousresearch/hermes-4-405b',
    'arcee-ai/trinity-large-thinking',
    'arcee-ai/trinity-mini',
    'inclusionai/ling-2.6-1t',
    'inclusionai/ling-2.6-flash',
    'upstage/solar-pro-3',
    'writer/palmyra-x5',
    'kwaipilot/kat-coder-pro-v2',
    'liquid/lfm-2-24b-a2b',
    'allenai/olmo-3-32b-think',
    'deepcogito/cogito-v2.1-671b',
    'prime-intellect/intellect-3',
    'rekaai/reka-flash-3',
  ].map((id): Hosted => ({ id, ownedBy: id.split('/')[0] ?? id, endpoints: [['openrouter', id]] })),
];

/** Further vendors of models that have a first party: [model, vendor, the vendor's id]. */
export const ALSO_AT: readonly (readonly [model: string, vendor: string, id: string])[] = [
  ['glm-5.3', 'together', 'zai-org/GLM-5.3'],
  ['glm-5.3-flash', 'together', 'zai-org/GLM-5.3-Flash'],
  ['glm-5.2', 'together', 'zai-org/GLM-5.2'],
  ['kimi-k3', 'together', 'moonshotai/Kimi-K3'],
  ['MiniMax-M3', 'together', 'MiniMaxAI/MiniMax-M3'],
  ['qwen3.7-max', 'together', 'Qwen/Qwen3.7-Max'],
  ['qwen3.6-plus', 'together', 'Qwen/Qwen3.6-Plus'],
  ['gemini-2.5-flash', 'vertex', 'gemini-2.5-flash'],
  ['gemini-2.5-flash-lite', 'vertex', 'gemini-2.5-flash-lite'],
  ['gemini-2.5-pro', 'vertex', 'gemini-2.5-pro'],
  ['gemini-3.1-pro-preview', 'vertex', 'gemini-3.1-pro-preview'],
  ['gemini-3.5-flash', 'vertex', 'gemini-3.5-flash'],
  ['gpt-4o', 'azure', 'gpt-4o'],
  ['gpt-4o-mini', 'azure', 'gpt-4o-mini'],
  ['gpt-4.1', 'azure', 'gpt-4.1'],
  ['gpt-4.1-mini', 'azure', 'gpt-4.1-mini'],
  ['gpt-5', 'azure', 'gpt-5'],
  ['gpt-5-mini', 'azure', 'gpt-5-mini'],
  ['gpt-5.5', 'azure', 'gpt-5.5'],
  ['deepseek-v4-flash', 'openrouter', 'deepseek/deepseek-v4-flash'],
  ['deepseek-v4-pro', 'openrouter', 'deepseek/deepseek-v4-pro'],
  ['glm-5.3', 'fireworks', 'accounts/fireworks/models/glm-5p3'],
  ['glm-5.3-flash', 'fireworks', 'accounts/fireworks/models/glm-5p3-flash'],
  ['kimi-k3', 'fireworks', 'accounts/fireworks/models/kimi-k3'],
  ['kimi-k3.1-pro', 'fireworks', 'accounts/fireworks/models/kimi-k3p1-pro'],
];

/**
 * Names that people use for a model whose id is another. Each alias explained:
 * the ids of product-docs.txt that no vendor has, dated or retired names, and OpenRouter's spelling.
 */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'gemini-3.1-pro-preview': ['gemini-3.1-pro'], // Google's own id carries -preview
  'gemini-2.5-flash-lite': ['gemini-2.0-flash', 'gemini-2.0-flash-lite'], // retired; the successor at the same price
  'claude-sonnet-4-20250514': ['claude-sonnet-4', 'claude-sonnet-4-0'],
  'claude-opus-4-5': ['claude-opus-4-5-20251101'],
  'claude-sonnet-4-5': ['claude-sonnet-4-5-20250929'],
  'claude-haiku-4-5': ['claude-haiku-4-5-20251001'],
  'deepseek-v4-flash': ['deepseek-chat', 'deepseek-reasoner'], // DeepSeek answers both as its V4 model
  'deepseek-r1': ['deepseek-r1-0528'],
  'glm-4.7-flash': ['glm-5-flash'], // in no catalogue: the cheapest GLM flash model that has a price
  'gpt-4o': ['gpt-4o-2024-08-06', 'chatgpt-4o-latest'],
  'mistral-large-2512': ['mistral-large-latest'],
  'mistral-medium-2604': ['mistral-medium-latest'],
  'mistral-small-2603': ['mistral-small-latest'],
  'codestral-2508': ['codestral-latest'],
  'grok-4.7': ['grok-latest'],
};

/** First-party models that their vendor still serves although the undated rule above leaves them out. */
export const KEEP: readonly (readonly [vendor: string, id: string])[] = [
  ['anthropic', 'claude-sonnet-4-20250514'],
  ['anthropic', 'claude-opus-4-1-20250805'],
];

/** Still callable, no longer recommended: never chosen by `auto`. */
export const DEPRECATED =
  /claude-sonnet-4-20250514|claude-opus-4-1|^o1$|o3-mini|gpt-4o-2024|qwen-turbo|mistral-medium-2508|glm-4\.5|MiniMax-M2$|deepseek-r1|kimi-k2-thinking|command-r/;

const FRONTIER =
  /claude-(opus|fable)|gpt-5\.(4|5|6-sol)$|gpt-6(\.1)?-(sol|astra)|gemini-3(\.\d)?-pro|gemini-2\.5-pro|gemini-4|grok-4\.[5-9]|kimi-k3|qwen3\.[78]-max|glm-5\.[23]$|deepseek-v4-pro|^o3$|mistral-large-(2512|4$)|MiniMax-M3/;
const NEVER_FRONTIER = /-(mini|nano|lite|luna)|haiku|flash/i;

/**
 * Prices that no source gives as customers pay them. DeepSeek bills V4 at twice the price in peak hours since 2026-08-17 (genai-prices,
 * deepseek); a flat price that covers the peak is one that the operator never loses on and a customer can foresee.
 */
export const PRICES: Readonly<
  Record<string, { readonly input: number; readonly output: number; readonly cacheRead: number; readonly source: string }>
> = {
  'deepseek-v4-flash': { input: 0.44, output: 1.32, cacheRead: 0.014, source: 'genai-prices 0.1.8 (2026-09-23), peak hours' },
};

/**
 * What new models keep of their predecessors. Only pi-ai lists them yet, and it knows no input but text and images, no refused
 * temperature of the Fable models, and of OpenAI's windows the part below the dearer tier (its own tier begins at the window's end).
 */
export const INHERITED: readonly {
  readonly models: RegExp;
  readonly input?: readonly string[];
  readonly temperature?: false;
  readonly context?: number;
}[] = [
  { models: /^claude-/, input: ['file'] },
  { models: /^claude-(opus-(4-[7-9]|[5-9])|sonnet-[5-9]|haiku-[5-9]|fable-)/, temperature: false },
  { models: /^gemini-/, input: ['audio', 'video', 'file'] },
  { models: /^gpt-(5\.6|6)/, input: ['file'], context: 1_050_000 },
  { models: /^grok-4\.[5-9]/, input: ['file'] },
  { models: /^kimi-k3/, input: ['video'] },
  { models: /^voxtral-/, input: ['audio'] },
];

/** Output price, USD per million tokens, up to which a model is in the value tier. */
const VALUE_CEILING = 1.5;

/** Frontier by name; value by price; standard between. */
export function tierOf(id: string, outputUsdPerMillion: number): QualityTier {
  if (FRONTIER.test(id) && !NEVER_FRONTIER.test(id)) return 'frontier';
  return outputUsdPerMillion <= VALUE_CEILING ? 'value' : 'standard';
}

/** Vendors that charge a fee per request beside tokens: USD per thousand (Perplexity's low search context). */
export const REQUEST_FEES: Readonly<Record<string, string>> = { sonar: '5', 'sonar-pro': '6', 'sonar-reasoning-pro': '6' };
