/** The last calls, for tests that ask what a vendor saw: headers, body, and when the caller went away. Oldest are dropped. */
import type { IncomingHttpHeaders } from 'node:http';

const KEPT_CALLS = 1_000;
/** A 20 MB body is not worth keeping. */
const KEPT_BODY_BYTES = 256 * 1024;
const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key']);

export interface LoggedCall {
  readonly sequence: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly vendor: string;
  readonly model: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed when it is JSON. */
  readonly body: unknown;
  readonly stream: boolean;
  status: number;
  fault: string | null;
  bytesSent: number;
  /** Milliseconds from the call's arrival; null while it runs or when it ended the other way. */
  finishedAfterMs: number | null;
  abortedAfterMs: number | null;
}

export class RequestLog {
  #calls: LoggedCall[] = [];
  #total = 0;
  #byVendor = new Map<string, number>();

  add(call: LoggedCall): void {
    this.#total += 1;
    this.#byVendor.set(call.vendor, (this.#byVendor.get(call.vendor) ?? 0) + 1);
    this.#calls.push(call);
    if (this.#calls.length > KEPT_CALLS * 2) this.#calls = this.#calls.slice(-KEPT_CALLS);
  }

  /** Newest last. */
  show(filter: { readonly vendor: string | null; readonly model: string | null; readonly limit: number }): Record<string, unknown> {
    const requests = this.#calls.filter(
      (call) => (filter.vendor === null || call.vendor === filter.vendor) && (filter.model === null || call.model === filter.model),
    );
    return { total: this.#total, by_vendor: Object.fromEntries(this.#byVendor), requests: requests.slice(-filter.limit) };
  }

  clear(): void {
    this.#calls = [];
    this.#total = 0;
    this.#byVendor.clear();
  }
}

/** Of a secret only its last four characters are kept. */
export function maskHeaders(headers: IncomingHttpHeaders): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    masked[name] = SECRET_HEADERS.has(name) ? `...${String(value).slice(-4)}` : value;
  }
  return masked;
}

export function keepBody(bytes: Buffer, parsed: unknown): unknown {
  if (bytes.length > KEPT_BODY_BYTES) return `${bytes.length} bytes`;
  return parsed ?? bytes.toString('utf8');
}
