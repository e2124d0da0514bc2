/**
 * The vendors, reviewed by hand: where they are and how each departs from its protocol. Credentials are the operator's.
 * Sources: shared/conformance.md (recorded traffic), the vendors' API references, and the wire flags of @earendil-works/pi-ai 1.5.2
 * (10 Nov 2026). Members of a request that a vendor refuses are dropped and named to the customer; those that it ignores are let pass.
 */
import type { VendorQuirks, VendorRow } from '../../../../shared/snapshot.js';

/** Known to OpenAI's platform alone: others refuse them (Mistral: 422 extra_forbidden) or ignore them in silence. */
const OPENAI_ONLY = [
  'store',
  'metadata',
  'service_tier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
  'verbosity',
  'prediction',
  'modalities',
  'audio',
  'web_search_options',
];
/** Sampling that OpenAI has and many others lack. */
const FINE_SAMPLING = ['logit_bias', 'logprobs', 'top_logprobs'];

const QUICK = { connectMs: 3_000, firstTokenMs: 60_000, idleMs: 60_000 };
/** Models that think unseen: the first token may be minutes away. */
const THOUGHTFUL = { connectMs: 3_000, firstTokenMs: 180_000, idleMs: 120_000 };

interface Facts {
  readonly id: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly quirks: VendorQuirks;
  readonly protocol?: VendorRow['protocol'];
  readonly timeouts?: VendorRow['timeouts'];
  readonly byokBaseUrl?: boolean;
  readonly trainsOnData?: boolean;
}

function vendor(facts: Facts): VendorRow {
  return {
    protocol: 'openai',
    timeouts: QUICK,
    byokBaseUrl: false,
    trainsOnData: false,
    ...facts,
    enabled: true,
    regions: null,
    credentials: [],
  };
}

export const VENDORS: readonly VendorRow[] = [
  vendor({
    id: 'openai',
    name: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    timeouts: THOUGHTFUL,
    quirks: {
      passUnknown: true,
      maxTokensField: 'max_completion_tokens',
      // A dearer tier would cost the operator more than the customer pays.
      drop: ['top_k', 'service_tier'],
      // "Function tools with reasoning_effort are not supported ... set reasoning_effort to 'none'", even when the field is absent.
      openAiTools: true,
      toolsNeedNoEffort: '^gpt-(5\\.[4-9]|[6-9])',
    },
  }),
  vendor({
    id: 'azure',
    name: 'Azure OpenAI',
    // Every resource has its own host: the operator's, or the customer's by BYOK.
    baseUrl: 'https://modelapi.openai.azure.com',
    timeouts: THOUGHTFUL,
    byokBaseUrl: true,
    quirks: {
      path: '/openai/v1/chat/completions',
      auth: 'api-key',
      passUnknown: true,
      maxTokensField: 'max_completion_tokens',
      drop: ['top_k', 'service_tier', 'web_search_options'],
      openAiTools: true,
      toolsNeedNoEffort: '^gpt-(5\\.[4-9]|[6-9])',
    },
  }),
  vendor({
    id: 'anthropic',
    name: 'Anthropic',
    protocol: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    timeouts: THOUGHTFUL,
    quirks: {},
  }),
  vendor({
    id: 'google',
    name: 'Google AI Studio',
    protocol: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com',
    timeouts: THOUGHTFUL,
    quirks: {},
  }),
  vendor({
    id: 'vertex',
    name: 'Google Vertex AI',
    protocol: 'gemini',
    // Express mode: an API key, no project in the path.
    baseUrl: 'https://aiplatform.googleapis.com',
    timeouts: THOUGHTFUL,
    byokBaseUrl: true,
    quirks: { path: '/v1/publishers/google/models/{model}:{method}' },
  }),
  vendor({
    id: 'deepseek',
    name: 'DeepSeek',
    baseUrl: 'https://api.deepseek.com',
    timeouts: THOUGHTFUL,
    trainsOnData: true,
    quirks: {
      passUnknown: true,
      maxTokensField: 'max_tokens',
      developerRole: false,
      flatText: true,
      drop: [...OPENAI_ONLY, 'logit_bias', 'n', 'seed', 'top_k', 'parallel_tool_calls'],
      reasoning: 'thinking_type',
      reasoningHistory: 'reasoning_content',
      reasoningContentRequired: true,
      forcedToolChoice: 'without_thinking',
      jsonSchema: 'json_object',
      jsonWordRequired: true,
    },
  }),
  vendor({
    id: 'alibaba',
    name: 'Alibaba Cloud Model Studio',
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    quirks: {
      passUnknown: true,
      maxTokensField: 'max_tokens',
      developerRole: false,
      drop: [...OPENAI_ONLY, 'logit_bias', 'frequency_penalty'],
      reasoning: 'enable_thinking',
      // "parameter.enable_thinking must be set to false for non-streaming calls".
      thinkingNeedsStream: '^(qwen3-\\d+(\\.\\d+)?b(-a\\d+b)?|qwen3\\.\\d+-\\d+b(-a\\d+b)?)$',
      cacheControl: true,
      jsonWordRequired: true,
      maxTemperature: 1.99,
    },
  }),
  vendor({
    id: 'zai',
    name: 'Z.ai (GLM)',
    baseUrl: 'https://api.z.ai/api/paas/v4',
    quirks: {
      passUnknown: true,
      maxTokensField: 'max_tokens',
      developerRole: false,
      maxTemperature: 1,
      drop: [...OPENAI_ONLY, ...FINE_SAMPLING, 'n', 'seed', 'presence_penalty', 'frequency_penalty', 'parallel_tool_calls', 'top_k'],
      reasoning: 'thinking_type',
      reasoningHistory: 'reasoning_content',
      jsonSchema: 'json_object',
      jsonWordRequired: true,
    },
  }),
  vendor({
    id: 'moonshotai',
    name: 'Moonshot AI (Kimi)',
    baseUrl: 'https://api.moonshot.ai/v1',
    timeouts: THOUGHTFUL,
    quirks: {
      passUnknown: true,
      maxTokensField: 'max_tokens',
      developerRole: false,
      maxTemperature: 1,
      drop: [...OPENAI_ONLY, ...FINE_SAMPLING, 'top_k', 'parallel_tool_calls'],
      reasoning: 'thinking_type',
      reasoningHistory: 'reasoning_content',
      reasoningContentRequired: true,
      forcedToolChoice: 'auto',
      jsonWordRequired: true,
    },
  }),
  vendor({
    id: 'mistral',
    name: 'Mistral AI',
    baseUrl: 'https://api.mistral.ai/v1',
    quirks: {
      maxTokensField: 'max_tokens',
      developerRole: false,
      maxTemperature: 1.5,
      // prompt_cache_key is recorded with 200.
      drop: [...OPENAI_ONLY.filter((member) => member !== 'prompt_cache_key' && member !== 'metadata'), ...FINE_SAMPLING, 'top_k', 'user'],
      rename: { seed: 'random_seed' },
      // Refused as an extra member; usage comes on the last chunk unasked.
      noStreamOptions: true,
      toolCallIds: 'mistral',
      toolChoiceRequired: 'any',
      noUserAfterTool: true,
      emptyContent: 'string',
      // Few models take an effort; their endpoints say so.
      efforts: [],
    },
  }),
  vendor({
    id: 'xai',
    name: 'xAI',
    baseUrl: 'https://api.x.ai/v1',
    timeouts: THOUGHTFUL,
    quirks: {
      passUnknown: true,
      developerRole: false,
      maxTokensField: 'max_tokens',
      drop: [...OPENAI_ONLY, 'logit_bias', 'top_k'],
      reasoningHistory: 'reasoning_content',
      reasoningOutsideCompletion: true,
      efforts: [],
    },
  }),
  vendor({
    id: 'groq',
    name: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    quirks: {
      passUnknown: true,
      strictMessages: true,
      developerRole: false,
      maxTokensField: 'max_completion_tokens',
      drop: [...OPENAI_ONLY, ...FINE_SAMPLING, 'n', 'top_k'],
      efforts: [],
      jsonWordRequired: true,
    },
  }),
  vendor({
    id: 'together',
    name: 'Together AI',
    baseUrl: 'https://api.together.ai/v1',
    quirks: {
      passUnknown: true,
      developerRole: false,
      maxTokensField: 'max_tokens',
      drop: OPENAI_ONLY,
      efforts: [],
    },
  }),
  vendor({
    id: 'fireworks',
    name: 'Fireworks AI',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    quirks: {
      passUnknown: true,
      developerRole: false,
      maxTokensField: 'max_tokens',
      drop: OPENAI_ONLY,
      reasoningHistory: 'reasoning_content',
      efforts: [],
    },
  }),
  vendor({
    id: 'cerebras',
    name: 'Cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    quirks: {
      strictMessages: true,
      developerRole: false,
      flatText: true,
      maxTokensField: 'max_completion_tokens',
      maxTemperature: 1.5,
      drop: [...OPENAI_ONLY, 'logit_bias', 'frequency_penalty', 'presence_penalty', 'n', 'top_k'],
      reasoningHistory: 'reasoning',
      efforts: [],
    },
  }),
  vendor({
    id: 'perplexity',
    name: 'Perplexity',
    baseUrl: 'https://api.perplexity.ai',
    quirks: {
      passUnknown: true,
      strictMessages: true,
      developerRole: false,
      maxTokensField: 'max_tokens',
      maxTemperature: 1.99,
      drop: [
        ...OPENAI_ONLY.filter((member) => member !== 'web_search_options'),
        ...FINE_SAMPLING,
        'n',
        'seed',
        'stop',
        'tools',
        'tool_choice',
        'parallel_tool_calls',
        'user',
      ],
      requestFee: true,
      efforts: [],
    },
  }),
  vendor({
    id: 'minimax',
    name: 'MiniMax',
    baseUrl: 'https://api.minimax.io/v1',
    quirks: {
      passUnknown: true,
      developerRole: false,
      maxTokensField: 'max_tokens',
      maxTemperature: 1,
      drop: [...OPENAI_ONLY, ...FINE_SAMPLING, 'n', 'seed', 'presence_penalty', 'frequency_penalty', 'top_k'],
      // Reasoning apart from the text instead of <think> inside it.
      defaults: { reasoning_split: true },
      reasoning: 'none',
      reasoningHistory: 'reasoning_details',
      jsonSchema: 'none',
    },
  }),
  vendor({
    id: 'cohere',
    name: 'Cohere',
    baseUrl: 'https://api.cohere.ai/compatibility/v1',
    quirks: {
      strictMessages: true,
      developerRole: true,
      maxTokensField: 'max_tokens',
      maxTemperature: 1,
      drop: [...OPENAI_ONLY, ...FINE_SAMPLING, 'n', 'user', 'parallel_tool_calls', 'top_k'],
      efforts: ['none', 'high'],
    },
  }),
  vendor({
    id: 'openrouter',
    name: 'OpenRouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    timeouts: THOUGHTFUL,
    quirks: {
      passUnknown: true,
      reasoning: 'reasoning_object',
      reasoningHistory: 'reasoning_details',
      cacheControl: true,
      drop: ['store', 'service_tier'],
      headers: { 'x-title': 'ModelAPI' },
    },
  }),
];
