/**
 * One completion's client: where frames go, when the client has left, when the time is up. A stream's headers go out with its first
 * frame; a sync answer's with its body, because they say what it cost. Every way to end passes `#finish`, once.
 */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../../shared/errors.js';
import type { StoredAnswer } from '../../shared/idempotency.js';
import { formatUsd, type NanoUsd } from '../../shared/money.js';
import type { ClientConnection, RateLimitReading, ServedBy } from '../types.js';
import { answerHeaders } from './answer-headers.js';
import type { AnswerRecorder } from './answer-recorder.js';
import type { OpenAnswer } from './connection-clock.js';
import type { HttpContext } from './context.js';
import { renderError, renderErrorFrame } from './error-handler.js';
import { SseWriter } from './sse-writer.js';

/** Why the signal aborts when the client leaves; one object, because nobody reads its stack. */
const CLIENT_LEFT = new Error('the client closed the connection');
/** nginx's word for a client that left: in metrics only. */
const CLIENT_CLOSED_STATUS = 499;
const STREAM_HEADERS = ['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache', 'x-accel-buffering', 'no'];

export class HttpClientConnection implements ClientConnection, OpenAnswer {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  #deadlineAtMs = Number.POSITIVE_INFINITY;
  #headers: string[] = [];
  #stream: SseWriter | undefined;
  #body: Buffer | undefined;
  #finished = false;
  #recorder: AnswerRecorder | undefined;
  readonly #startedAtMs = performance.now();

  constructor(
    private readonly response: ServerResponse,
    private readonly requestId: string,
    private readonly context: Pick<HttpContext, 'region' | 'clock' | 'metrics'>,
  ) {
    context.clock.add(this);
    response.once('close', () => this.#closed());
  }

  /** Milliseconds from now. */
  setDeadline(deadlineMs: number): void {
    this.#deadlineAtMs = performance.now() + deadlineMs;
  }

  /** The answer is kept for repeats of the request. */
  record(recorder: AnswerRecorder): void {
    this.#recorder = recorder;
  }

  /** Answers with what was kept of the first request. */
  repeat(answer: StoredAnswer): void {
    if (!this.#finish(answer.status)) return;
    this.response.writeHead(answer.status, [...answer.headers, 'idempotent-replayed', 'true']);
    this.response.end(Buffer.from(answer.body, 'base64'));
  }

  begin(served: ServedBy, limits: RateLimitReading): void {
    this.#headers = answerHeaders(this.requestId, this.context.region, served, limits);
    if (!served.stream) return;
    const headers = [...STREAM_HEADERS, ...this.#headers];
    this.#recorder?.begin(headers);
    this.response.writeHead(200, headers);
    this.#stream = new SseWriter(this.response);
  }

  send(data: Buffer): void | Promise<void> {
    if (this.#stream) {
      this.#recorder?.add(data);
      return this.#stream.write(data);
    }
    if (data.length > 0) this.#body = this.#body ? Buffer.concat([this.#body, data]) : data;
  }

  end(cost: NanoUsd): void {
    if (!this.#finish(200)) return;
    const stream = this.#stream;
    if (stream) {
      this.#whenKept(() => stream.end());
      return;
    }
    const body = this.#body ?? Buffer.alloc(0);
    this.#headers.push(
      'x-modelapi-cost',
      formatUsd(cost),
      'content-type',
      'application/json; charset=utf-8',
      'content-length',
      String(body.length),
    );
    this.#recorder?.begin(this.#headers);
    this.#recorder?.add(body);
    this.#whenKept(() => {
      this.response.writeHead(200, this.#headers);
      this.response.end(body);
    });
  }

  /** The end of an answer that is to be repeatable goes out after it was kept. */
  #whenKept(send: () => void): void {
    if (this.#recorder) void this.#recorder.keep().then(send);
    else send();
  }

  /** Renders the error: whole before the first frame, as one frame after it. */
  fail(error: GatewayError): void {
    const reason: unknown = this.signal.reason;
    const shown = reason instanceof GatewayError ? reason : error;
    if (!this.#finish(shown.status)) return;
    this.#recorder?.giveUp();
    if (this.#stream) {
      this.#stream.end(renderErrorFrame(shown));
      return;
    }
    const rendered = renderError(shown, this.requestId);
    this.response.writeHead(rendered.status, rendered.headers);
    this.response.end(rendered.body);
  }

  /** Ends the request for a reason of ours: the vendor's call is cancelled and the client is told. */
  abort(reason: GatewayError): void {
    if (!this.#finished) this.#controller.abort(reason);
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineAtMs) {
      this.#deadlineAtMs = Number.POSITIVE_INFINITY;
      this.abort(
        new GatewayError('upstream_timeout', 'The answer took longer than the time allowed. Raise x-request-timeout or ask for less.'),
      );
    }
    this.#stream?.tick();
  }

  #finish(status: number): boolean {
    if (this.#finished) return false;
    this.#finished = true;
    this.context.clock.remove(this);
    this.context.metrics.record(status, performance.now() - this.#startedAtMs);
    return true;
  }

  #closed(): void {
    if (!this.#finish(CLIENT_CLOSED_STATUS)) return;
    this.#recorder?.giveUp();
    this.#controller.abort(CLIENT_LEFT);
  }
}
