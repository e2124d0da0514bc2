/**
 * Counts one request: what was delivered, what the vendor reported, what it costs so far, whether the hold still covers it.
 *
 * - Per frame it adds a few numbers; money is computed only when about half of what is set aside may be used, and at the end.
 * - The charge is min(actual, hold and what the lease has left), and exactly the `usage.cost` that the customer was shown.
 * - A stream without max_tokens sets aside more as it goes; when the wallet has no more, `fundsEnded` ends it with `length`.
 */
import { ERRORS, type ErrorCode, GatewayError } from '../../shared/errors.js';
import { smaller } from '../../shared/lease.js';
import { byokChargeFor, chargeFor, type NanoUsd, NO_TOKENS, type TokenBuckets, totalTokens } from '../../shared/money.js';
import type { AttemptRecord, UsageEvent } from '../../shared/usage-event.js';
import type { Candidate, CompletionRequest, Frame, Hold, Meter, Principal, RoutePlan, Settlement, UsageReport } from '../types.js';
import { chatUsage } from './chat-usage.js';
import { type CountedUsage, countSoFar, countUsage, type Ending } from './count-usage.js';
import type { ProgressRecord, StartRecord } from './spool-record.js';

/** What is set aside at a time while a stream runs, in output tokens. */
const CHUNK_TOKENS = 2_048;
/** While the answer to `extend` is awaited, funds are looked at again after this share of a chunk. */
const RECHECK = 32;
/** Exclusions of a request for one of 200 models: the first say why. */
const MOST_EXCLUDED = 20;
/** The status that logs and records give a client that left (nginx's). */
const CLIENT_LEFT_STATUS = 499;

export interface MeterOptions {
  readonly nodeId: string;
  readonly epoch: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class RequestMeter implements Meter {
  readonly outputLimit: number;
  fundsEnded = false;
  #candidate: Candidate | undefined;
  readonly #attempts: AttemptRecord[] = [];
  #usage: UsageReport | undefined;
  #deliveredBytes = 0;
  #finishReason: string | null = null;
  #firstTokenMs: number | null = null;
  #ending: Ending = 'completed';
  #error: unknown;
  #checkAtBytes = Number.POSITIVE_INFINITY;
  /** What the customer was told that this costs. */
  #shown: { readonly actual: NanoUsd; readonly charge: NanoUsd } | undefined;
  #progressAtBytes = 0;
  #counted: CountedUsage | undefined;

  constructor(
    private readonly options: MeterOptions,
    readonly start: StartRecord,
    private readonly request: CompletionRequest,
    private readonly principal: Principal,
    private readonly plan: RoutePlan,
    private readonly hold: Hold,
  ) {
    this.outputLimit = hold.outputTokens ?? Number.POSITIVE_INFINITY;
  }

  commit(candidate: Candidate): void {
    this.#candidate = candidate;
    const grows = this.request.stream && this.hold.leaseId !== null && this.hold.amount < this.plan.ceiling;
    if (grows) this.#checkAtBytes = this.#affordableBytes(candidate) / 2;
  }

  attempt(record: AttemptRecord): void {
    this.#attempts.push(record);
  }

  observe(frame: Frame): Buffer {
    if (frame.deliveredBytes > 0) {
      this.#deliveredBytes += frame.deliveredBytes;
      if (this.#firstTokenMs === null) this.#firstTokenMs = this.#elapsedMs();
    }
    if (frame.usage) this.#usage = frame.usage;
    if (frame.finishReason !== undefined) this.#finishReason = frame.finishReason;
    if (this.#deliveredBytes >= this.#checkAtBytes) this.#checkFunds();
    if (!frame.render) return frame.data;
    const rendered = frame.render(chatUsage(this.#price()));
    return frame.data.length === 0 ? rendered : Buffer.concat([frame.data, rendered]);
  }

  abandon(): void {
    this.#ending = 'client_left';
  }

  fail(error: unknown): void {
    this.#ending = 'failed';
    this.#error = error;
  }

  cost(): NanoUsd {
    return this.#shown?.charge ?? this.#quote(this.#soFar()).charge;
  }

  close(): Settlement {
    const counted = countUsage({ ...this.#facts(), ending: this.fundsEnded ? 'funds_ended' : this.#ending });
    const { buckets, reasoningTokens, reason } = counted;
    const actual = this.#actual(buckets);
    const shown = this.#shown?.actual === actual ? this.#shown.charge : undefined;
    const charge = this.hold.settle(shown ?? actual, totalTokens(buckets));
    this.#counted = counted;
    return { requestId: this.request.id, buckets, reasoningTokens, actual, charge, reason };
  }

  /** What goes to the ledger. After `close`. */
  event(settlement: Settlement, sequence: number): UsageEvent {
    const { start } = this;
    const served = servedBy(this.#candidate);
    const { status, errorCode } = this.#outcome();
    // Member by member: an object that is spread together is slow to make and slow to write.
    return {
      requestId: start.requestId,
      region: start.region,
      accountId: start.accountId,
      keyId: start.keyId,
      leaseId: start.leaseId,
      test: start.test,
      modelAsked: start.modelAsked,
      route: start.route,
      tier: start.tier,
      sessionId: start.sessionId,
      multiplier: start.multiplier,
      streamed: start.streamed,
      startedAtMs: start.startedAtMs,
      batchItemId: start.batchItemId,
      nodeId: this.options.nodeId,
      epoch: this.options.epoch,
      sequence,
      model: served.model,
      vendorId: served.vendorId,
      endpointId: served.endpointId,
      upstreamModel: served.upstreamModel,
      byok: served.byok,
      priceRevision: served.priceRevision,
      attempts: this.#attempts,
      excluded: this.plan.excluded.length > MOST_EXCLUDED ? this.plan.excluded.slice(0, MOST_EXCLUDED) : this.plan.excluded,
      buckets: settlement.buckets,
      reasoningTokens: settlement.reasoningTokens,
      actualNano: settlement.actual.toString(),
      chargeNano: settlement.charge.toString(),
      reason: settlement.reason,
      estimated: this.#counted?.estimated ?? false,
      usageMismatch: this.#counted?.mismatch ?? false,
      status,
      errorCode,
      finishReason: this.fundsEnded ? 'length' : this.#finishReason,
      firstTokenMs: this.#firstTokenMs,
      totalMs: this.#elapsedMs(),
    };
  }

  /** What the spool should know if the process died now; undefined when nothing is new. */
  progress(): ProgressRecord | undefined {
    if (!this.#candidate || this.#deliveredBytes === this.#progressAtBytes) return undefined;
    this.#progressAtBytes = this.#deliveredBytes;
    const { buckets, reasoningTokens, mismatch } = this.#soFar();
    const { actual, charge } = this.#quote({ buckets });
    return {
      requestId: this.request.id,
      ...servedBy(this.#candidate),
      buckets,
      reasoningTokens,
      actualNano: actual.toString(),
      chargeNano: charge.toString(),
      usageMismatch: mismatch,
      attempts: this.#attempts,
      firstTokenMs: this.#firstTokenMs,
      totalMs: this.#elapsedMs(),
    };
  }

  /** Sets aside more when less than half a chunk is left, and sees whether the funds ended. */
  #checkFunds(): void {
    const candidate = this.#candidate;
    if (!candidate) return;
    const chunkBytes = this.#chunkBytes(candidate);
    const chunk = this.#actual({ ...NO_TOKENS, output: CHUNK_TOKENS });
    const cost = this.#actual(this.#soFar().buckets);
    const extended = this.hold.amount - cost >= chunk / 2n || this.hold.extend(chunk);
    const over = cost - this.hold.amount;
    // Without an answer the stream runs on for one chunk; the wallet's own word ends it at once.
    this.fundsEnded = !extended && over > 0n && (this.hold.refused || over > chunk);
    const soon = this.#deliveredBytes + chunkBytes / (extended ? 4 : RECHECK);
    // Where the hold ends it is looked at in that very frame: beyond it the platform pays.
    this.#checkAtBytes = extended ? soon : Math.max(this.#deliveredBytes + 1, Math.min(soon, this.#affordableBytes(candidate)));
  }

  /** What the hold pays for beyond the input. */
  #affordableBytes(candidate: Candidate): number {
    const left = this.hold.amount - this.#actual({ ...NO_TOKENS, inputUncached: this.plan.estimate.input });
    const chunk = this.#actual({ ...NO_TOKENS, output: CHUNK_TOKENS });
    return left > 0n && chunk > 0n ? (Number(left) / Number(chunk)) * this.#chunkBytes(candidate) : 0;
  }

  #chunkBytes(candidate: Candidate): number {
    return (CHUNK_TOKENS * candidate.model.bytesPerTokenHundredths) / 100;
  }

  /** Prices the usage as it will be settled, and remembers what was shown. */
  #price() {
    const candidate = this.#candidate;
    const counted = candidate ? countUsage({ ...this.#facts(), ending: this.fundsEnded ? 'funds_ended' : 'completed' }) : this.#soFar();
    const quote = this.#quote(counted);
    this.#shown = quote;
    return {
      buckets: counted.buckets,
      reasoningTokens: counted.reasoningTokens,
      estimated: counted.estimated,
      charge: quote.charge,
      inputCharge: smaller(this.#actual({ ...counted.buckets, output: 0, requests: 0 }), quote.charge),
      byok: candidate?.byok ?? false,
      multiplier: this.principal.multiplier,
      priceRevision: candidate && !candidate.byok ? candidate.model.price.revision : null,
    };
  }

  /** `charge` is covered by the hold, which takes what it needs from the lease first. */
  #quote({ buckets }: Pick<CountedUsage, 'buckets'>): { readonly actual: NanoUsd; readonly charge: NanoUsd } {
    const actual = this.#actual(buckets);
    if (this.hold.leaseId === null) return { actual, charge: 0n };
    if (actual > this.hold.amount) this.hold.extend(actual - this.hold.amount);
    return { actual, charge: smaller(actual, this.hold.amount) };
  }

  #actual(buckets: TokenBuckets): NanoUsd {
    if (!this.#candidate || this.hold.leaseId === null) return 0n;
    const { multiplier } = this.principal;
    return this.#candidate.byok ? byokChargeFor(buckets, multiplier) : chargeFor(buckets, this.#candidate.model.price, multiplier);
  }

  #soFar(): CountedUsage {
    return countSoFar(this.#facts());
  }

  #facts() {
    return {
      candidate: this.#candidate,
      estimate: this.plan.estimate,
      usage: this.#usage,
      finished: this.#finishReason !== null,
      deliveredBytes: this.#deliveredBytes,
    };
  }

  #outcome(): Pick<UsageEvent, 'status' | 'errorCode'> {
    if (this.#ending === 'client_left') return { status: CLIENT_LEFT_STATUS, errorCode: null };
    if (this.#ending !== 'failed') return { status: 200, errorCode: null };
    const error = this.#error;
    const { status, code } = error instanceof GatewayError ? error : brokeOff(error);
    return { status: this.#candidate && this.request.stream ? 200 : status, errorCode: code };
  }

  #elapsedMs(): number {
    return Math.max(0, this.options.now() - this.request.receivedAtMs);
  }
}

/** What is thrown after the commit point is the vendor's failure or a fault of ours; the stages share no class for the former. */
function brokeOff(error: unknown): { readonly status: number; readonly code: ErrorCode } {
  const code = error instanceof Error && error.name === 'UpstreamFailure' ? 'upstream_error' : 'internal_error';
  return { status: ERRORS[code].status, code };
}

function servedBy(candidate: Candidate | undefined) {
  return {
    model: candidate?.model.id ?? null,
    vendorId: candidate?.endpoint.vendorId ?? null,
    endpointId: candidate?.endpoint.id ?? null,
    upstreamModel: candidate?.endpoint.upstreamModel ?? null,
    byok: candidate?.byok ?? false,
    priceRevision: candidate && !candidate.byok ? candidate.model.price.revision : null,
  };
}
