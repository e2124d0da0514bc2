/** Real parts around admission and metering: a control plane that speaks the internal protocol over HTTP, requests, plans, principals. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControlPlaneClient } from '../../data-plane/control-plane-client.js';
import type { Candidate, CompletionRequest, ControlPlane, Endpoint, Frame, Model, Principal, RoutePlan } from '../../data-plane/types.js';
import type { LeaseJournal } from '../../shared/lease-pool.js';
import { chargeFor, INTERACTIVE, NANO_PER_USD, NO_TOKENS } from '../../shared/money.js';
import { Ledger } from '../simulation/ledger.js';
import { afterFile } from '../support/after-file.js';

export const NODE_TOKEN = 'token-of-the-nodes-in-tests';
export const ACCOUNT = '11111111-1111-4111-8111-111111111111';
export const KEY = '22222222-2222-4222-8222-222222222222';
/** $2 and $10 a million tokens: 2,000 and 10,000 nano-USD each. */
export const MODEL = {
  id: 'test-model',
  contextTokens: 100_000,
  maxOutputTokens: 4_096,
  bytesPerTokenHundredths: 400,
  price: {
    revision: 7,
    rates: {
      inputUncached: 2_000_000n,
      cacheRead: 200_000n,
      cacheWrite5m: 2_500_000n,
      cacheWrite1h: 4_000_000n,
      output: 10_000_000n,
      requests: 0n,
    },
    tiers: [],
  },
} as unknown as Model;
const ENDPOINT = {
  id: 'test-model@sandbox',
  vendorId: 'sandbox',
  upstreamModel: 'upstream-model',
  vendor: { id: 'sandbox', quirks: {} },
} as unknown as Endpoint;

export const usd = (dollars: number): bigint => BigInt(Math.round(dollars * 1e9));
export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `probe` gives something that is not undefined or false. */
export async function eventually<T>(probe: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs = 5_000): Promise<T> {
  for (const endsAt = Date.now() + timeoutMs; ; ) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > endsAt) throw new Error(`did not happen within ${timeoutMs} ms: ${probe}`);
    await later(5);
  }
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'modelapi-spool-'));
  afterFile(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function makePrincipal(changes: Partial<Principal> = {}): Principal {
  return {
    keyId: KEY,
    accountId: ACCOUNT,
    test: false,
    keyPolicy: {},
    accountPolicy: {},
    multiplier: INTERACTIVE,
    batchItemId: null,
    ...changes,
  };
}

export function makeRequest(changes: { stream?: boolean; maxTokens?: number } = {}): CompletionRequest {
  const body = { model: MODEL.id, messages: [], ...(changes.maxTokens === undefined ? {} : { max_tokens: changes.maxTokens }) };
  const stream = changes.stream ?? false;
  return { id: randomUUID(), raw: Buffer.from('{}'), body, stream, includeUsage: stream, receivedAtMs: Date.now(), deadlineMs: 60_000 };
}

/** 100 tokens in (at most 120), up to `outputUpper` out. */
export function makePlan(outputUpper = MODEL.maxOutputTokens, changes: Partial<Candidate> = {}): RoutePlan {
  const estimate = { input: 100, inputUpper: 120, outputExpected: 200, outputUpper };
  const ceiling = chargeFor({ ...NO_TOKENS, inputUncached: 120, output: outputUpper }, MODEL.price, INTERACTIVE);
  const credential = { id: 'house', secret: 's', weight: 1, owner: 'house' } as const;
  const candidate: Candidate = {
    model: MODEL,
    endpoint: ENDPOINT,
    credential,
    byok: false,
    expectedCost: ceiling,
    ceiling,
    dropped: [],
    ...changes,
  };
  return {
    ...{ modelAsked: MODEL.id, candidates: [candidate], excluded: [], estimate, ceiling, reason: 'only one', tier: null, complexity: null },
    ...{ hedge: false, sessionId: null, revision: 1 },
  };
}

export function textFrame(bytes: number): Frame {
  return { data: Buffer.from('data: {}\n\n'), deliveredBytes: bytes };
}

export function usageFrame(input: number, output: number, changes: Partial<Frame> = {}): Frame {
  const buckets = { ...NO_TOKENS, inputUncached: input, output };
  return {
    data: Buffer.alloc(0),
    deliveredBytes: 0,
    finishReason: 'stop',
    usage: { buckets, reasoningTokens: 0, mismatch: false },
    ...changes,
  };
}

export const NO_JOURNAL: LeaseJournal = { asked() {}, granted() {}, returning() {}, closed() {}, renewed() {} };

export interface TestControlPlane {
  readonly ledger: Ledger;
  readonly url: string;
  readonly client: ControlPlane;
  /** Requests by path. */
  readonly calls: Map<string, number>;
  /** How it behaves from now on. */
  mood: 'well' | 'failing' | 'hanging';
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** Wallets in memory behind the real wire: HTTP, JSON, bearer token. */
export async function startControlPlane(balanceUsd = 10, liveNodes = 1): Promise<TestControlPlane> {
  const ledger = new Ledger(Date.now, () => liveNodes);
  ledger.topUp(ACCOUNT, (NANO_PER_USD * BigInt(Math.round(balanceUsd * 1e6))) / 1_000_000n);
  const calls = new Map<string, number>();
  let server = listener();
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const client = createControlPlaneClient(url);
  const plane: TestControlPlane = {
    ...{ ledger, url, client, calls, mood: 'well' },
    stop: () => close(server),
    async restart() {
      server = listener();
      await listen(server, port);
    },
  };
  afterFile(async () => {
    await client.close();
    await close(server);
  });
  return plane;

  function listener(): Server {
    return createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = new URL(request.url ?? '/', url);
        calls.set(path.pathname, (calls.get(path.pathname) ?? 0) + 1);
        if (plane.mood === 'hanging') return;
        const known = request.headers.authorization === `Bearer ${NODE_TOKEN}`;
        if (plane.mood === 'failing' || !known) return void response.writeHead(known ? 503 : 401).end('{}');
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer(path, Buffer.concat(chunks).toString())));
      });
    });
  }

  function answer(path: URL, body: string): unknown {
    if (path.pathname === '/internal/leases') return ledger.lease(JSON.parse(body));
    if (path.pathname === '/internal/usage') return { acknowledged: ledger.settle(JSON.parse(body)) };
    return { acknowledged: ledger.acknowledged(path.searchParams.get('node') ?? '', Number(path.searchParams.get('epoch'))) };
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
