/**
 * What the control plane publishes and a node applies: two documents under one revision.
 * - `catalog`: vendors, models, prices, groups, regions; JSON, whole each time.
 * - `access`: keys and accounts; a binary base (`access-document.ts`) plus ordered changes.
 * The manifest names both by SHA-256 and is signed (Ed25519), so nothing between the planes can alter either.
 * Money is a decimal string of pico-USD in these documents and `bigint` once a node has indexed them.
 */
import type { QualityTier } from './chat.js';
import type { TokenBuckets } from './money.js';
import type { SealedSecret } from './sealed.js';

export const CATALOG_FORMAT = 1;

export interface CatalogDocument {
  readonly format: typeof CATALOG_FORMAT;
  readonly vendors: readonly VendorRow[];
  readonly models: readonly ModelRow[];
  readonly endpoints: readonly EndpointRow[];
  readonly groups: readonly GroupRow[];
  readonly regions: readonly RegionRow[];
  readonly settings: GatewaySettings;
}

export type Protocol = 'openai' | 'anthropic' | 'gemini';

/** A vendor is a row: adding one changes no file. */
export interface VendorRow {
  /** `openai`, `anthropic`, `deepseek`, ...: shown in `x-modelapi-vendor`. */
  readonly id: string;
  readonly name: string;
  readonly protocol: Protocol;
  readonly baseUrl: string;
  readonly enabled: boolean;
  /** Regions whose traffic this vendor may serve; null is all. */
  readonly regions: readonly string[] | null;
  readonly timeouts: { readonly connectMs: number; readonly firstTokenMs: number; readonly idleMs: number };
  readonly quirks: VendorQuirks;
  /** Whether a customer may name a base URL of their own in BYOK (Azure, self-hosted). */
  readonly byokBaseUrl: boolean;
  readonly trainsOnData: boolean;
  readonly credentials: readonly CredentialRow[];
}

export interface CredentialRow {
  readonly id: string;
  readonly weight: number;
  /** How often an operator ended its rest; absent is never. */
  readonly wakes?: number;
  readonly sealed: SealedSecret;
}

/**
 * How a vendor departs from its protocol, as data. Absent means: as the protocol's own vendor does.
 * Each protocol reads the members that concern it; an endpoint may override its vendor's.
 */
export interface VendorQuirks {
  /** Appended to the base URL; `{model}` is replaced. Default by protocol. */
  readonly path?: string;
  /** How the credential travels. Default: `bearer` for openai, `x-api-key` for anthropic, `x-goog-api-key` for gemini. */
  readonly auth?: 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'api-key';
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Request members that this vendor refuses or ignores: dropped, and named in `x-modelapi-dropped`. */
  readonly drop?: readonly string[];
  /** Request members by another name here: `{ "max_completion_tokens": "max_tokens" }`. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Members added when absent. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Unknown members pass through only where true (OpenAI itself, OpenRouter, local servers). */
  readonly passUnknown?: boolean;
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  readonly developerRole?: boolean;
  readonly maxTemperature?: number;
  /** How reasoning effort is asked for. */
  readonly reasoning?:
    | 'reasoning_effort'
    | 'reasoning_object'
    | 'thinking_type'
    | 'enable_thinking'
    | 'anthropic_budget'
    | 'anthropic_adaptive'
    | 'gemini_budget'
    | 'gemini_level'
    | 'none';
  /** Reasoning efforts that the vendor knows, weakest first; others go to the nearest. Empty: none, the wish is dropped and named. */
  readonly efforts?: readonly string[];
  /** Assistant turns of a tool loop must carry `reasoning_content` back (DeepSeek V4). */
  readonly reasoningContentRequired?: boolean;
  /** `completion_tokens` leaves reasoning out (xAI). */
  readonly reasoningOutsideCompletion?: boolean;
  /** Does not know `stream_options`: usage comes unasked. */
  readonly noStreamOptions?: boolean;
  /** Tool call ids must match `[a-zA-Z0-9]{9}` (Mistral). */
  readonly toolCallIds?: 'mistral';
  readonly toolChoiceRequired?: 'any';
  /** Knows custom tools, `allowed_tools` and the old `functions` (OpenAI, Azure). Others get them as plain function tools. */
  readonly openAiTools?: boolean;
  /** A user message directly after a tool message is refused (Mistral, code 3230). */
  readonly noUserAfterTool?: boolean;
  /** `json_object` needs the word "json" in the messages. */
  readonly jsonWordRequired?: boolean;
  readonly jsonSchema?: 'native' | 'json_object' | 'none';
  /** Images must be inline base64. */
  readonly inlineImages?: boolean;
  readonly toolImages?: boolean;
  /** Which member carries an assistant turn's reasoning back to this vendor. Default: none, it is stripped. */
  readonly reasoningHistory?: 'reasoning_content' | 'reasoning' | 'reasoning_details';
  /** `cache_control` marks are understood (OpenRouter, DashScope). Default for openai: stripped. */
  readonly cacheControl?: boolean;
  /** An assistant turn without text must carry `""` (Mistral). */
  readonly emptyContent?: 'string';
  /** Text parts in a list are refused: joined into one string. */
  readonly flatText?: boolean;
  /** `tool_choice` `required` or a named tool: refused and sent as `auto` (Moonshot), or possible only with thinking off (DeepSeek V4). */
  readonly forcedToolChoice?: 'auto' | 'without_thinking';
  /** Upstream models (a regular expression) that refuse function tools unless `reasoning_effort` is `none` (OpenAI gpt-5.4 and later). */
  readonly toolsNeedNoEffort?: string;
  /** Upstream models (a regular expression) that think only in a stream: a sync request turns thinking off (Qwen's open models). */
  readonly thinkingNeedsStream?: string;
  /** Members of a message beyond role, content, name and tool calls are refused. Default: where unknown members do not pass. */
  readonly strictMessages?: boolean;
  /** Knows neither `system` nor `developer` (o1-mini): such turns become the user's. */
  readonly noSystemRole?: boolean;
  /** A fee per request stands beside the price of tokens (Perplexity). */
  readonly requestFee?: boolean;
  /** Further switches of one protocol; documented beside their reader. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface Capabilities {
  readonly tools: boolean;
  readonly parallelTools: boolean;
  readonly imageInput: boolean;
  readonly audioInput: boolean;
  readonly fileInput: boolean;
  readonly jsonObject: boolean;
  readonly jsonSchema: boolean;
  readonly reasoning: boolean;
  readonly logprobs: boolean;
  readonly multipleChoices: boolean;
  readonly temperature: boolean;
  readonly promptCache: boolean;
}

export interface ModelRow {
  /** The public id: `gpt-5.5`, `claude-opus-4-7`, or with a slash. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Who made it: `anthropic`, `meta`, ... */
  readonly ownedBy: string;
  /** Unix seconds. */
  readonly created: number;
  readonly aliases: readonly string[];
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly inputModalities: readonly string[];
  readonly outputModalities: readonly string[];
  readonly tokenizer: string;
  /** Calibrated UTF-8 bytes per token of English prose for `estimate-tokens` (hundredths, so 412 is 4.12). */
  readonly bytesPerTokenHundredths: number;
  readonly capabilities: Capabilities;
  readonly supportedParameters: readonly string[];
  readonly tier: QualityTier;
  /** Excluded from `auto` and marked in `/v1/models`. */
  readonly deprecated: boolean;
  readonly enabled: boolean;
  /** What customers pay, whichever vendor serves: one model, one price. */
  readonly price: PriceRow;
}

/** Decimal strings of pico-USD per token. */
export type RatesRow = { readonly [bucket in keyof TokenBuckets]: string };

export interface PriceRow {
  readonly revision: number;
  readonly rates: RatesRow;
  readonly tiers: readonly { readonly aboveInputTokens: number; readonly rates: RatesRow }[];
}

/** One way to reach a model: a vendor's own id for it, and what it costs us there. */
export interface EndpointRow {
  readonly id: string;
  readonly modelId: string;
  readonly vendorId: string;
  readonly upstreamModel: string;
  readonly enabled: boolean;
  readonly regions: readonly string[] | null;
  /** The operator's cost: orders the endpoints of a model and gives the margin. Never charged. */
  readonly cost: RatesRow;
  /** Overrides of the model's facts at this vendor. */
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly capabilities?: Partial<Capabilities>;
  readonly quirks?: VendorQuirks;
}

export type GroupKind = 'code' | 'write' | 'reason' | 'analyze' | 'general';

export interface GroupRow {
  /** `ama/smart-code`, ... */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly kind: GroupKind;
  readonly enabled: boolean;
  /** Model ids in failover order. */
  readonly tiers: Readonly<Record<QualityTier, readonly string[]>>;
  /** Complexity scores (0 to 1) from which `standard` and `frontier` begin. */
  readonly thresholds: { readonly standard: number; readonly frontier: number };
  /** Second candidate after the p95 of the first token; off unless the operator turns it on. */
  readonly hedge: boolean;
}

export interface RegionRow {
  /** `us`, `sg`, ... */
  readonly id: string;
  readonly name: string;
  readonly city: string;
  /** Where this region answers: `https://sg.api.example.com`. */
  readonly url: string;
  /** ISO 3166 countries nearest to it; longitude and latitude decide for the others. */
  readonly countries: readonly string[];
  readonly latitude: number;
  readonly longitude: number;
  /** X25519 public key (base64url, raw) that credentials are sealed to. */
  readonly sealingKey: string;
}

export interface GatewaySettings {
  /** `api.example.com`: hosts `<region>.<primaryHost>` pin a region. */
  readonly primaryHost: string;
  readonly topUpUrl: string;
  /** A node that heard from nobody for so long stops trusting its keys. */
  readonly maxRevocationStalenessMs: number;
  readonly defaultRequestsPerMinute: number;
  readonly defaultTokensPerMinute: number;
  /** `auto` never goes below this tier. */
  readonly autoFloor: QualityTier;
  readonly probeIdleEndpoints: boolean;
  /** Ids of nodes that an operator wants without traffic: they say that they are not ready. Absent is none. */
  readonly drainedNodes?: readonly string[];
}

export interface DocumentReference {
  readonly sha256: string;
  readonly bytes: number;
}

/** Signed as the UTF-8 of its JSON without `signature`, members in the order of `signedManifestText`. */
export interface Manifest {
  readonly format: 1;
  readonly revision: number;
  readonly previous: number;
  readonly publishedAt: string;
  readonly catalog: DocumentReference;
  readonly accessBase: DocumentReference & { readonly revision: number };
  /** Changes with base.revision < revision <= this manifest's, chained: see `nextChangeDigest`. */
  readonly accessChanges: { readonly count: number; readonly digest: string };
  /** base64url Ed25519. */
  readonly signature: string;
}

export function signedManifestText(manifest: Omit<Manifest, 'signature'>): string {
  const { format, revision, previous, publishedAt, catalog, accessBase, accessChanges } = manifest;
  return JSON.stringify([
    format,
    revision,
    previous,
    publishedAt,
    [catalog.sha256, catalog.bytes],
    [accessBase.sha256, accessBase.bytes, accessBase.revision],
    [accessChanges.count, accessChanges.digest],
  ]);
}

/** The catalogue is kept and hashed in exactly these bytes. */
export interface Announcement {
  readonly revision: number;
  readonly previous: number;
}
