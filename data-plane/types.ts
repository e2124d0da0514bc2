/**
 * The nouns that cross stages. A stage imports this file and `shared/`, never another stage: what one needs from another is an argument.
 */
import type { Readable } from 'node:stream';
import type { AccessEntry, AccountPolicy, ByokRow, KeyPolicy } from '../shared/access-document.js';
import type { ChatRequest, ChatUsage, QualityTier } from '../shared/chat.js';
import type { Multiplier, NanoUsd, PriceSheet, Rates, TokenBuckets } from '../shared/money.js';
import type { EndpointRow, GatewaySettings, GroupRow, ModelRow, RegionRow, VendorRow } from '../shared/snapshot.js';
import type { AttemptRecord, ExclusionRecord, SettlementReason } from '../shared/usage-event.js';

// ---- configuration -------------------------------------------------------------------------------------------------------------

export interface Model extends Omit<ModelRow, 'price'> {
  readonly price: PriceSheet;
}

export interface Endpoint extends Omit<EndpointRow, 'cost'> {
  readonly cost: Rates;
  readonly vendor: VendorRow;
}

/** One immutable, indexed revision. A request reads the same one from beginning to end. */
export interface Snapshot {
  readonly revision: number;
  readonly settings: GatewaySettings;
  readonly regions: ReadonlyMap<string, RegionRow>;
  readonly models: readonly Model[];
  /** By id and by alias. */
  readonly modelsByName: ReadonlyMap<string, Model>;
  readonly groups: ReadonlyMap<string, GroupRow>;
  readonly vendors: ReadonlyMap<string, VendorRow>;
  /** Enabled endpoints of enabled vendors that this node's region may use. */
  readonly endpointsByModel: ReadonlyMap<string, readonly Endpoint[]>;
  /** Endpoints that exist but not here, for the reason in an explanation. */
  readonly endpointsElsewhere: ReadonlyMap<string, readonly Endpoint[]>;
  readonly access: { find(hash: Buffer): AccessEntry | undefined };
  /** Vendor credentials that this node could open, by vendor id. Opened once, when the revision was applied. */
  readonly credentials: ReadonlyMap<string, readonly Credential[]>;
  /** Opens a customer's credential (cached); undefined when it is not sealed for this region or was altered. */
  openByok(row: ByokRow, accountId: string): Credential | undefined;
}

/** In the clear: only ever in a node's memory. */
export interface Credential {
  readonly id: string;
  readonly secret: string;
  readonly weight: number;
  readonly owner: 'house' | 'byok';
  readonly baseUrl?: string;
  /** Of the house's: how often an operator ended its rest. */
  readonly wakes?: number;
}

// ---- a request -----------------------------------------------------------------------------------------------------------------

export interface CompletionRequest {
  /** UUID v7: sorts by time; also `x-request-id` and the generation id. */
  readonly id: string;
  /** The body as it came: an OpenAI-speaking vendor gets these bytes with `model` patched. */
  readonly raw: Buffer;
  readonly body: ChatRequest;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The client's SDK refuses `usage: null` in the chunks before. Default: false. */
  readonly omitNullUsage?: boolean;
  readonly receivedAtMs: number;
  /** Milliseconds from `receivedAtMs`; from `x-request-timeout` or the default. */
  readonly deadlineMs: number;
  /** W3C `traceparent` of the client, passed on. */
  readonly traceparent?: string;
}

export interface Principal {
  readonly keyId: string;
  readonly accountId: string;
  readonly test: boolean;
  readonly keyPolicy: KeyPolicy;
  readonly accountPolicy: AccountPolicy;
  /** Half for a batch worker's signed ticket. */
  readonly multiplier: Multiplier;
  readonly batchItemId: string | null;
}

export interface Candidate {
  readonly model: Model;
  readonly endpoint: Endpoint;
  readonly credential: Credential;
  readonly byok: boolean;
  /** What this request is expected to cost here (nano-USD), and at most. */
  readonly expectedCost: NanoUsd;
  readonly ceiling: NanoUsd;
  /** Members of the request that this endpoint cannot do. */
  readonly dropped: readonly string[];
  /** All of the house's credentials at this vendor, when there are several: for when the one drawn is refused. */
  readonly siblings?: readonly Credential[];
}

export interface RoutePlan {
  readonly modelAsked: string;
  /** Best first; never empty. */
  readonly candidates: readonly Candidate[];
  readonly excluded: readonly ExclusionRecord[];
  /** Tokens, estimated from bytes: `input` is expected, `inputUpper` a bound. */
  readonly estimate: { readonly input: number; readonly inputUpper: number; readonly outputExpected: number; readonly outputUpper: number };
  /** The largest ceiling among the candidates: what the hold must cover. */
  readonly ceiling: NanoUsd;
  /** For `x-modelapi-route`: `auto: cheapest of 41, $0.000012`. */
  readonly reason: string;
  readonly tier: QualityTier | null;
  readonly complexity: number | null;
  readonly hedge: boolean;
  readonly sessionId: string | null;
  /** Names the conversation in the affinity table (`routing/affinity.ts`). */
  readonly affinityKey?: string;
  readonly revision: number;
}

/** A reading of health at planning time; pure stages take it as an argument. Lookups allocate nothing. */
export interface HealthView {
  /** 0 (never works) to 1. */
  successRate(endpointId: string): number;
  /** Smoothed; `undefined` when nothing was measured. */
  firstTokenMs(endpointId: string): number | undefined;
  tokensPerSecond(endpointId: string): number | undefined;
  /** An open circuit takes no request (a half-open one takes its probe). */
  isOpen(endpointId: string): boolean;
  /** 0 to 1: lowered at once by a 429, recovers. */
  share(endpointId: string): number;
  /** A credential of the house that its vendor refused lately. */
  isResting(credential: Credential): boolean;
}

/** A circuit opened at one node of a region: told to the others, which believe it briefly. */
export interface CircuitHint {
  readonly endpointId: string;
  readonly openForMs: number;
}

// ---- money ---------------------------------------------------------------------------------------------------------------------

/** One key's window of a minute. `resetMs`: until the window is whole again. */
export interface RateLimitReading {
  readonly requests: { readonly limit: number; readonly remaining: number; readonly resetMs: number };
  readonly tokens: { readonly limit: number; readonly remaining: number; readonly resetMs: number };
}

/** What an admitted request may spend. Owned by `admission/wallet-lease`; others hold it and hand it back. */
export interface Hold {
  readonly requestId: string;
  readonly accountId: string;
  readonly keyId: string;
  /** Null for a test key. */
  readonly leaseId: string | null;
  /** The key's limits after this request was counted: for the answer's headers. */
  readonly limits: RateLimitReading;
  /** Nano-USD set aside so far. */
  amount: NanoUsd;
  /** The wallet has no more than `amount`: the control plane said so when `extend` asked. */
  readonly refused: boolean;
  /** What `amount` pays for when it had to be less than the request may cost; null when it covers the plan or is extended while streaming. */
  readonly outputTokens: number | null;
  /** Sets aside more, in memory; false when the lease has no more (it is then asked for in the background). */
  extend(more: NanoUsd): boolean;
  /** Gives the unused rest back to the lease and records the charge. Called once, by the meter's close. Returns what may be charged. */
  settle(actual: NanoUsd, tokens: number): NanoUsd;
  /** As if it had never been: no START was written for it. */
  cancel(): void;
}

/** Vendor usage, normalised by the adapter. */
export interface UsageReport {
  readonly buckets: TokenBuckets;
  readonly reasoningTokens: number;
  /** The vendor's parts and its total disagree, or a count had to be clamped. */
  readonly mismatch: boolean;
}

/** What a decoder hands on: bytes that can go to the client, and what the meter must know. Covers one or many events. */
export interface Frame {
  /** Whole SSE events (`data: ...\n\n`) or, for a sync answer, empty with `render` set. */
  readonly data: Buffer;
  /** Bytes of text, reasoning and tool arguments (UTF-8) delivered in this frame. */
  readonly deliveredBytes: number;
  readonly usage?: UsageReport;
  /** Bytes that need the priced usage; sent after `data`. For a sync answer: the whole body. */
  readonly render?: (usage: ChatUsage) => Buffer;
  readonly finishReason?: string;
  /** The vendor's own id and finish reason, for the record. */
  readonly native?: { readonly id?: string; readonly finishReason?: string };
}

/** Counts one request. Owned by `metering/meter`. */
export interface Meter {
  /** The attempt that reached its commit point. */
  commit(candidate: Candidate): void;
  attempt(record: AttemptRecord): void;
  /** The bytes to send for this frame. */
  observe(frame: Frame): Buffer;
  /** The money is used up: take no more frames, send what `UpstreamAnswer.truncate` gives. */
  readonly fundsEnded: boolean;
  /** Ask no vendor for more output tokens than this (`AttemptTarget.outputLimit`); Infinity when only the plan's limits count. */
  readonly outputLimit: number;
  fail(error: unknown): void;
  /** What the request would be charged if it ended now: nano-USD, for `x-modelapi-cost`. */
  cost(): NanoUsd;
  /** The client left. */
  abandon(): void;
  close(): Settlement;
}

export interface Settlement {
  readonly requestId: string;
  readonly buckets: TokenBuckets;
  readonly reasoningTokens: number;
  readonly actual: NanoUsd;
  readonly charge: NanoUsd;
  readonly reason: SettlementReason;
}

// ---- the answer ----------------------------------------------------------------------------------------------------------------

/** Where frames go. `data-plane/http` implements it over the socket. */
export interface ClientConnection {
  /** Aborts when the client has left, or with a GatewayError as its reason when the deadline passed or the node goes down. */
  readonly signal: AbortSignal;
  /** Once, at the commit point: status and headers. A sync answer's headers wait for its body. */
  begin(served: ServedBy, limits: RateLimitReading): void;
  /** Resolves when the socket takes more: backpressure reaches the upstream. */
  send(data: Buffer): void | Promise<void>;
  /** `cost` in nano-USD: known only now. */
  end(cost: NanoUsd): void;
}

export interface ServedBy {
  readonly candidate: Candidate;
  readonly plan: RoutePlan;
  readonly attempts: number;
  readonly stream: boolean;
  readonly dropped: readonly string[];
}

/** Resolves at the commit point: the first good frame is in hand. Iterating throws UpstreamFailure when the vendor breaks off. */
export interface UpstreamAnswer {
  readonly served: ServedBy;
  readonly frames: AsyncIterable<Frame>;
  /** Ends a stream whose funds ended, after the loop over `frames` was left: `finish_reason: "length"` for each open choice, usage if asked for, [DONE]. */
  truncate(): Frame;
}

// ---- traces ------------------------------------------------------------------------------------------------------------------

/** Spans of requests, where a collector is configured. */
export interface RequestTracing {
  /** Returns the `traceparent` that the vendor is given. */
  begin(requestId: string, traceparent: string | undefined): string;
  /** Answered with this status without having been admitted; says nothing for a request that ended already. */
  ended(requestId: string, status: number): void;
}

// ---- our own control plane ---------------------------------------------------------------------------------------------------

/** `GET` without a body, `POST` (JSON) with one. */
export interface ControlPlaneRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

export interface ControlPlaneAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** `GET` without content, `POST` (bytes) with it. */
export interface ControlPlaneTransfer {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Readable;
}

/** Throws GatewayError `service_unavailable` when it cannot be reached; any status that it answers is returned. */
export interface ControlPlane {
  call(request: ControlPlaneRequest): Promise<ControlPlaneAnswer>;
}

export interface ControlPlaneTransfers {
  /** For what is too large to hold: both ways in pieces, over connections of their own. The caller reads or destroys `body`. */
  transfer(request: ControlPlaneTransfer): Promise<{ readonly status: number; readonly body: Readable }>;
}
