/**
 * The one HTTP client for our own control plane. What stages get of it is an argument (`ControlPlane` of types.ts).
 * Guarantees: a bounded wait, a bounded answer. When the control plane cannot be reached, is busy or answers nonsense, `call` throws
 * GatewayError `service_unavailable` with a retry hint: its absence is never the customer's fault.
 * Called by app.ts only.
 */
import { Agent } from 'undici';
import { GatewayError } from '../shared/errors.js';
import type { ControlPlane, ControlPlaneAnswer, ControlPlaneRequest, ControlPlaneTransfer, ControlPlaneTransfers } from './types.js';

/** A lease or a login is worth waiting for; longer than this and the customer is better served by a 503. */
const DEFAULT_TIMEOUT_MS = 5_000;
const LARGE_BYTES = 1024 * 1024;
/** A usage report of a year fits; documents of a snapshot are fetched with a limit of their own. */
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;
const RETRY_AFTER_MS = 2_000;
/** Files of customers, up and down, at once; more wait. A slow one holds its connection, never one that leases need. */
const TRANSFERS = 64;
/** Of silence: the other side writes a piece at a time. */
const TRANSFER_IDLE_MS = 120_000;

export interface ControlPlaneClient extends ControlPlane, ControlPlaneTransfers {
  close(): Promise<void>;
}

export function createControlPlaneClient(baseUrl: string): ControlPlaneClient {
  const agent = new Agent({ connections: 16, connect: { timeout: 2_000 }, keepAliveTimeout: 30_000 });
  const transfers = new Agent({
    connections: TRANSFERS,
    connect: { timeout: 2_000 },
    headersTimeout: 0,
    bodyTimeout: TRANSFER_IDLE_MS,
    pipelining: 0,
  });
  return {
    async call(request: ControlPlaneRequest): Promise<ControlPlaneAnswer> {
      try {
        const answer = await agent.request({
          origin: baseUrl,
          path: request.path,
          method: request.body === undefined ? 'GET' : 'POST',
          headers: { ...request.headers, ...(request.body === undefined ? {} : { 'content-type': 'application/json' }) },
          body: request.body ?? null,
          signal: AbortSignal.timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS),
        });
        const announced = Number(answer.headers['content-length'] ?? Number.NaN);
        return { status: answer.statusCode, body: await readBounded(answer.body, request.maxBytes ?? DEFAULT_MAX_BYTES, announced) };
      } catch (cause) {
        throw unreachable(cause);
      }
    },
    async transfer({ path, headers, content }: ControlPlaneTransfer) {
      try {
        const answer = await transfers.request({
          origin: baseUrl,
          path,
          method: content === undefined ? 'GET' : 'POST',
          headers: { ...headers, ...(content === undefined ? {} : { 'content-type': 'application/octet-stream' }) },
          body: content ?? null,
        });
        return { status: answer.statusCode, body: answer.body };
      } catch (cause) {
        throw unreachable(cause);
      }
    },
    close: async () => {
      await Promise.all([agent.destroy(), transfers.destroy()]);
    },
  };
}

function unreachable(cause: unknown): GatewayError {
  return new GatewayError('service_unavailable', 'The account service cannot be reached at the moment. Try again shortly.', {
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** A large answer of a known length goes into its place as it comes: joined at the end, 64 MB would hold the event loop. */
async function readBounded(body: AsyncIterable<Buffer>, maxBytes: number, announced: number): Promise<Buffer> {
  if (announced > LARGE_BYTES && announced <= maxBytes) return readInto(Buffer.allocUnsafeSlow(announced), body);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > maxBytes) throw new Error(`the control plane answered more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

async function readInto(target: Buffer, body: AsyncIterable<Buffer>): Promise<Buffer> {
  let at = 0;
  for await (const part of body) {
    if (at + part.length > target.length) throw new Error('the control plane answered more than it said');
    at += part.copy(target, at);
  }
  return target.subarray(0, at);
}
