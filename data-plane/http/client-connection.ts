/**
 * One completion's client: where frames go, when the client has left, when the time is up. A stream's headers go out with its first
 * frame; a sync answer's with its body, because they say what it cost. Every way to end passes `#finish`, once.
 */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../../shared/errors.js';
import { formatUsd, type NanoUsd } from '../../shared/money.js';
import type { ClientConnection, RateLimitReading, ServedBy } from '../types.js';
import { answerHeaders } from './answer-headers.js';
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

  begin(served: ServedBy, limits: RateLimitReading): void {
    this.#headers = answerHeaders(this.requestId, this.context.region, served, limits);
    if (!served.stream) return;
    this.response.writeHead(200, [...STREAM_HEADERS, ...this.#headers]);
    this.#stream = new SseWriter(this.response);
  }

  send(data: Buffer): void | Promise<void> {
    if (this.#stream) return this.#stream.write(data);
    if (data.length > 0) this.#body = this.#body ? Buffer.concat([this.#body, data]) : data;
  }

  end(cost: NanoUsd): void {
    if (!this.#finish(200)) return;
    if (this.#stream) {
      this.#stream.end();
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
    this.response.writeHead(200, this.#headers);
    this.response.end(body);
  }

  /** Renders the error: whole before the first frame, as one frame after it. */
  fail(error: GatewayError): void {
    const reason: unknown = this.signal.reason;
    const shown = reason instanceof GatewayError ? reason : error;
    if (!this.#finish(shown.status)) return;
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
    if (this.#finish(CLIENT_CLOSED_STATUS)) this.#controller.abort(CLIENT_LEFT);
  }
}
