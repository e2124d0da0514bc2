/**
 * `Idempotency-Key` (24 hours, per account): a request that comes twice runs once and is charged once.
 * - The first claims (account, key) at the control plane and runs; the same body again gets the stored answer, or waits for the running
 *   one's; another body is a 409.
 * - Only an answer worth repeating is kept: 2xx whole. An error, a broken stream or a client that left gives the claim up, so that a
 *   retry runs; what the first one delivered was charged as the settlement table says.
 * - When the control plane is away a request with the header is refused with 503: the promise could not be kept. Others are untouched.
 * Used by http alone; costs nothing without the header.
 */
import { createHash } from 'node:crypto';
import { GatewayError } from '../../shared/errors.js';
import {
  type AnswerCall,
  CLAIM_POLL_MS,
  CLAIM_RENEW_MS,
  type ClaimAnswer,
  type ClaimCall,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  type StoredAnswer,
} from '../../shared/idempotency.js';
import type { ControlPlane } from '../types.js';
import { CallTogether } from './call-together.js';

const CLAIM_TIMEOUT_MS = 5_000;
const DEFAULT_BYTES = 1024 * 1024;
/** base64 of the largest answer that is kept, and its headers. */
const MAX_ANSWER_BYTES = 15 * 1024 * 1024;
/** Answers that are sent together are no more than this, unless one alone is. */
const MAX_TOGETHER_BYTES = 8 * 1024 * 1024;
/** Of claims that were answered before, with their answers. */
const MAX_CLAIMS_BYTES = 64 * 1024 * 1024;

export interface Claim {
  /** Null: this request runs. Else what to answer. */
  readonly answer: StoredAnswer | null;
  /** Keeps the answer. Never rejects: an answer that cannot be kept gives the claim up. */
  keep(answer: StoredAnswer): Promise<void>;
  /** Gives the claim up. Never rejects. */
  release(): Promise<void>;
}

export interface Idempotency {
  /** Resolves when this request may run or its answer is known. Throws 400, 409 or 503; rejects with the signal's reason when it aborts. */
  claim(key: string, accountId: string, requestId: string, body: Buffer, signal: AbortSignal): Promise<Claim>;
}

export function createIdempotency(options: {
  readonly controlPlane: ControlPlane;
  readonly nodeToken: string;
  readonly nodeId: string;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
}): Idempotency {
  const headers = { authorization: `Bearer ${options.nodeToken}` };
  const call = async <T>(path: string, body: object, maxBytes = DEFAULT_BYTES): Promise<T> => {
    const answer = await options.controlPlane.call({
      path: `/internal/idempotency/${path}`,
      headers,
      body: JSON.stringify(body),
      timeoutMs: CLAIM_TIMEOUT_MS,
      maxBytes,
    });
    if (answer.status !== 200)
      throw new GatewayError('service_unavailable', 'The idempotency record cannot be reached at the moment. Try again shortly.', {
        retryAfterMs: 2_000,
        cause: answer.body.toString('utf8', 0, 500),
      });
    return JSON.parse(answer.body.toString('utf8'));
  };
  const claim = new CallTogether<ClaimCall, ClaimAnswer>((calls) => call('claims', calls, MAX_CLAIMS_BYTES));
  const store = new CallTogether<AnswerCall, boolean>((calls) => call('answers', calls), {
    bytes: MAX_TOGETHER_BYTES,
    sizeOf: ({ answer }) => answer.body.length,
  });
  const quietly = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => options.log('an idempotency claim was left to expire', { error: String(error) }),
    );

  return {
    async claim(key, accountId, requestId, body, signal) {
      if (key.length === 0 || key.length > MAX_IDEMPOTENCY_KEY_LENGTH)
        throw new GatewayError('invalid_request', `Invalid header 'idempotency-key': 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters.`, {
          param: 'idempotency-key',
        });
      const reference = { accountId, key, requestId };
      const claimCall = { ...reference, requestHash: createHash('sha256').update(body).digest('hex'), nodeId: options.nodeId };
      for (;;) {
        const result = await claim.add(claimCall);
        if (result.outcome === 'conflict')
          throw new GatewayError('conflict', 'This Idempotency-Key was used with another request body. Use a new key for a new request.', {
            param: 'idempotency-key',
          });
        if (result.outcome === 'answered') return { answer: result.answer, keep: async () => undefined, release: async () => undefined };
        if (result.outcome === 'claimed') break;
        await pause(CLAIM_POLL_MS, signal);
      }
      const renewal = setInterval(() => void quietly(call('renew', reference)), CLAIM_RENEW_MS);
      renewal.unref();
      return {
        answer: null,
        async keep(answer) {
          clearInterval(renewal);
          if (answer.body.length > MAX_ANSWER_BYTES) await quietly(call('release', reference));
          else await quietly(store.add({ ...reference, answer }));
        },
        async release() {
          clearInterval(renewal);
          await quietly(call('release', reference));
        },
      };
    },
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}
