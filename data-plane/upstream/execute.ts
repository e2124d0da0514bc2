/**
 * Attempts in the order of the plan until one reaches its commit point: the first frame that carries something for the client. An error
 * as a stream's first event is before it, and fails over in silence.
 * - Another candidate is preferred to asking the same one again; those whose failure may pass are asked again after decorrelated jitter
 *   or the vendor's retry-after, while the deadline allows.
 * - A failure that another vendor would repeat (the request is wrong) ends the search at once.
 * - Each try is recorded with the meter, and moves the endpoint's health.
 * - The client's abort cancels the vendor's call at once. When every candidate failed: a GatewayError with the outcomes.
 * Called by the pipeline alone, once a request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { drawByWeight } from '../../shared/draw-by-weight.js';
import { GatewayError } from '../../shared/errors.js';
import type { Candidate, CompletionRequest, Credential, Meter, RoutePlan, UpstreamAnswer } from '../types.js';
import { Attempt, type Committed } from './attempt.js';
import { buildTarget } from './attempt-target.js';
import type { UpstreamClient } from './dispatch.js';
import { type FailedAttempt, reportFailures } from './failure-report.js';
import { inlineMedia } from './fetch-media.js';
import { failureOf } from './frames.js';
import type { Health } from './health.js';
import { ADAPTERS } from './protocols/adapters.js';
import { type FailureKind, UpstreamFailure } from './protocols/protocol-adapter.js';
import { beginTimeMs, nextWaitMs, type UsualBegin } from './time-budget.js';

/** Tries of one request in all: beyond, a customer waits for nothing and a sick vendor is hammered. */
const MAX_ATTEMPTS = 8;
const MAX_ROUNDS = 3;
/** Why the slower of two hedged tries is cancelled: recorded as `hedged`, so that its cost can be seen. */
const HEDGE_LOST = new UpstreamFailure('aborted', 'another candidate answered first', { retryable: false, failover: false });
/** A kept connection that the vendor had just closed: asking again at once, on a new one, is right. */
const STALE_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const CREDENTIAL_AT_FAULT: ReadonlySet<FailureKind> = new Set(['auth', 'billing']);

export interface ExecuteDependencies {
  readonly client: UpstreamClient;
  readonly health: Health;
  /** Unix milliseconds: deadlines count from `request.receivedAtMs`. */
  readonly wallClock: () => number;
  /** Milliseconds that never jump: durations. */
  readonly now: () => number;
  readonly random: () => number;
  /** Told of every failed try, with the vendor's words: for logs and the operator. */
  readonly onFailure: (failed: FailedAttempt, requestId: string) => void;
}

/** One try on its way. `outcome` never rejects. */
interface Try {
  readonly candidate: Candidate;
  readonly attempt: Attempt;
  readonly outcome: Promise<Won | UpstreamFailure>;
}

interface Won extends Committed {
  readonly candidate: Candidate;
}

export function execute(
  dependencies: ExecuteDependencies,
  plan: RoutePlan,
  request: CompletionRequest,
  meter: Meter,
  signal: AbortSignal,
): Promise<UpstreamAnswer> {
  return new Execution(dependencies, plan, request, meter, signal).run();
}

class Execution {
  readonly #running = new Set<Attempt>();
  readonly #failed: FailedAttempt[] = [];
  #attempts = 0;
  readonly #abort = () => {
    for (const attempt of this.#running) attempt.abort(clientLeft());
  };

  constructor(
    private readonly dependencies: ExecuteDependencies,
    private readonly plan: RoutePlan,
    private readonly request: CompletionRequest,
    private readonly meter: Meter,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<UpstreamAnswer> {
    if (this.signal.aborted) throw clientLeft();
    this.signal.addEventListener('abort', this.#abort, { once: true });
    try {
      const won = await this.#search();
      const { plan } = this;
      this.meter.commit(won.candidate);
      const dropped = won.dropped.length === 0 ? won.candidate.dropped : [...new Set([...won.candidate.dropped, ...won.dropped])];
      return {
        served: { candidate: won.candidate, plan, attempts: this.#attempts, stream: this.request.stream, dropped },
        frames: won.frames,
        truncate: () => won.frames.truncate(),
      };
    } catch (error) {
      this.signal.removeEventListener('abort', this.#abort);
      throw error;
    }
  }

  async #search(): Promise<Won> {
    let candidates: readonly Candidate[] = this.plan.candidates;
    let waitMs = 0;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.#failed.length;
      const won = await this.#tryAll(candidates);
      if (won !== undefined) return won;
      const again = this.#failed.slice(before).filter(({ failure }) => failure.retryable);
      const retryAfterMs = again.map(({ failure }) => failure.retryAfterMs ?? 0).reduce((left, right) => Math.min(left, right), Infinity);
      const wait = nextWaitMs(waitMs, again.length === 0 ? undefined : retryAfterMs, this.#remainingMs(), this.dependencies.random);
      if (again.length === 0 || wait === undefined || this.#attempts >= MAX_ATTEMPTS) break;
      waitMs = wait;
      await sleep(wait, undefined, { signal: this.signal }).catch(() => Promise.reject(clientLeft()));
      candidates = [...new Set(again.map(({ candidate }) => candidate))];
    }
    throw this.#report();
  }

  #report(): GatewayError {
    if (this.#failed.length > 0) return reportFailures(this.#failed);
    const waits = this.plan.candidates.map(({ endpoint }) => this.dependencies.health.waitMs(endpoint.id));
    return new GatewayError('no_available_provider', 'Every provider of this model is failing just now. Try again shortly.', {
      retryAfterMs: Math.max(1_000, Math.min(...waits)),
    });
  }

  /** Each once, in order. Undefined when all of them failed. */
  async #tryAll(candidates: readonly Candidate[]): Promise<Won | undefined> {
    for (let position = 0; position < candidates.length; position++) {
      const candidate = candidates[position];
      if (candidate === undefined || this.#attempts >= MAX_ATTEMPTS || this.#remainingMs() <= 0) break;
      const spare = candidates[position + 1];
      // A circuit that opened since the plan was made is passed over while anybody else is left.
      const mayBegin = this.dependencies.health.tryBegin(candidate.endpoint.id);
      if (!mayBegin && (spare !== undefined || this.#failed.length > 0)) continue;
      const outcome = await this.#tryCredentials(candidate, spare);
      if (!(outcome instanceof UpstreamFailure)) return outcome;
      if (outcome.kind === 'aborted') throw outcome;
      if (!outcome.failover) throw reportFailures(this.#failed.slice(-1));
      if (outcome.vendorCode !== undefined && STALE_CONNECTION.has(outcome.vendorCode) && this.#attempts < MAX_ATTEMPTS) {
        const second = await this.#begin(candidate, spare !== undefined).outcome;
        if (!(second instanceof UpstreamFailure)) return second;
        if (second.kind === 'aborted') throw second;
      }
    }
    return undefined;
  }

  /** A credential of the house that is refused rests from now on; the vendor's others follow at once, drawn by weight. */
  #tryCredentials(candidate: Candidate, spare: Candidate | undefined): Promise<Won | UpstreamFailure> {
    const { siblings, credential, byok } = candidate;
    const mayUse = byok || this.dependencies.health.credentials.tryBegin(credential);
    return siblings === undefined ? this.#tryHedged(candidate, spare) : this.#trySiblings(candidate, siblings, mayUse, spare);
  }

  async #trySiblings(candidate: Candidate, siblings: readonly Credential[], mayUse: boolean, spare: Candidate | undefined) {
    const used = new Set<Credential>();
    let next = mayUse ? candidate : (this.#withSibling(candidate, siblings, used) ?? candidate);
    let outcome = await this.#tryHedged(next, spare);
    while (outcome instanceof UpstreamFailure && CREDENTIAL_AT_FAULT.has(outcome.kind) && this.#attempts < MAX_ATTEMPTS) {
      used.add(next.credential);
      const other = this.#withSibling(candidate, siblings, used);
      if (other === undefined) break;
      next = other;
      outcome = await this.#begin(next, spare !== undefined).outcome;
    }
    return outcome;
  }

  #withSibling(candidate: Candidate, siblings: readonly Credential[], used: ReadonlySet<Credential>): Candidate | undefined {
    const { health, random } = this.dependencies;
    const credential = drawByWeight(siblings, (one) => !used.has(one) && !health.isResting(one), random);
    return credential !== undefined && health.credentials.tryBegin(credential) ? { ...candidate, credential } : undefined;
  }

  /** Where the group asks for it, a second candidate starts when the first is slower than its own 95th percentile; the loser is cancelled. */
  #tryHedged(candidate: Candidate, spare: Candidate | undefined): Promise<Won | UpstreamFailure> {
    const first = this.#begin(candidate, spare !== undefined);
    const slowMs =
      this.plan.hedge && this.request.stream && spare !== undefined
        ? this.dependencies.health.slowFirstTokenMs(candidate.endpoint.id)
        : undefined;
    return slowMs === undefined || spare === undefined ? first.outcome : this.#hedge(first, spare, slowMs);
  }

  async #hedge(first: Try, spare: Candidate, slowMs: number): Promise<Won | UpstreamFailure> {
    const { health } = this.dependencies;
    const patience = new AbortController();
    const early = await Promise.race([first.outcome, sleep(slowMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    if (early !== undefined || !health.tryBegin(spare.endpoint.id)) return early ?? first.outcome;
    return this.#race(first, this.#begin(spare, false));
  }

  async #race(first: Try, second: Try): Promise<Won | UpstreamFailure> {
    const tagged = [first, second].map(async (one) => ({ one, outcome: await one.outcome }));
    const { one, outcome } = await Promise.race(tagged);
    const other = one === first ? second : first;
    if (outcome instanceof UpstreamFailure) return other.outcome;
    other.attempt.abort(HEDGE_LOST);
    // It may have committed in the same moment.
    void other.outcome.then(async (late) => (late instanceof UpstreamFailure ? undefined : late.frames.return?.()));
    return outcome;
  }

  #begin(candidate: Candidate, othersLeft: boolean): Try {
    const { client, now } = this.dependencies;
    this.#attempts++;
    const { timeouts, protocol } = candidate.endpoint.vendor;
    const attempt = new Attempt(client, {
      now,
      connectMs: timeouts.connectMs,
      idleMs: timeouts.idleMs,
      beginMs: beginTimeMs(timeouts.firstTokenMs, this.#remainingMs(), othersLeft, this.#usualBegin(candidate)),
      userSupplied: candidate.credential.owner === 'byok' && candidate.credential.baseUrl !== undefined,
      ...(this.request.traceparent !== undefined && { traceparent: this.request.traceparent }),
      adapter: ADAPTERS[protocol],
      prepare: () => inlineMedia(buildTarget(candidate, this.request, this.meter.outputLimit), protocol, client),
    });
    this.#running.add(attempt);
    return { candidate, attempt, outcome: this.#follow(candidate, attempt) };
  }

  #usualBegin({ endpoint }: Candidate): UsualBegin {
    const { health } = this.dependencies;
    const hungBefore = this.#failed.some(({ candidate, failure }) => candidate.endpoint === endpoint && failure.kind === 'timeout');
    if (this.request.stream) return { slowMs: health.slowFirstTokenMs(endpoint.id), hungBefore, sync: false, outputTokens: 0 };
    return { slowMs: health.slowAnswerMs(endpoint.id), hungBefore, sync: true, outputTokens: this.plan.estimate.outputExpected };
  }

  async #follow(candidate: Candidate, attempt: Attempt): Promise<Won | UpstreamFailure> {
    const { health, now } = this.dependencies;
    const startedAtMs = now();
    let firstTokenMs: number | null = null;
    try {
      const committed = await attempt.run((failure, tokens) => {
        this.#running.delete(attempt);
        if (this.#running.size === 0) this.signal.removeEventListener('abort', this.#abort);
        const durationMs = now() - startedAtMs;
        if (failure !== undefined && failure.kind !== 'aborted')
          health.recordFailure(candidate.endpoint.id, failure, candidate.byok, candidate.credential);
        else health.recordThroughput(candidate.endpoint.id, tokens, durationMs - (this.request.stream ? (firstTokenMs ?? 0) : 0));
        this.#record(candidate, failure?.kind ?? 'ok', committedStatus(failure), durationMs, firstTokenMs);
      });
      firstTokenMs = now() - startedAtMs;
      if (!candidate.byok) health.credentials.recordSuccess(candidate.credential);
      if (this.request.stream) health.recordFirstToken(candidate.endpoint.id, firstTokenMs);
      else health.recordAnswer(candidate.endpoint.id, firstTokenMs);
      return { ...committed, candidate };
    } catch (error) {
      const failure = failureOf(error);
      this.#running.delete(attempt);
      if (failure.kind === 'aborted') {
        health.recordAbandoned(candidate.endpoint.id);
        health.credentials.release(candidate.credential);
      } else health.recordFailure(candidate.endpoint.id, failure, candidate.byok, candidate.credential);
      this.#failed.push({ candidate, failure });
      this.#record(candidate, failure === HEDGE_LOST ? 'hedged' : failure.kind, failure.status ?? null, now() - startedAtMs, null);
      if (failure.kind !== 'aborted') this.dependencies.onFailure({ candidate, failure }, this.request.id);
      return failure;
    }
  }

  #record(candidate: Candidate, outcome: string, status: number | null, durationMs: number, firstTokenMs: number | null): void {
    this.meter.attempt({
      vendorId: candidate.endpoint.vendorId,
      endpointId: candidate.endpoint.id,
      model: candidate.model.id,
      credential: candidate.byok ? 'byok' : 'house',
      outcome,
      status,
      durationMs: Math.round(durationMs),
      firstTokenMs: firstTokenMs === null ? null : Math.round(firstTokenMs),
    });
  }

  #remainingMs(): number {
    return this.request.deadlineMs - (this.dependencies.wallClock() - this.request.receivedAtMs);
  }
}

function committedStatus(failure: UpstreamFailure | undefined): number {
  return failure?.status ?? 200;
}

function clientLeft(): UpstreamFailure {
  return new UpstreamFailure('aborted', 'the client left', { retryable: false, failover: false });
}
