/**
 * How well each endpoint does for this node, from real traffic: success, first token, tokens per second, rate limits, circuit.
 * `HealthView` is read while planning: lookups allocate nothing. Everything lives in memory and starts unknown (success 1, share 1).
 * Neighbours of the region exchange openings as hints (`onHint`, `applyHint`); without them each node finds out for itself.
 */
import type { CircuitHint, Credential, HealthView } from '../types.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { CredentialRests } from './credential-rests.js';
import type { FailureKind, UpstreamFailure } from './protocols/protocol-adapter.js';
import { Quantile } from './quantile.js';

/** Weight of a new reading: about the last ten count. */
const SMOOTHING = 0.2;
/** The baseline that "slow" is measured against moves ten times more slowly. */
const BASELINE_SMOOTHING = 0.02;
/** A vendor that stays slow becomes the rule, but only after hundreds of answers. */
const SLOW_BASELINE_SMOOTHING = 0.002;
/** Slow: so many times the baseline, and not below a time that customers feel. */
const SLOW_FACTOR = 5;
const MIN_SLOW_MS = 3_000;
/** A 429 halves the share at once; it is whole again after this long without one. */
const SHARE_RECOVERY_MS = 30_000;
const MIN_SHARE = 0.02;
/** Of the time that nearly all answers keep: what hedging and the patience with a silent vendor are measured by. */
const QUANTILE = 0.95;

/** These say that the vendor is ill. Credentials and requests at fault do not. */
const ILL: ReadonlySet<FailureKind> = new Set(['overloaded', 'server_error', 'timeout', 'connection', 'malformed', 'cut']);
/** With the operator's own credential these make the endpoint useless too. */
const ILL_IF_HOUSE: ReadonlySet<FailureKind> = new Set(['auth', 'billing', 'not_found']);

export interface EndpointReading {
  readonly endpointId: string;
  readonly successRate: number;
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
  readonly share: number;
  readonly open: boolean;
  /** That reached their first token. */
  readonly requests: number;
}

interface EndpointState {
  readonly circuit: CircuitBreaker;
  firstTokenMs: number | undefined;
  baselineMs: number | undefined;
  /** Answers that began. */
  answered: number;
  readonly firstTokens: Quantile;
  /** Whole sync answers. */
  readonly answers: Quantile;
  tokensPerSecond: number | undefined;
  share: number;
  shareAtMs: number;
  /** When an attempt last began. */
  triedAtMs: number;
}

export class Health implements HealthView {
  readonly #endpoints = new Map<string, EndpointState>();
  readonly #listeners: ((hint: CircuitHint) => void)[] = [];

  /** `now`: milliseconds of a monotonic clock. */
  constructor(
    private readonly now: () => number,
    readonly credentials: CredentialRests = new CredentialRests({ now, wallClock: Date.now, onRest: () => undefined }),
  ) {}

  isResting(credential: Credential): boolean {
    return this.credentials.isResting(credential);
  }

  successRate(endpointId: string): number {
    return this.#endpoints.get(endpointId)?.circuit.successRate(this.now()) ?? 1;
  }

  firstTokenMs(endpointId: string): number | undefined {
    return this.#endpoints.get(endpointId)?.firstTokenMs;
  }

  tokensPerSecond(endpointId: string): number | undefined {
    return this.#endpoints.get(endpointId)?.tokensPerSecond;
  }

  isOpen(endpointId: string): boolean {
    return this.#endpoints.get(endpointId)?.circuit.isOpen(this.now()) ?? false;
  }

  share(endpointId: string): number {
    const state = this.#endpoints.get(endpointId);
    return state === undefined ? 1 : Math.min(1, state.share + (this.now() - state.shareAtMs) / SHARE_RECOVERY_MS);
  }

  /** The 95th percentile of the first token; undefined while too little was measured. */
  slowFirstTokenMs(endpointId: string): number | undefined {
    return this.#endpoints.get(endpointId)?.firstTokens.value();
  }

  /** The same of whole sync answers. */
  slowAnswerMs(endpointId: string): number | undefined {
    return this.#endpoints.get(endpointId)?.answers.value();
  }

  waitMs(endpointId: string): number {
    return this.#endpoints.get(endpointId)?.circuit.waitMs(this.now()) ?? 0;
  }

  /** False when the circuit takes no attempt now. After true exactly one of the four `record...` below must follow. */
  tryBegin(endpointId: string): boolean {
    const state = this.#state(endpointId);
    state.triedAtMs = this.now();
    return state.circuit.tryBegin(state.triedAtMs);
  }

  /** The first good frame came. */
  recordFirstToken(endpointId: string, firstTokenMs: number): void {
    const state = this.#state(endpointId);
    const slow = state.baselineMs !== undefined && firstTokenMs > Math.max(MIN_SLOW_MS, state.baselineMs * SLOW_FACTOR);
    state.circuit.succeed(this.now(), slow);
    state.baselineMs = smooth(state.baselineMs, firstTokenMs, baselineWeight(state.firstTokens.value() === undefined, slow));
    state.firstTokenMs = smooth(state.firstTokenMs, firstTokenMs, SMOOTHING);
    state.firstTokens.add(firstTokenMs);
    state.answered++;
  }

  /** A sync answer came: its time is that of the whole answer, not of a first token. */
  recordAnswer(endpointId: string, answerMs: number): void {
    const state = this.#state(endpointId);
    state.circuit.succeed(this.now(), false);
    state.answers.add(answerMs);
    state.answered++;
  }

  recordThroughput(endpointId: string, tokens: number, durationMs: number): void {
    if (tokens <= 0 || durationMs <= 0) return;
    const state = this.#state(endpointId);
    state.tokensPerSecond = smooth(state.tokensPerSecond, (tokens * 1000) / durationMs, SMOOTHING);
  }

  /** `house`: the operator's credential that was used. One that rests now is at fault itself, and the endpoint is not. */
  recordFailure(endpointId: string, failure: UpstreamFailure, byok: boolean, house?: Credential): void {
    const state = this.#state(endpointId);
    if (!byok && house !== undefined && this.credentials.recordFailure(house, failure)) {
      state.circuit.release();
      return;
    }
    if (failure.kind === 'rate_limited' && !byok) {
      state.share = Math.max(MIN_SHARE, this.share(endpointId) / 2);
      state.shareAtMs = this.now();
    }
    if (ILL.has(failure.kind) || (!byok && ILL_IF_HOUSE.has(failure.kind))) {
      if (state.circuit.fail(this.now())) this.#announce(endpointId, state);
    } else state.circuit.release();
  }

  /** The attempt ended for a reason of the client's. */
  recordAbandoned(endpointId: string): void {
    this.#state(endpointId).circuit.release();
  }

  /** No attempt began for so long. */
  isIdle(endpointId: string, idleMs: number): boolean {
    const state = this.#endpoints.get(endpointId);
    return state === undefined || this.now() - state.triedAtMs >= idleMs;
  }

  /** What a probe found: 0 is well, else how long to leave the endpoint alone. */
  recordProbe(endpointId: string, openForMs: number): void {
    if (openForMs > 0) this.#state(endpointId).circuit.suspend(this.now(), openForMs);
    else this.#endpoints.get(endpointId)?.circuit.resume(this.now());
  }

  onHint(listener: (hint: CircuitHint) => void): void {
    this.#listeners.push(listener);
  }

  applyHint(hint: CircuitHint): void {
    this.#state(hint.endpointId).circuit.openFor(this.now(), hint.openForMs);
  }

  readings(): readonly EndpointReading[] {
    return [...this.#endpoints].map(([endpointId, state]) => ({
      endpointId,
      successRate: this.successRate(endpointId),
      firstTokenMs: state.firstTokenMs ?? null,
      tokensPerSecond: state.tokensPerSecond ?? null,
      share: this.share(endpointId),
      open: this.isOpen(endpointId),
      requests: state.answered,
    }));
  }

  #announce(endpointId: string, state: EndpointState): void {
    const hint = { endpointId, openForMs: state.circuit.waitMs(this.now()) };
    for (const listener of this.#listeners) listener(hint);
  }

  #state(endpointId: string): EndpointState {
    let state = this.#endpoints.get(endpointId);
    if (state === undefined) {
      state = {
        circuit: new CircuitBreaker(),
        firstTokenMs: undefined,
        baselineMs: undefined,
        answered: 0,
        firstTokens: new Quantile(QUANTILE),
        answers: new Quantile(QUANTILE),
        tokensPerSecond: undefined,
        share: 1,
        shareAtMs: 0,
        triedAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#endpoints.set(endpointId, state);
    }
    return state;
  }
}

function baselineWeight(unsettled: boolean, slow: boolean): number {
  if (unsettled) return SMOOTHING;
  return slow ? SLOW_BASELINE_SMOOTHING : BASELINE_SMOOTHING;
}

function smooth(old: number | undefined, reading: number, weight: number): number {
  return old === undefined ? reading : old + (reading - old) * weight;
}
