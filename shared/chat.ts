/**
 * OpenAI's chat completions as this gateway reads and writes them (OpenAPI document 2.3.0), with OpenRouter's names for what OpenAI
 * has no word for. Only what some stage looks at is typed; unknown members pass through untouched.
 */

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';

export interface CacheControl {
  readonly type: 'ephemeral';
  readonly ttl?: '5m' | '1h';
}

export type ContentPart =
  | { readonly type: 'text'; readonly text: string; readonly cache_control?: CacheControl }
  | {
      readonly type: 'image_url';
      readonly image_url: { readonly url: string; readonly detail?: string };
      readonly cache_control?: CacheControl;
    }
  | { readonly type: 'input_audio'; readonly input_audio: { readonly data: string; readonly format: string } }
  | {
      readonly type: 'file';
      readonly file: { readonly file_data?: string; readonly file_id?: string; readonly filename?: string };
      readonly cache_control?: CacheControl;
    }
  | { readonly type: 'refusal'; readonly refusal: string };

/** A piece of a model's reasoning that must come back unchanged in the next turn. OpenRouter's shape. */
export interface ReasoningDetail {
  readonly type: 'reasoning.text' | 'reasoning.encrypted' | 'reasoning.summary';
  readonly text?: string;
  readonly data?: string;
  readonly summary?: string;
  readonly signature?: string | null;
  readonly id?: string | null;
  /** Which vendor's signature this is: `anthropic-claude-v1`, `google-gemini-v1`, ... A foreign one is stripped. */
  readonly format?: string;
  readonly index?: number;
}

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
  readonly extra_content?: { readonly google?: { readonly thought_signature?: string } };
}

export interface ChatMessage {
  readonly role: Role;
  readonly content?: string | readonly ContentPart[] | null;
  readonly name?: string;
  readonly refusal?: string | null;
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_call_id?: string;
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly reasoning_details?: readonly ReasoningDetail[];
  readonly cache_control?: CacheControl;
}

export interface FunctionTool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly strict?: boolean | null;
  };
  readonly cache_control?: CacheControl;
}

export type ToolChoice = 'none' | 'auto' | 'required' | { readonly type: 'function'; readonly function: { readonly name: string } };

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema?: Readonly<Record<string, unknown>>;
        readonly strict?: boolean | null;
      };
    };

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** OpenRouter's `provider` object: which vendors may serve and how they are ordered. */
export interface ProviderPreferences {
  readonly order?: readonly string[];
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly allow_fallbacks?: boolean;
  readonly require_parameters?: boolean;
  readonly data_collection?: 'allow' | 'deny';
  readonly sort?: 'price' | 'latency' | 'throughput';
  /** USD per million tokens. */
  readonly max_price?: { readonly prompt?: number | string; readonly completion?: number | string };
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly top_k?: number | null;
  readonly n?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly seed?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
  readonly logit_bias?: Readonly<Record<string, number>> | null;
  readonly logprobs?: boolean | null;
  readonly top_logprobs?: number | null;
  readonly tools?: readonly FunctionTool[] | null;
  readonly tool_choice?: ToolChoice | null;
  readonly parallel_tool_calls?: boolean | null;
  /** OpenAI's first shape of tools. */
  readonly functions?: readonly FunctionTool['function'][] | null;
  readonly response_format?: ResponseFormat | null;
  readonly reasoning_effort?: ReasoningEffort | null;
  readonly reasoning?: {
    readonly effort?: ReasoningEffort;
    readonly max_tokens?: number;
    readonly exclude?: boolean;
    readonly enabled?: boolean;
  };
  readonly verbosity?: string | null;
  readonly modalities?: readonly string[] | null;
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly service_tier?: string | null;
  readonly store?: boolean | null;
  readonly prompt_cache_key?: string;
  readonly prediction?: unknown;
  // Extensions, OpenRouter's names where it has one.
  readonly models?: readonly string[];
  readonly provider?: ProviderPreferences;
  /** USD for this request: refused before any call when the ceiling passes it. */
  readonly max_cost?: number | string;
  readonly session_id?: string;
  /** Overrules the complexity score of a smart group. */
  readonly tier?: QualityTier;
}

export type QualityTier = 'frontier' | 'standard' | 'value';

/** The usage object of an answer: OpenAI's, with OpenRouter's `cost`. Built in one place, from buckets, whatever vendor served. */
export interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number; readonly audio_tokens: number };
  readonly completion_tokens_details: {
    readonly reasoning_tokens: number;
    readonly audio_tokens: number;
    readonly accepted_prediction_tokens: number;
    readonly rejected_prediction_tokens: number;
  };
  /** USD. */
  readonly cost: number;
  readonly cost_details: Readonly<Record<string, unknown>>;
  readonly is_byok: boolean;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call';
