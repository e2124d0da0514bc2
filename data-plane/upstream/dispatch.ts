/**
 * HTTP to vendors: undici clients per origin (`origin-clients.ts`), `dispatch` with a handler (`fetch` costs 340 us more per request), keep-alive, no
 * redirects, no proxy. Timeouts of the answer belong to `attempt.ts`; only connecting is timed here.
 * URLs of the catalogue are the operator's and may be anywhere; URLs that a user supplied go through `safe-egress.ts`.
 * When a connection fails, the reader rejects; nothing is retried here. Called by `attempt.ts` and `remote-media.ts`.
 */
import { OriginClients } from './origin-clients.js';
import { UpstreamFailure } from './protocols/protocol-adapter.js';
import { ResponseReader } from './response-reader.js';
import { buildSafeConnector, checkUserUrl } from './safe-egress.js';

/** Vendors' load balancers close idle connections after 60 s or more: ours go first, so that no request meets a closing socket. */
const KEEP_ALIVE_MS = 30_000;
/** Origins that users named: the least recently used one's connections are closed beyond this. */
const MAX_USER_ORIGINS = 200;

export interface UpstreamCall {
  readonly method: 'GET' | 'POST';
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | null;
  readonly connectMs: number;
  /** A user chose this URL. */
  readonly userSupplied: boolean;
}

export class UpstreamClient {
  readonly #trusted = new Map<string, OriginClients>();
  readonly #supplied = new Map<string, OriginClients>();

  /** Throws UpstreamFailure for a user's URL that may not be called; everything later rejects through the reader. */
  send(call: UpstreamCall): ResponseReader {
    const reader = new ResponseReader();
    const path = call.userSupplied ? this.#checkedPath(call.url) : undefined;
    const slash = call.url.indexOf('/', call.url.indexOf('//') + 2);
    const origin = slash === -1 ? call.url : call.url.slice(0, slash);
    const clients = call.userSupplied
      ? this.#suppliedOrigin(new URL(call.url).origin, call.connectMs)
      : this.#trustedOrigin(origin, call.connectMs);
    clients.dispatch(
      {
        method: call.method,
        path: path ?? (slash === -1 ? '/' : call.url.slice(slash)),
        headers: call.headers as Record<string, string>,
        body: call.body,
        // A completion is not idempotent for undici's pipelining, and is never sent twice by it.
        idempotent: false,
      },
      reader,
    );
    return reader;
  }

  /** Lets running calls end, then closes every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#trusted.values(), ...this.#supplied.values()].map((clients) => clients.close()));
  }

  #checkedPath(text: string): string {
    const url = checkUserUrl(text);
    return url.pathname + url.search;
  }

  #trustedOrigin(origin: string, connectMs: number): OriginClients {
    let clients = this.#trusted.get(origin);
    if (clients === undefined) {
      clients = new OriginClients(origin, { ...CLIENT_OPTIONS, connect: { timeout: connectMs } });
      this.#trusted.set(origin, clients);
    }
    return clients;
  }

  #suppliedOrigin(origin: string, connectMs: number): OriginClients {
    const known = this.#supplied.get(origin);
    const clients = known ?? new OriginClients(origin, { ...CLIENT_OPTIONS, connect: buildSafeConnector(connectMs) });
    this.#supplied.delete(origin);
    this.#supplied.set(origin, clients);
    const [oldest] = this.#supplied;
    if (this.#supplied.size > MAX_USER_ORIGINS && oldest !== undefined) {
      this.#supplied.delete(oldest[0]);
      void oldest[1].close();
    }
    return clients;
  }
}

const CLIENT_OPTIONS = {
  // One request a connection: a stream would block whatever is behind it.
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAliveMaxTimeout: KEEP_ALIVE_MS * 2,
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

/** What undici or the operating system said, as a failure: asking again or elsewhere may help. */
export function connectionFailure(error: Error): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const kind = code === 'UND_ERR_CONNECT_TIMEOUT' ? 'timeout' : 'connection';
  return new UpstreamFailure(kind, error.message, {
    retryable: true,
    failover: true,
    cause: error,
    ...(code !== undefined && { vendorCode: code }),
  });
}
