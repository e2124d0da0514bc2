/**
 * The request for an OpenAI-speaking vendor. Members that must differ are collected first; then they are patched into the client's own
 * bytes where that is exact (`patch-body.ts`), else the body is stringified once. Numbers are those of conformance 7.
 */
import type { ChatMessage, FunctionTool, ReasoningEffort } from '../../../../shared/chat.js';
import type { VendorQuirks } from '../../../../shared/snapshot.js';
import { asArray, asRecord, type JsonRecord } from '../json.js';
import type { AttemptTarget, EncodedRequest } from '../protocol-adapter.js';
import { encodeMessages, withoutToolMarks } from './encode-messages.js';
import { encodePlainBody } from './encode-plain.js';
import { encodeReasoning, stopThinking } from './encode-reasoning.js';
import { encodeResponseFormat } from './encode-response-format.js';
import { type MemberEdit, patchBody } from './patch-body.js';
import { simplifyTools } from './simplify-tools.js';

/** This gateway's own: no vendor sees them, and obeying them is not dropping them. `usage` is OpenRouter's way to ask for what always comes. */
const GATEWAY_MEMBERS = ['models', 'provider', 'max_cost', 'session_id', 'tier', 'cache_control', 'usage'] as const;
/** OpenRouter's, with a meaning only there. */
const OPENROUTER_MEMBERS = ['transforms', 'route', 'plugins', 'preset'];
/** Members that OpenAI's request has (OpenAPI 2.3.0) or that most vendors share: they pass unless a vendor's `drop` names them. */
const KNOWN_MEMBERS = new Set(
  (
    'model messages stream stream_options max_tokens max_completion_tokens temperature top_p top_k n stop seed presence_penalty ' +
    'frequency_penalty logit_bias logprobs top_logprobs tools tool_choice parallel_tool_calls response_format reasoning_effort verbosity ' +
    'modalities audio user metadata service_tier store prompt_cache_key prompt_cache_retention safety_identifier prediction ' +
    'web_search_options functions function_call'
  ).split(' '),
);
/** Asking for what happens anyway is not worth a word in `x-modelapi-dropped`. */
const DEFAULTS: JsonRecord = {
  n: 1,
  logprobs: false,
  store: false,
  parallel_tool_calls: true,
  presence_penalty: 0,
  frequency_penalty: 0,
  temperature: 1,
  top_p: 1,
  service_tier: 'auto',
};
/** Members that models without sampling refuse (gpt-5, o-series: `capabilities.temperature` is false). */
const SAMPLING_MEMBERS = ['temperature', 'top_p', 'top_k'];

const NONE: readonly string[] = [];

export function encodeRequest(target: AttemptTarget): EncodedRequest {
  const plain = encodePlainBody(target);
  if (plain === undefined) return encodeAnyRequest(target);
  return { url: requestUrl(target), headers: requestHeaders(target), body: plain, dropped: NONE };
}

/** The general way, for every request. */
export function encodeAnyRequest(target: AttemptTarget): EncodedRequest {
  const { quirks } = target;
  const draft = new BodyDraft(target.body as unknown as JsonRecord);
  for (const member of GATEWAY_MEMBERS) if (member !== 'cache_control' || quirks.cacheControl !== true) draft.set(member, undefined);
  draft.set('model', target.upstreamModel);
  encodeStreamOptions(draft, target);
  encodeLimits(draft, target);
  encodeReasoning(draft, target);
  if (quirks.openAiTools !== true) simplifyTools(draft);
  encodeTools(draft, target);
  encodeResponseFormat(draft, quirks);
  draft.set('messages', encodeMessages(draft.get('messages') as readonly ChatMessage[], quirks, target.model.ownedBy));
  dropUnknown(draft, quirks);
  for (const [from, to] of Object.entries(quirks.rename ?? {})) rename(draft, from, to);
  for (const [member, value] of Object.entries(quirks.defaults ?? {})) if (draft.get(member) === undefined) draft.set(member, value);
  return { url: requestUrl(target), headers: requestHeaders(target), body: draft.encode(target.raw), dropped: draft.dropped };
}

/** 41: usage is always asked for; `stream_options` without `stream` is refused by OpenAI. */
function encodeStreamOptions(draft: BodyDraft, target: AttemptTarget): void {
  if ((draft.get('stream') === true) !== target.stream) draft.set('stream', target.stream ? true : undefined);
  const options = asRecord(draft.get('stream_options'));
  if (!target.stream || target.quirks.noStreamOptions === true) draft.set('stream_options', undefined);
  else if (options?.['include_usage'] !== true) draft.set('stream_options', { ...options, include_usage: true });
}

/** 13, 16: the name of the token limit (`max_completion_tokens` wins when both are there), its bound, and the range of temperature. */
function encodeLimits(draft: BodyDraft, target: AttemptTarget): void {
  const { quirks } = target;
  const asked = draft.get('max_completion_tokens') ?? draft.get('max_tokens');
  const field = quirks.maxTokensField ?? (draft.get('max_completion_tokens') != null ? 'max_completion_tokens' : 'max_tokens');
  const other = field === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
  draft.set(other, undefined);
  draft.set(field, outputLimit(asked, target));
  if (!target.model.capabilities.temperature) for (const member of SAMPLING_MEMBERS) draft.drop(member);
  const temperature = draft.get('temperature');
  if (typeof temperature === 'number' && quirks.maxTemperature !== undefined && temperature > quirks.maxTemperature) {
    draft.set('temperature', quirks.maxTemperature);
  }
}

/** The vendor counts it per choice. Unasked it is sent only where less than the model's own limit may be spent. */
function outputLimit(asked: unknown, target: AttemptTarget): number | undefined {
  const scarce = target.outputLimit < target.model.maxOutputTokens;
  const limit = scarce ? Math.max(1, Math.floor(target.outputLimit / Math.max(1, target.body.n ?? 1))) : target.outputLimit;
  if (typeof asked === 'number') return Math.min(asked, limit);
  return scarce ? limit : undefined;
}

/** 14, 23: tool_choice in the vendor's words; marks of prompt caching stay with us. */
function encodeTools(draft: BodyDraft, target: AttemptTarget): void {
  const { quirks } = target;
  const tools = asArray(draft.get('tools')) as readonly FunctionTool[];
  if (tools.length > 0 && quirks.cacheControl !== true) draft.set('tools', withoutToolMarks(tools));
  if (tools.length > 0 && refusesEffortWithTools(target) && draft.get('reasoning_effort') !== 'none') {
    if (draft.get('reasoning_effort') !== undefined) draft.name('reasoning_effort');
    draft.set('reasoning_effort', 'none' satisfies ReasoningEffort);
  }
  const choice = draft.get('tool_choice');
  const forced =
    choice === 'required' || (asRecord(choice) !== undefined && asRecord(asRecord(choice)?.['allowed_tools'])?.['mode'] !== 'auto');
  if (forced && quirks.forcedToolChoice === 'auto') {
    draft.set('tool_choice', 'auto');
    draft.name('tool_choice');
  } else if (forced && quirks.forcedToolChoice === 'without_thinking') stopThinking(draft);
  else if (choice === 'required' && quirks.toolChoiceRequired !== undefined) draft.set('tool_choice', quirks.toolChoiceRequired);
}

/** Needs `none` among the model's efforts; where it is not, the vendor's refusal is all that is left. */
function refusesEffortWithTools({ quirks, upstreamModel }: AttemptTarget): boolean {
  if (quirks.toolsNeedNoEffort === undefined || quirks.efforts?.includes('none') === false) return false;
  return new RegExp(quirks.toolsNeedNoEffort).test(upstreamModel);
}

/** 21: what the vendor does not know, and what it knows not to do. */
function dropUnknown(draft: BodyDraft, quirks: VendorQuirks): void {
  for (const member of quirks.drop ?? []) draft.drop(member);
  for (const member of draft.members()) {
    if (OPENROUTER_MEMBERS.includes(member) && quirks.reasoning !== 'reasoning_object') draft.drop(member);
    else if (quirks.passUnknown !== true && !draft.isSet(member) && !KNOWN_MEMBERS.has(member)) draft.drop(member);
  }
}

function rename(draft: BodyDraft, from: string, to: string): void {
  const value = draft.get(from);
  if (value === undefined) return;
  draft.set(from, undefined);
  draft.set(to, value);
}

function requestUrl({ quirks, baseUrl, upstreamModel }: AttemptTarget): string {
  const path = quirks.path?.replaceAll('{model}', encodeURIComponent(upstreamModel)) ?? '/chat/completions';
  const query = quirks.query === undefined ? '' : `?${new URLSearchParams(quirks.query).toString()}`;
  return (baseUrl.endsWith('/') ? baseUrl.replace(/\/+$/, '') : baseUrl) + path + query;
}

function requestHeaders(target: AttemptTarget): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: target.stream ? 'text/event-stream' : 'application/json',
    ...target.quirks.headers,
  };
  const auth = target.quirks.auth ?? 'bearer';
  if (target.secret !== '')
    headers[auth === 'bearer' ? 'authorization' : auth] = auth === 'bearer' ? `Bearer ${target.secret}` : target.secret;
  return headers;
}

/** The members that will differ from the client's body. Undefined as a value removes. */
export class BodyDraft {
  readonly #body: JsonRecord;
  readonly #changes = new Map<string, unknown>();
  readonly #dropped = new Set<string>();

  constructor(body: JsonRecord) {
    this.#body = body;
  }

  get dropped(): readonly string[] {
    return this.#dropped.size === 0 ? NONE : [...this.#dropped];
  }

  get(member: string): unknown {
    return this.#changes.has(member) ? this.#changes.get(member) : this.#body[member];
  }

  set(member: string, value: unknown): void {
    if (value === this.get(member)) return;
    if (value === this.#body[member]) this.#changes.delete(member);
    else this.#changes.set(member, value);
  }

  isSet(member: string): boolean {
    return this.#changes.has(member);
  }

  /** Names a member that could not be said as asked. */
  name(member: string): void {
    this.#dropped.add(member);
  }

  /** Removes a member that the client sent, and names it unless it asked for what happens anyway. */
  drop(member: string): void {
    const value = this.get(member);
    if (value === undefined) return;
    this.set(member, undefined);
    if (value !== null && DEFAULTS[member] !== value) this.name(member);
  }

  /** Of the client's body, those that are still there. */
  members(): string[] {
    return Object.keys(this.#body).filter((member) => this.get(member) !== undefined);
  }

  encode(raw: Buffer): Buffer | string {
    if (this.#changes.size === 0) return raw;
    const edits: MemberEdit[] = [];
    for (const [key, value] of this.#changes) {
      edits.push({ key, text: value === undefined ? null : JSON.stringify(value), value: this.#body[key] });
    }
    return patchBody(raw, edits) ?? JSON.stringify({ ...this.#body, ...Object.fromEntries(this.#changes) });
  }
}
