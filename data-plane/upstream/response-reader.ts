/**
 * One response as it arrives: undici's handler on one side, `head` and `read` on the other. No stream object in between: a read that
 * finds bytes waiting costs no promise, and bytes that nobody takes pause the socket (backpressure reaches the vendor).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** Above this the socket is paused until the reader has caught up: what one slow client may hold in memory. */
const HIGH_WATER_BYTES = 256 * 1024;

export interface ResponseHead {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

export class ResponseReader implements Dispatcher.DispatchHandler {
  readonly head: Promise<ResponseHead>;
  /** Called once, when the connection carries this answer no longer; false: it broke, or was given up half-way. */
  onFinished: ((reusable: boolean) => void) | undefined;
  #head: Waiter<ResponseHead> | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #waiter: Waiter<Buffer | undefined> | undefined;
  #ended = false;
  #error: Error | undefined;
  #aborted: Error | undefined;

  constructor() {
    this.head = new Promise((resolve, reject) => {
      this.#head = { resolve, reject };
    });
    // Whoever aborted may not be waiting for it any more.
    this.head.catch(() => undefined);
  }

  /** Bytes are waiting, or the socket is paused: silence is the reader's, not the vendor's. */
  get hasBytes(): boolean {
    return this.#queuedBytes > 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The bytes that arrived since the last read; undefined at the end. Rejects when the connection broke or `abort` was called. */
  read(): Buffer | undefined | Promise<Buffer | undefined> {
    if (this.#queuedBytes > 0) return this.#take();
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** Cancels the call; later reads reject with `reason`. */
  abort(reason: Error): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#aborted = reason;
    this.#controller?.abort(reason);
    this.#fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== undefined) controller.abort(this.#aborted);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status >= 200) this.#head?.resolve({ status, headers });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve(chunk);
      return;
    }
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > HIGH_WATER_BYTES) controller.pause();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#finish(true);
    this.#waiter?.resolve(undefined);
    this.#waiter = undefined;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(false);
    this.#fail(this.#aborted ?? error);
  }

  #finish(reusable: boolean): void {
    this.onFinished?.(reusable);
    this.onFinished = undefined;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#head?.reject(error);
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }

  #take(): Buffer | undefined {
    const bytes = this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#controller?.paused === true) this.#controller.resume();
    return bytes;
  }
}
