/**
 * Which members of a request a protocol could not say. An encoder reads members through `RequestParameters`, and every member that
 * the client set, that means something, and that nobody read is named in `x-modelapi-dropped`: silence is impossible by construction.
 */
import type { ChatRequest } from '../../../shared/chat.js';
import type { VendorQuirks } from '../../../shared/snapshot.js';

/** Read by the gateway itself, or meaningless to any vendor but OpenAI and without effect on the answer. */
const GATEWAY_MEMBERS: ReadonlySet<string> = new Set([
  'model',
  'models',
  'messages',
  'stream',
  'stream_options',
  'provider',
  'max_cost',
  'session_id',
  'tier',
  'transforms',
  'route',
  'usage',
  'plugins',
]);

/** Values that ask for what happens anyway. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  store: (value) => value === false,
  parallel_tool_calls: (value) => value === true,
  tools: (value) => Array.isArray(value) && value.length === 0,
  stop: (value) => Array.isArray(value) && value.length === 0,
  logit_bias: (value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  metadata: (value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  modalities: (value) => Array.isArray(value) && value.every((modality) => modality === 'text'),
  response_format: (value) => typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'text',
  service_tier: (value) => value === 'auto' || value === 'default',
  temperature: (value) => value === 1,
  top_p: (value) => value === 1,
  verbosity: (value) => value === 'medium',
  tool_choice: (value) => value === 'auto',
};

export class RequestParameters {
  readonly #body: ChatRequest;
  readonly #refused: ReadonlySet<string>;
  readonly #said = new Set<string>();
  readonly #dropped = new Set<string>();

  constructor(body: ChatRequest, quirks: VendorQuirks) {
    this.#body = body;
    this.#refused = new Set(quirks.drop);
  }

  refuses(name: keyof ChatRequest): boolean {
    return this.#refused.has(name);
  }

  /** The member's value, now counted as said; undefined when it is absent, null, or refused by the vendor. */
  take<Name extends keyof ChatRequest>(name: Name): Exclude<ChatRequest[Name], null | undefined> | undefined {
    if (this.#refused.has(name)) return undefined;
    this.#said.add(name);
    return (this.#body[name] ?? undefined) as Exclude<ChatRequest[Name], null | undefined> | undefined;
  }

  /** A member of the vendor's own that OpenAI's request has no word for (`cache_control`, `safety_settings`). */
  takeForeign(name: string): unknown {
    this.#said.add(name);
    return (this.#body as unknown as Readonly<Record<string, unknown>>)[name] ?? undefined;
  }

  /** Was read, but cannot be said here after all. */
  drop(name: string): void {
    this.#dropped.add(name);
  }

  dropped(): readonly string[] {
    const names = new Set(this.#dropped);
    for (const [name, value] of Object.entries(this.#body)) {
      if (value === null || value === undefined || GATEWAY_MEMBERS.has(name) || this.#said.has(name)) continue;
      if (NEUTRAL[name]?.(value) !== true) names.add(name);
    }
    return [...names].sort();
  }
}
