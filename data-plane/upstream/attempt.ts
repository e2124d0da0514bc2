/**
 * One try at one candidate: encode, send, wait for the first good frame. Resolves at that commit point with the frames that follow;
 * before it, whatever goes wrong is one UpstreamFailure and nothing has reached the client. After it the frames throw.
 * Timed here: the answer's beginning (`beginMs`) and silence within it (`idleMs`); connecting is timed by the pool.
 * Called by `execute.ts` alone, again for each try.
 */
import { connectionFailure, type UpstreamClient } from './dispatch.js';
import { type AnswerFrames, failureOf, SingleFrame, StreamFrames } from './frames.js';
import { type AttemptTarget, type ProtocolAdapter, type StreamDecoder, UpstreamFailure } from './protocols/protocol-adapter.js';
import { readWhole } from './read-whole.js';
import type { ResponseHead, ResponseReader } from './response-reader.js';
import { SseParser } from './sse-parser.js';

/** Some vendors' firewalls refuse requests that do not say who asks. */
const USER_AGENT = 'modelapi';
/** Errors are short; a CDN's page is not worth more. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Node keeps one list for all timers of the same length: beyond `COARSE_FROM_MS` lengths are rounded up, so that requests share them. */
const COARSE_FROM_MS = 4_000;
const COARSE_MS = 250;
/** Inline images and audio come base64 in one body. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface AttemptPlan {
  readonly adapter: ProtocolAdapter;
  /** Called once, within the time for the beginning. */
  readonly prepare: () => AttemptTarget | Promise<AttemptTarget>;
  readonly userSupplied: boolean;
  readonly connectMs: number;
  readonly beginMs: number;
  readonly idleMs: number;
  readonly now: () => number;
  readonly traceparent?: string;
}

/** Told exactly once how a committed attempt ended (undefined when well), and how many output tokens came. */
export type AttemptEnd = (failure: UpstreamFailure | undefined, outputTokens: number) => void;

export interface Committed {
  readonly frames: AnswerFrames;
  readonly dropped: readonly string[];
  readonly status: number;
}

export class Attempt {
  #reader: ResponseReader | undefined;
  #aborted: UpstreamFailure | undefined;

  constructor(
    private readonly client: UpstreamClient,
    private readonly plan: AttemptPlan,
  ) {}

  /** Cancels the vendor's call at once; what waits for it sees `reason`. */
  abort(reason: UpstreamFailure): void {
    this.#aborted = reason;
    this.#reader?.abort(reason);
  }

  /** Rejects with UpstreamFailure only. */
  async run(onEnd: AttemptEnd): Promise<Committed> {
    const { beginMs } = this.plan;
    const timer = setTimeout(() => this.abort(timedOut(`no answer began within ${Math.round(beginMs)} ms`)), coarse(beginMs));
    try {
      if (this.#aborted !== undefined) throw this.#aborted;
      return await this.#commit(onEnd);
    } catch (error) {
      const failure = this.#aborted ?? failureOf(error);
      this.#reader?.abort(failure);
      throw failure;
    } finally {
      clearTimeout(timer);
    }
  }

  async #commit(onEnd: AttemptEnd): Promise<Committed> {
    const { adapter, userSupplied, connectMs, traceparent } = this.plan;
    const prepared = this.plan.prepare();
    const target = prepared instanceof Promise ? await prepared : prepared;
    const encoded = adapter.encodeRequest(target);
    if (this.#aborted !== undefined) throw this.#aborted;
    const headers = { ...encoded.headers, 'user-agent': USER_AGENT, ...(traceparent !== undefined && { traceparent }) };
    const reader = this.client.send({ method: 'POST', url: encoded.url, headers, body: encoded.body, connectMs, userSupplied });
    this.#reader = reader;
    const head = await headOf(reader);
    if (head.status < 200 || head.status >= 300) {
      const body = await readWhole(reader, MAX_ERROR_BYTES);
      throw adapter.decodeError({ status: head.status, headers: head.headers, body: body ?? Buffer.alloc(0) }, target);
    }
    const frames = target.stream
      ? await this.#openStream(reader, adapter.openStream(target), target, onEnd)
      : new SingleFrame(adapter.decodeResponse(await readAnswer(reader), target), onEnd);
    return { frames, dropped: encoded.dropped, status: head.status };
  }

  async #openStream(reader: ResponseReader, decoder: StreamDecoder, target: AttemptTarget, onEnd: AttemptEnd): Promise<AnswerFrames> {
    const frames = new StreamFrames(reader, new SseParser(), decoder, target, this.plan, onEnd);
    await frames.commit();
    return frames;
  }
}

async function headOf(reader: ResponseReader): Promise<ResponseHead> {
  try {
    return await reader.head;
  } catch (error) {
    throw error instanceof Error ? connectionFailure(error) : error;
  }
}

async function readAnswer(reader: ResponseReader): Promise<Buffer> {
  const body = await readWhole(reader, MAX_BODY_BYTES);
  if (body !== undefined) return body;
  throw new UpstreamFailure('malformed', 'the answer is too large', { retryable: false, failover: true });
}

function coarse(delayMs: number): number {
  return delayMs < COARSE_FROM_MS ? delayMs : Math.ceil(delayMs / COARSE_MS) * COARSE_MS;
}

function timedOut(message: string): UpstreamFailure {
  return new UpstreamFailure('timeout', message, { retryable: true, failover: true });
}
