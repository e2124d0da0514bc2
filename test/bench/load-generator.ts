/**
 * A load generator that costs little: prepared bytes over plain sockets, answers told apart by their length or their last chunk. It
 * shares a machine with what it measures, so a client library's own work would be most of the load. Bounded: so many connections, one
 * request on each at a time.
 */
import { connect, type Socket } from 'node:net';

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly key: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  /** Server-sent events that arrived. */
  readonly frames: number;
  readonly seconds: number;
  /** Milliseconds, ascending. */
  readonly latencies: Float64Array;
}

/** The bytes of one request. */
export function encodeCall(target: LoadTarget, body: string): Buffer {
  const length = Buffer.byteLength(body);
  const head =
    `POST ${target.path} HTTP/1.1\r\nhost: ${target.host}:${target.port}\r\nauthorization: Bearer ${target.key}\r\n` +
    `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  return Buffer.from(head + body);
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const EVENT = Buffer.from('data: ');
const STATUS_AT = 9;
const MOST_OVERTIME = 4;

/** One keep-alive connection with at most one request on it. */
class Connection {
  #socket: Socket | undefined;
  #onDone: ((ok: boolean) => void) | undefined;
  #head: Buffer | undefined;
  #left = -1;
  #status = 0;
  #tail = Buffer.alloc(0);
  frames = 0;

  constructor(private readonly target: LoadTarget) {}

  /** Resolves true when a whole 200 answer came. */
  call(bytes: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#onDone = resolve;
      this.#head = Buffer.alloc(0);
      this.#tail = Buffer.alloc(0);
      this.#left = -1;
      this.#open().write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ host: this.target.host, port: this.target.port, noDelay: true });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket === socket) this.#finish(false);
    });
    this.#socket = socket;
    return socket;
  }

  #read(chunk: Buffer): void {
    let body = chunk;
    if (this.#head !== undefined) {
      const head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = head.indexOf(HEAD_END);
      if (end < 0) {
        this.#head = head;
        return;
      }
      const text = head.toString('latin1', 0, end);
      this.#status = Number(text.slice(STATUS_AT, STATUS_AT + 3));
      this.#left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? -1);
      this.#head = undefined;
      body = head.subarray(end + HEAD_END.length);
    }
    if (this.#left >= 0) {
      this.#left -= body.length;
      if (this.#left <= 0) this.#finish(this.#status === 200);
      return;
    }
    for (let at = body.indexOf(EVENT); at >= 0; at = body.indexOf(EVENT, at + EVENT.length)) this.frames += 1;
    this.#tail = Buffer.concat([this.#tail, body]).subarray(-LAST_CHUNK.length);
    if (this.#tail.equals(LAST_CHUNK)) this.#finish(this.#status === 200);
  }

  #finish(ok: boolean): void {
    const done = this.#onDone;
    this.#onDone = undefined;
    done?.(ok);
  }
}

export class LoadGenerator {
  readonly #connections: Connection[];
  readonly #call: Buffer;

  constructor(target: LoadTarget, body: string, connections: number) {
    this.#call = encodeCall(target, body);
    this.#connections = Array.from({ length: connections }, () => new Connection(target));
  }

  /** Frames that arrived so far, over all connections. */
  get frames(): number {
    return this.#connections.reduce((total, connection) => total + connection.frames, 0);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /**
   * Each connection sends its next request when the last was answered. On a busy machine it goes on, up to `MOST_OVERTIME` times as long,
   * until `leastRequests` were answered: fewer say nothing.
   */
  async saturate(seconds: number, leastRequests = 0): Promise<LoadResult> {
    const latencies: number[] = [];
    const began = performance.now();
    const until = began + seconds * 1_000;
    const latest = began + seconds * 1_000 * MOST_OVERTIME;
    const goesOn = (now: number): boolean => now < until || (now < latest && latencies.length < leastRequests);
    const framesBefore = this.frames;
    let failures = 0;
    await Promise.all(
      this.#connections.map(async (connection) => {
        for (let sent = performance.now(); goesOn(sent); sent = performance.now()) {
          if (await connection.call(this.#call)) latencies.push(performance.now() - sent);
          else failures += 1;
        }
      }),
    );
    return result(latencies, failures, this.frames - framesBefore, began);
  }

  /** So many requests a second, whatever the answers do; a request's latency begins when it was due. */
  async pace(perSecond: number, seconds: number): Promise<LoadResult> {
    const latencies: number[] = [];
    const idle = [...this.#connections];
    const began = performance.now();
    const total = Math.floor(perSecond * seconds);
    let due = 0;
    let failures = 0;
    let open = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now();
        while (due < total && began + (due * 1_000) / perSecond <= now) {
          const connection = idle.pop();
          if (connection === undefined) break;
          const dueAt = began + (due++ * 1_000) / perSecond;
          open += 1;
          void connection.call(this.#call).then((ok) => {
            if (ok) latencies.push(performance.now() - dueAt);
            else failures += 1;
            idle.push(connection);
            open -= 1;
          });
        }
        if (due >= total && open === 0) {
          clearInterval(timer);
          resolve();
        }
      }, 1);
    });
    return result(latencies, failures, 0, began);
  }

  /** One long request on every connection; `during` runs while they stream. */
  async stream<Measured>(during: () => Promise<Measured>): Promise<Measured> {
    const calls = this.#connections.map((connection) => connection.call(this.#call));
    const measured = await during();
    this.close();
    await Promise.all(calls);
    return measured;
  }
}

function result(latencies: number[], failures: number, frames: number, began: number): LoadResult {
  return {
    requests: latencies.length,
    failures,
    frames,
    seconds: (performance.now() - began) / 1_000,
    latencies: Float64Array.from(latencies).sort(),
  };
}

/** `share` of 0.5 is the median. NaN when there is nothing. */
export function quantile(ascending: Float64Array, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? Number.NaN;
}
