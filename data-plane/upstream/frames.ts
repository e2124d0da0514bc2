/**
 * The frames of an answer, as the pipeline iterates them. One socket read becomes at most one frame; a read that finds bytes waiting
 * costs no timer and no promise of ours. Leaving the loop early cancels the vendor's call at once.
 */
import type { Frame } from '../types.js';
import { cut } from './protocols/malformed.js';
import { type AttemptTarget, type StreamDecoder, UpstreamFailure } from './protocols/protocol-adapter.js';
import type { ResponseReader } from './response-reader.js';
import type { SseParser } from './sse-parser.js';
import { truncateStream } from './truncate-stream.js';

/** A vendor that said [DONE] and keeps its socket open is not waited for. */
const DRAIN_MS = 1_000;

type Ended = (failure: UpstreamFailure | undefined, outputTokens: number) => void;

/** Where a vendor reports no usage: near enough for tokens per second. */
const BYTES_PER_TOKEN = 4;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

export interface AnswerFrames extends AsyncIterableIterator<Frame> {
  /** What must still be said when the funds ended: see `UpstreamAnswer.truncate`. Called after the loop was left. */
  truncate(): Frame;
}

/** A sync answer. */
export class SingleFrame implements AnswerFrames {
  #frame: Frame | undefined;

  constructor(
    frame: Frame,
    private readonly onEnd: Ended,
  ) {
    this.#frame = frame;
  }

  async next(): Promise<IteratorResult<Frame>> {
    const frame = this.#frame;
    if (frame === undefined) return DONE;
    this.#frame = undefined;
    this.onEnd(undefined, outputTokensOf(frame, frame.deliveredBytes));
    return { done: false, value: frame };
  }

  async return(): Promise<IteratorResult<Frame>> {
    if (this.#frame !== undefined) this.onEnd(abandoned(), 0);
    this.#frame = undefined;
    return DONE;
  }

  /** A sync answer is whole when it comes. */
  truncate(): Frame {
    return { data: Buffer.alloc(0), deliveredBytes: 0 };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export interface StreamTimes {
  readonly idleMs: number;
  readonly now: () => number;
}

export class StreamFrames implements AnswerFrames {
  #first: Frame | undefined;
  #bodyEnded = false;
  #decoderEnded = false;
  #committed = false;
  #finished = false;
  #last: Frame | undefined;
  #deliveredBytes = 0;
  #activeAtMs: number;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly reader: ResponseReader,
    private readonly parser: SseParser,
    private readonly decoder: StreamDecoder,
    private readonly target: AttemptTarget,
    private readonly times: StreamTimes,
    private readonly onEnd: Ended,
  ) {
    this.#activeAtMs = times.now();
  }

  /** Resolves when the first good frame is in hand. Rejects when the stream ends, fails or breaks before it. */
  async commit(): Promise<void> {
    this.#first = (await this.#read()).value;
    if (this.#first === undefined) throw new UpstreamFailure('malformed', 'an empty stream', { retryable: true, failover: true });
    this.#committed = true;
    this.#watch(this.times.idleMs);
  }

  /** Not `async`: together with `#read` one promise and one await a frame is all that is needed. */
  next(): Promise<IteratorResult<Frame, undefined>> {
    const first = this.#first;
    if (first === undefined) return this.#finished ? Promise.resolve(DONE) : this.#read();
    this.#first = undefined;
    return Promise.resolve({ done: false, value: first });
  }

  async return(): Promise<IteratorResult<Frame>> {
    // A loop that is left after the last frame was left by nobody.
    this.#end(this.decoder.done === true && this.#first === undefined ? undefined : abandoned());
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  truncate(): Frame {
    return truncateStream(this.target, this.decoder.done === true || this.#decoderEnded, this.decoder.openChoices);
  }

  /** The next frame; `done` when the answer is complete. */
  async #read(): Promise<IteratorResult<Frame, undefined>> {
    try {
      if (this.decoder.failure !== undefined) throw this.decoder.failure;
      while (this.decoder.done !== true && !this.#decoderEnded) {
        const frame = this.#bodyEnded ? this.#endDecoder() : this.#decode(await this.reader.read());
        if (frame === undefined) continue;
        this.#last = frame;
        this.#deliveredBytes += frame.deliveredBytes;
        return { done: false, value: frame };
      }
    } catch (error) {
      throw this.#committed ? this.#breakOff(error) : error;
    }
    if (this.#committed) this.#end(undefined);
    return DONE;
  }

  #decode(chunk: Buffer | undefined): Frame | undefined {
    this.#activeAtMs = this.times.now();
    if (chunk !== undefined) return this.decoder.push(this.parser.push(chunk));
    this.#bodyEnded = true;
    const events = this.parser.end();
    try {
      return this.decoder.push(events);
    } catch (error) {
      // Half an event at the end of the body is a cut, whatever it looks like.
      throw error instanceof UpstreamFailure && error.kind === 'malformed'
        ? cut(`the body ended within an event: ${error.message}`)
        : error;
    }
  }

  #endDecoder(): Frame | undefined {
    this.#decoderEnded = true;
    return this.decoder.end();
  }

  #breakOff(error: unknown): UpstreamFailure {
    const failure = brokenOff(error);
    this.#end(failure);
    return failure;
  }

  #end(failure: UpstreamFailure | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#idleTimer);
    if (failure !== undefined) this.reader.abort(failure);
    else if (!this.reader.ended) setTimeout(() => this.reader.abort(abandoned()), DRAIN_MS).unref();
    this.onEnd(failure, outputTokensOf(this.#last, this.#deliveredBytes));
  }

  /** One timer for the whole stream: it looks at the clock when it fires and sleeps for what is left. */
  #watch(delayMs: number): void {
    this.#idleTimer = setTimeout(() => {
      const { idleMs, now } = this.times;
      const silentMs = this.reader.hasBytes ? 0 : now() - this.#activeAtMs;
      if (silentMs < idleMs) return this.#watch(idleMs - silentMs);
      this.reader.abort(new UpstreamFailure('timeout', `the stream was silent for ${idleMs} ms`, { retryable: true, failover: true }));
    }, delayMs);
  }
}

function outputTokensOf(frame: Frame | undefined, deliveredBytes: number): number {
  return frame?.usage?.buckets.output ?? Math.round(deliveredBytes / BYTES_PER_TOKEN);
}

function abandoned(): UpstreamFailure {
  return new UpstreamFailure('aborted', 'the answer is no longer wanted', { retryable: false, failover: false });
}

/** After the commit point a broken connection is a cut answer. */
function brokenOff(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure && error.kind !== 'connection') return error;
  return new UpstreamFailure('cut', error instanceof Error ? error.message : String(error), {
    retryable: true,
    failover: true,
    cause: error,
  });
}

/** A decoder's own mistake counts as the vendor's garbage: it fails over and crashes nothing. */
export function failureOf(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const kind = code === undefined ? 'malformed' : 'connection';
  return new UpstreamFailure(kind, error instanceof Error ? error.message : String(error), {
    retryable: true,
    failover: true,
    cause: error,
    ...(code !== undefined && { vendorCode: code }),
  });
}
