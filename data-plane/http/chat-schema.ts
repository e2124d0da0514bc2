/**
 * The body of `POST /v1/chat/completions`, as data: checked by compiled code (`read-chat-request.ts`) and printed in `/openapi.json`.
 * It checks what this gateway reads. Members that it does not know pass: vendors that speak OpenAI get them as they came.
 * Limits are OpenAI's where it states one; `MAX_OUTPUT_TOKENS` is above what any model can write.
 */
import Type, { type TSchema } from 'typebox';

const MAX_OUTPUT_TOKENS = 10_000_000;
const MAX_STOP_SEQUENCES = 16;
/** USD, as a number or as a decimal string. */
const Usd = Type.Union([Type.Number({ minimum: 0, maximum: 1e9 }), Type.String({ pattern: '^\\d{1,10}(\\.\\d{1,9})?$' })]);
const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const OptionalNullable = <Schema extends TSchema>(schema: Schema) => Type.Optional(Nullable(schema));
const Name = Type.String({ minLength: 1, maxLength: 256 });

const CacheControl = Type.Object({
  type: Type.Literal('ephemeral'),
  ttl: Type.Optional(Type.Union([Type.Literal('5m'), Type.Literal('1h')])),
});

/** By `type`, so that an error names the member that is wrong and not each alternative. */
export const CONTENT_PARTS = {
  text: Type.Object({ type: Type.Literal('text'), text: Type.String(), cache_control: Type.Optional(CacheControl) }),
  image_url: Type.Object({
    type: Type.Literal('image_url'),
    image_url: Type.Object({ url: Type.String({ minLength: 1 }), detail: Type.Optional(Type.String()) }),
    cache_control: Type.Optional(CacheControl),
  }),
  input_audio: Type.Object({
    type: Type.Literal('input_audio'),
    input_audio: Type.Object({ data: Type.String({ minLength: 1 }), format: Type.String({ minLength: 1 }) }),
  }),
  file: Type.Object({
    type: Type.Literal('file'),
    file: Type.Object({
      file_data: Type.Optional(Type.String()),
      file_id: Type.Optional(Type.String()),
      filename: Type.Optional(Type.String()),
    }),
    cache_control: Type.Optional(CacheControl),
  }),
  refusal: Type.Object({ type: Type.Literal('refusal'), refusal: Type.String() }),
};

export const ContentPart = Type.Union(Object.values(CONTENT_PARTS));
const Content = Type.Union([Type.String(), Type.Array(ContentPart, { minItems: 1 })]);

const CalledFunction = Type.Object({ name: Name, arguments: Type.String() });
const CallId = Type.String({ minLength: 1 });
const ToolCall = Type.Union([
  Type.Object({ id: CallId, type: Type.Literal('function'), function: CalledFunction }),
  Type.Object({ id: CallId, type: Type.Literal('custom'), custom: Type.Object({ name: Name, input: Type.String() }) }),
]);

const Spoken = { content: Content, name: Type.Optional(Type.String()) };

/** By `role`, for the same reason. */
export const MESSAGES = {
  system: Type.Object({ role: Type.Literal('system'), ...Spoken }),
  developer: Type.Object({ role: Type.Literal('developer'), ...Spoken }),
  user: Type.Object({ role: Type.Literal('user'), ...Spoken }),
  assistant: Type.Object({
    role: Type.Literal('assistant'),
    content: OptionalNullable(Content),
    name: Type.Optional(Type.String()),
    refusal: OptionalNullable(Type.String()),
    tool_calls: OptionalNullable(Type.Array(ToolCall)),
    function_call: OptionalNullable(CalledFunction),
    reasoning: OptionalNullable(Type.String()),
    reasoning_content: OptionalNullable(Type.String()),
    reasoning_details: OptionalNullable(Type.Array(Type.Object({ type: Type.String() }))),
  }),
  tool: Type.Object({ role: Type.Literal('tool'), content: Content, tool_call_id: Type.String({ minLength: 1 }) }),
  function: Type.Object({ role: Type.Literal('function'), content: Nullable(Content), name: Name }),
};

export const Message = Type.Union(Object.values(MESSAGES));

const DeclaredFunction = Type.Object({
  name: Name,
  description: OptionalNullable(Type.String()),
  parameters: OptionalNullable(Type.Record(Type.String(), Type.Unknown())),
  strict: OptionalNullable(Type.Boolean()),
});

const Tool = Type.Union([
  Type.Object({ type: Type.Literal('function'), function: DeclaredFunction, cache_control: Type.Optional(CacheControl) }),
  // Free text instead of JSON, perhaps by a grammar: OpenAI's alone.
  Type.Object({ type: Type.Literal('custom'), custom: Type.Object({ name: Name, description: Type.Optional(Type.String()) }) }),
]);

const ToolChoice = Type.Union([
  Type.Literal('none'),
  Type.Literal('auto'),
  Type.Literal('required'),
  Type.Object({ type: Type.Literal('function'), function: Type.Object({ name: Name }) }),
  Type.Object({ type: Type.Literal('custom'), custom: Type.Object({ name: Name }) }),
  Type.Object({
    type: Type.Literal('allowed_tools'),
    allowed_tools: Type.Object({
      mode: Type.Union([Type.Literal('auto'), Type.Literal('required')]),
      tools: Type.Array(Type.Record(Type.String(), Type.Unknown())),
    }),
  }),
]);

const ResponseFormat = Type.Union([
  Type.Object({ type: Type.Literal('text') }),
  Type.Object({ type: Type.Literal('json_object') }),
  Type.Object({
    type: Type.Literal('json_schema'),
    json_schema: Type.Object({
      name: Name,
      description: Type.Optional(Type.String()),
      schema: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      strict: OptionalNullable(Type.Boolean()),
    }),
  }),
]);

const ReasoningEffort = Type.Union(
  (['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const).map((effort) => Type.Literal(effort)),
);

const Vendors = Type.Optional(Type.Array(Name, { maxItems: 100 }));

const ProviderPreferences = Type.Object({
  order: Vendors,
  only: Vendors,
  ignore: Vendors,
  allow_fallbacks: Type.Optional(Type.Boolean()),
  require_parameters: Type.Optional(Type.Boolean()),
  data_collection: Type.Optional(Type.Union([Type.Literal('allow'), Type.Literal('deny')])),
  sort: Type.Optional(Type.Union([Type.Literal('price'), Type.Literal('latency'), Type.Literal('throughput')])),
  max_price: Type.Optional(Type.Object({ prompt: Type.Optional(Usd), completion: Type.Optional(Usd) })),
});

const OutputTokens = OptionalNullable(Type.Integer({ minimum: 1, maximum: MAX_OUTPUT_TOKENS }));

/** Every member but `messages`. */
export const CHAT_MEMBERS = {
  model: Name,
  stream: OptionalNullable(Type.Boolean()),
  stream_options: OptionalNullable(Type.Object({ include_usage: Type.Optional(Type.Boolean()) })),
  max_tokens: OutputTokens,
  max_completion_tokens: OutputTokens,
  temperature: OptionalNullable(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: OptionalNullable(Type.Number({ minimum: 0, maximum: 1 })),
  top_k: OptionalNullable(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  n: OptionalNullable(Type.Integer({ minimum: 1, maximum: 128 })),
  stop: OptionalNullable(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: MAX_STOP_SEQUENCES })])),
  seed: OptionalNullable(Type.Integer()),
  presence_penalty: OptionalNullable(Type.Number({ minimum: -2, maximum: 2 })),
  frequency_penalty: OptionalNullable(Type.Number({ minimum: -2, maximum: 2 })),
  logit_bias: OptionalNullable(Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }))),
  logprobs: OptionalNullable(Type.Boolean()),
  top_logprobs: OptionalNullable(Type.Integer({ minimum: 0, maximum: 20 })),
  tools: OptionalNullable(Type.Array(Tool, { maxItems: 1024 })),
  tool_choice: OptionalNullable(ToolChoice),
  parallel_tool_calls: OptionalNullable(Type.Boolean()),
  // OpenAI's first shape of tools.
  functions: OptionalNullable(Type.Array(DeclaredFunction, { minItems: 1, maxItems: 128 })),
  function_call: OptionalNullable(Type.Union([Type.Literal('none'), Type.Literal('auto'), Type.Object({ name: Name })])),
  response_format: OptionalNullable(ResponseFormat),
  reasoning_effort: OptionalNullable(ReasoningEffort),
  reasoning: OptionalNullable(
    Type.Object({
      effort: OptionalNullable(ReasoningEffort),
      max_tokens: OutputTokens,
      exclude: Type.Optional(Type.Boolean()),
      enabled: Type.Optional(Type.Boolean()),
    }),
  ),
  verbosity: OptionalNullable(Type.String()),
  modalities: OptionalNullable(Type.Array(Type.String())),
  user: OptionalNullable(Type.String({ maxLength: 1024 })),
  metadata: OptionalNullable(Type.Record(Type.String(), Type.String())),
  service_tier: OptionalNullable(Type.String()),
  store: OptionalNullable(Type.Boolean()),
  prompt_cache_key: OptionalNullable(Type.String({ maxLength: 1024 })),
  prediction: Type.Optional(Type.Unknown()),
  models: OptionalNullable(Type.Array(Name, { minItems: 1, maxItems: 50 })),
  provider: OptionalNullable(ProviderPreferences),
  max_cost: OptionalNullable(Usd),
  session_id: OptionalNullable(Type.String({ minLength: 1, maxLength: 256 })),
  tier: OptionalNullable(Type.Union([Type.Literal('frontier'), Type.Literal('standard'), Type.Literal('value')])),
};

export const ChatRequestSchema = Type.Object({ ...CHAT_MEMBERS, messages: Type.Array(Message, { minItems: 1 }) });
