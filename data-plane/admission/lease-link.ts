/**
 * Carries the calls of a LeasePool to the control plane and time to the pool. Asks of one turn of the event loop travel together;
 * several calls may be under way, since each part of a call stands alone. Owns no state of the money: that is the pool's.
 */
import type { LeaseAnswer, LeaseCall } from '../../shared/lease.js';
import type { LeasePool } from '../../shared/lease-pool.js';
import type { ControlPlane } from '../types.js';

/** A grant takes milliseconds; after this long the ledger is away, and the call is repeated with the same ids. */
const CALL_TIMEOUT_MS = 2_000;
/** More would only queue in the control plane's own pool. */
const MAX_CALLS = 4;
/** Releases are retried from 50 ms on. */
const TURN_MS = 50;
const TURNS_PER_TICK = 5;

export interface LeaseLinkOptions {
  readonly controlPlane: ControlPlane;
  readonly nodeToken: string;
  /** Steady milliseconds. */
  readonly now: () => number;
  readonly warn: (message: string, error?: unknown) => void;
}

export class LeaseLink {
  readonly #timer: NodeJS.Timeout;
  #calls = 0;
  #scheduled = false;
  #turn = 0;
  #reachable = true;

  constructor(
    private readonly pool: LeasePool,
    private readonly options: LeaseLinkOptions,
  ) {
    this.#timer = setInterval(() => this.#tick(), TURN_MS).unref();
  }

  /** The pool has something to say. */
  poke(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** Gives all leases back; resolves when the ledger has confirmed, or after `timeoutMs`. Returns how many were not confirmed. */
  async drain(timeoutMs: number): Promise<number> {
    const endsAtMs = this.options.now() + timeoutMs;
    this.pool.drain();
    while (this.pool.openLeases > 0 && this.options.now() < endsAtMs) {
      this.#pump();
      await new Promise((resolve) => setTimeout(resolve, TURN_MS / 2));
    }
    return this.pool.openLeases;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#turn++ % TURNS_PER_TICK === 0) this.pool.tick(this.options.now());
    this.#pump();
  }

  #pump(): void {
    while (this.#calls < MAX_CALLS) {
      const call = this.pool.takeCall(this.options.now());
      if (!call) return;
      this.#calls++;
      void this.#send(call);
    }
  }

  async #send(call: LeaseCall): Promise<void> {
    try {
      const answer = await this.options.controlPlane.call({
        path: '/internal/leases',
        headers: { authorization: `Bearer ${this.options.nodeToken}` },
        body: JSON.stringify(call),
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (answer.status !== 200) throw new Error(`the control plane answered ${answer.status} to a lease call`);
      this.pool.answered(call, readAnswer(answer.body), this.options.now());
      this.#note(true);
    } catch (error) {
      this.pool.failed(call, wasReached(error), this.options.now());
      this.#note(false, error);
    }
    this.#calls--;
    this.#pump();
  }

  /** Says so once when the control plane goes away, and once when it is back. */
  #note(reachable: boolean, error?: unknown): void {
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    this.options.warn(reachable ? 'leases: the control plane answers again' : 'leases: the control plane cannot be reached', error);
  }
}

function readAnswer(body: Buffer): LeaseAnswer {
  const answer: Partial<LeaseAnswer> | null = JSON.parse(body.toString());
  if (!Array.isArray(answer?.grants) || !Array.isArray(answer.renewed) || !Array.isArray(answer.releases))
    throw new Error('the control plane answered a lease call with something else');
  return answer as LeaseAnswer;
}

/** Nobody listened: the call was not read, and nothing happened because of it. */
const UNREACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

function wasReached(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && UNREACHED.has(cause.code)) return false;
  }
  return true;
}
