/**
 * The one client of this plane for URLs that a user can influence (webhooks, BYOK base URLs). Three checks, because each alone can be
 * walked around: a literal address in the URL, every address that the name resolves to, and the socket's remote address once connected.
 * Only public unicast addresses pass; https on port 443 without user info; redirects are not followed; ten seconds, 64 KB.
 * `trusted` leaves out the address checks, for URLs that the operator entered; all other bounds stay.
 * Rejects with EgressRefused (never tried) or with the network's error; an HTTP status is an answer, whatever it is.
 */
import { lookup as resolveName } from 'node:dns';
import { lookup as findAddresses } from 'node:dns/promises';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';

const DEADLINE_MS = 10_000;
const CONNECT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export class EgressRefused extends Error {
  constructor(why: string) {
    super(`this URL may not be called: ${why}`);
    this.name = 'EgressRefused';
  }
}

export interface EgressRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly trusted?: boolean;
  readonly deadlineMs?: number;
}

export interface EgressAnswer {
  readonly status: number;
  /** What came within 64 KB; the rest is cut off. */
  readonly body: Buffer;
}

export class EgressClient {
  readonly #guarded = new Agent({ connect: guardedConnector(), pipelining: 0 });
  readonly #trusted = new Agent({ connect: { timeout: CONNECT_MS }, pipelining: 0 });
  readonly #allowed: ReadonlySet<string>;

  /** `allowedOrigins` are called like the operator's own: receivers of tests and demos on this machine. */
  constructor(allowedOrigins: readonly string[] = []) {
    this.#allowed = new Set(allowedOrigins);
  }

  async request(text: string, wanted: EgressRequest): Promise<EgressAnswer> {
    const trusted = wanted.trusted === true || this.#isAllowed(text);
    const url = trusted ? new URL(text) : checkUserUrl(text);
    const signal = AbortSignal.timeout(wanted.deadlineMs ?? DEADLINE_MS);
    const { statusCode, body } = await request(url, {
      method: wanted.method,
      headers: { 'user-agent': 'ModelAPI', ...wanted.headers },
      ...(wanted.body !== undefined && { body: wanted.body }),
      dispatcher: trusted ? this.#trusted : this.#guarded,
      signal,
    });
    return { status: statusCode, body: await readBounded(body) };
  }

  /** Throws EgressRefused for what would never be called as things stand: for a kind answer early. A name that is not known yet passes. */
  async check(text: string): Promise<void> {
    if (this.#isAllowed(text)) return;
    const host = bareHost(checkUserUrl(text).hostname);
    const addresses = await findAddresses(host, { all: true }).catch(() => []);
    if (!addresses.every(({ address }) => isPublicAddress(address))) throw new EgressRefused('not a public address');
  }

  #isAllowed(text: string): boolean {
    return URL.canParse(text) && this.#allowed.has(new URL(text).origin);
  }

  async close(): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#trusted.destroy()]);
  }
}

/** Throws EgressRefused when the URL may not be called at all. */
export function checkUserUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new EgressRefused('not a URL');
  if (url.protocol !== 'https:') throw new EgressRefused('only https is allowed');
  if (url.port !== '') throw new EgressRefused('only port 443 is allowed');
  if (url.username !== '' || url.password !== '') throw new EgressRefused('user info in the URL is not allowed');
  const host = bareHost(url.hostname);
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new EgressRefused('not a public address');
  return url;
}

async function readBounded(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part);
    length += part.length;
    if (length >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, MAX_ANSWER_BYTES);
}

/** `::ffff:127.0.0.1` and the like count as the address inside. */
function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

function guardedConnector(): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: lookupPublic, allowH2: false });
  return (options, callback) => {
    const host = bareHost(options.hostname);
    if (isIP(host) !== 0 && !isPublicAddress(host)) return callback(new EgressRefused('not a public address'), null);
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      if (isPublicPeer(socket)) return callback(null, socket);
      socket.destroy();
      callback(new EgressRefused('not a public address'), null);
    });
  };
}

function isPublicPeer(socket: Socket): boolean {
  return socket.remoteAddress !== undefined && isPublicAddress(socket.remoteAddress);
}

/** Refuses the name when any of its addresses is not public: a rebinding answer mixes both. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) return callback(error ?? new EgressRefused('the name has no address'), '', 0);
    if (!addresses.every(({ address }) => isPublicAddress(address))) return callback(new EgressRefused('not a public address'), '', 0);
    if (options.all === true) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
};

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
