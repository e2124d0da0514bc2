/**
 * One adapter per wire protocol, not per vendor: what differs between vendors of a protocol is `VendorQuirks`, data.
 * Adapters are pure and stateless and import no package; the only mutable state is a stream's decoder. They are called again for each
 * attempt. Nothing here does I/O, reads a clock or draws a random number: ids come from the request.
 */
import type { ChatRequest } from '../../../shared/chat.js';
import type { VendorQuirks } from '../../../shared/snapshot.js';
import type { Frame, Model } from '../../types.js';

/** What an adapter may know of one attempt. */
export interface AttemptTarget {
  readonly requestId: string;
  readonly body: ChatRequest;
  /** The client's own bytes; an OpenAI-speaking vendor gets them with `model` patched. */
  readonly raw: Buffer;
  readonly stream: boolean;
  /** The client asked for the usage chunk. Usage is always asked of the vendor. */
  readonly includeUsage: boolean;
  /** The client's SDK refuses `usage: null` in the chunks before. Default: false. */
  readonly omitNullUsage?: boolean;
  readonly vendorId: string;
  readonly model: Model;
  readonly upstreamModel: string;
  readonly baseUrl: string;
  /** The endpoint's quirks over the vendor's. */
  readonly quirks: VendorQuirks;
  /** In the clear. */
  readonly secret: string;
  /** At most this many output tokens (model limit, endpoint limit, what the hold affords). */
  readonly outputLimit: number;
  /** Unix seconds: `created` of the answer. */
  readonly createdAt: number;
}

export interface EncodedRequest {
  /** Absolute. */
  readonly url: string;
  /** Built from scratch: nothing of the client's headers. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** Members that could not be said to this vendor. */
  readonly dropped: readonly string[];
}

/** One event of the SSE stream, `data` lines joined by a newline. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

export interface StreamDecoder {
  /** All events of one socket read. Undefined when they held nothing for the client. Throws UpstreamFailure on an error event. */
  push(events: readonly SseEvent[]): Frame | undefined;
  /** An error among the events of the last `push`, after events that were good: to be thrown once that frame was handed on. */
  readonly failure?: UpstreamFailure | undefined;
  /** The vendor said that it is finished: nothing more need be read, even if the socket stays open. */
  readonly done?: boolean;
  /** Indexes of choices that began and have no finish_reason yet. Default: all that were asked for. */
  readonly openChoices?: readonly number[];
  /** At the end of the body: what is left to say (finish, usage, [DONE]). Throws UpstreamFailure (`cut`) when it never finished. */
  end(): Frame | undefined;
}

export interface ProtocolAdapter {
  encodeRequest(target: AttemptTarget): EncodedRequest;
  /** A 2xx sync body. Throws UpstreamFailure for garbage or an error inside a 200. */
  decodeResponse(body: Buffer, target: AttemptTarget): Frame;
  /** Any other status. Never throws. */
  decodeError(response: ErrorResponse, target: AttemptTarget): UpstreamFailure;
  openStream(target: AttemptTarget): StreamDecoder;
}

export interface ErrorResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export type FailureKind =
  | 'rate_limited'
  | 'overloaded'
  | 'server_error'
  | 'timeout'
  | 'connection'
  | 'auth'
  | 'billing'
  | 'not_found'
  | 'invalid_request'
  | 'context_length'
  | 'request_too_large'
  | 'content_filter'
  | 'malformed'
  | 'cut'
  | 'aborted';

/** Why an attempt failed. Only `upstream/execute.ts` decides what to do about it, by these members and never by the message. */
export class UpstreamFailure extends Error {
  /** The same vendor may succeed if asked again. */
  readonly retryable: boolean;
  /** Another candidate may succeed. */
  readonly failover: boolean;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  /** For the customer: never vendor text raw. */
  readonly publicMessage: string | undefined;
  readonly param: string | undefined;
  /** The vendor's own code, for the record and the operator. */
  readonly vendorCode: string | undefined;

  constructor(
    readonly kind: FailureKind,
    /** The vendor's words: for logs and the operator. */
    message: string,
    options: {
      retryable: boolean;
      failover: boolean;
      retryAfterMs?: number;
      status?: number;
      publicMessage?: string;
      param?: string;
      vendorCode?: string;
      cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UpstreamFailure';
    this.retryable = options.retryable;
    this.failover = options.failover;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.publicMessage = options.publicMessage;
    this.param = options.param;
    this.vendorCode = options.vendorCode;
  }
}
