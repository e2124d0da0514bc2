/**
 * A node without sockets and files: the pool, the holds, the meter, the settlement table and the spool's state are the program's own; the
 * disk is a list of what was written, which outlives the process. A life ends by a crash at any event; the next one recovers.
 */

import { sizeHold } from '../../data-plane/admission/size-hold.js';
import { RequestMeter } from '../../data-plane/metering/meter.js';
import type { StartRecord } from '../../data-plane/metering/spool-record.js';
import { EPOCHS_PER_SECOND, firstEpoch, SpoolState } from '../../data-plane/metering/spool-state.js';
import type { Hold } from '../../data-plane/types.js';
import { GatewayError } from '../../shared/errors.js';
import type { LeaseHold } from '../../shared/lease-hold.js';
import { type LeaseJournal, LeasePool } from '../../shared/lease-pool.js';
import type { UsageEvent } from '../../shared/usage-event.js';
import type { History } from './history.js';
import type { Network } from './network.js';
import type { Script } from './vendor.js';
import type { World } from './world.js';

const PROGRESS_MS = 250;
const STALLED_MS = 5_000;
const BATCH = 50;

/** What a crash leaves. */
class Disk {
  epoch = 0;
  records: ((state: SpoolState) => void)[] = [];
  checkpoint: string | undefined;
  ends: UsageEvent[] = [];
  /** Records up to here would survive a power failure. */
  synced = { records: 0, ends: 0 };
}

export class SimulatedNode {
  #disk = new Disk();
  #life: Life | undefined;
  /** The wall clock, against the world's. */
  clockOffsetMs = 0;
  turnMs = 200;

  constructor(
    readonly id: string,
    readonly world: World,
    readonly network: Network,
    readonly history: History,
  ) {}

  get up(): boolean {
    return this.#life !== undefined;
  }

  boot(): void {
    this.#life ??= new Life(this, this.#disk);
  }

  crash(): void {
    this.#life?.end();
    this.#life = undefined;
  }

  loseDisk(): void {
    this.crash();
    this.history.diskLost(this.id);
    this.#disk = new Disk();
  }

  /** Whatever was not synced is gone. */
  losePower(): void {
    this.crash();
    this.history.diskLost(this.id);
    const { records, ends } = this.#disk.synced;
    this.#disk.records.length = records;
    this.#disk.ends.length = Math.min(ends, this.#disk.ends.length);
  }

  serve(script: Script): void {
    this.#life?.serve(script);
  }

  drain(): void {
    this.#life?.pool.drain();
  }

  get pool(): LeasePool | undefined {
    return this.#life?.pool;
  }
}

class Life implements LeaseJournal {
  readonly pool: LeasePool;
  readonly #state: SpoolState;
  readonly #meters = new Map<string, RequestMeter>();
  /** Sent so far, by epoch. */
  readonly #sent = new Map<number, number>();
  #alive = true;
  #sending = false;
  #movedAtMs: number;
  #directUpTo = 0;
  #turns = 0;

  constructor(
    private readonly node: SimulatedNode,
    private readonly disk: Disk,
  ) {
    const { world } = node;
    const earlier = this.#replay();
    disk.epoch = disk.epoch === 0 ? firstEpoch(this.#wallMs(), world.random.between(0, EPOCHS_PER_SECOND - 1)) : disk.epoch + 1;
    if (earlier) earlier.beginEpoch(disk.epoch);
    this.#state = earlier ?? new SpoolState(disk.epoch);
    this.#rotate();
    for (const event of this.#state.crashed(node.id)) this.#end(event);
    this.#movedAtMs = world.nowMs;
    this.pool = new LeasePool({ nodeId: node.id, epoch: disk.epoch, newLeaseId: () => world.random.uuid(), journal: this }, world.nowMs);
    for (const lease of this.#state.inheritedLeases()) {
      const ageMs = Math.max(0, this.#wallMs() - lease.renewedAtMs);
      this.pool.inherit({ ...lease, renewedAtMs: world.nowMs - ageMs });
    }
    this.#turn();
  }

  end(): void {
    this.#alive = false;
    for (const id of this.#meters.keys()) this.node.history.interrupted(id);
  }

  serve(script: Script): void {
    const { world, history } = this.node;
    const { request, principal, plan } = script;
    const size = sizeHold(request, principal, plan);
    const begin = (held: LeaseHold) => {
      if (!this.#alive) return;
      history.admitted(script, this.node.id);
      this.#begin(script, asHold(request.id, held));
    };
    const held = this.pool.admit(principal.accountId, principal.keyId, size.amount, world.nowMs);
    if (held) begin(held);
    else
      this.pool.ask(principal.accountId, principal.keyId, size.amount, size.minimum, world.nowMs, (outcome) => {
        if (outcome.kind === 'held') begin(outcome.hold);
        else history.refused(request.id, outcome.kind === 'refused' ? outcome.refusal : 'unavailable');
      });
    this.#pump();
  }

  // ---- the request ----

  #begin(script: Script, hold: Hold): void {
    const { request, principal, plan } = script;
    const start: StartRecord = {
      ...{
        requestId: request.id,
        region: 'sim',
        accountId: principal.accountId,
        keyId: principal.keyId,
        leaseId: hold.leaseId,
        test: false,
      },
      ...{
        modelAsked: plan.modelAsked,
        route: '',
        tier: null,
        sessionId: null,
        multiplier: principal.multiplier,
        streamed: request.stream,
      },
      ...{ startedAtMs: request.receivedAtMs, batchItemId: principal.batchItemId },
    };
    this.#write((state) => state.start(start));
    const options = { nodeId: this.node.id, epoch: this.disk.epoch, now: () => this.#wallMs() };
    const meter = new RequestMeter(options, start, request, principal, plan, hold);
    this.#meters.set(request.id, meter);
    const [candidate] = plan.candidates;
    if (script.committed && candidate) meter.commit(candidate);
    this.#frame(script, meter, 0);
  }

  #frame(script: Script, meter: RequestMeter, index: number): void {
    if (!this.#alive) return;
    const step = script.frames[index];
    if (!step) {
      if (script.ending === 'client_left') meter.abandon();
      if (script.ending === 'failed') meter.fail(new GatewayError('upstream_error', 'simulated'));
      this.#close(script.request.id, meter);
      return;
    }
    this.node.world.after(step.afterMs, () => {
      if (!this.#alive) return;
      meter.observe(step.frame);
      this.#pump();
      if (meter.fundsEnded) this.#close(script.request.id, meter);
      else this.#frame(script, meter, index + 1);
    });
  }

  #close(requestId: string, meter: RequestMeter): void {
    const settlement = meter.close();
    this.#meters.delete(requestId);
    this.#end(meter.event(settlement, this.#state.range(this.disk.epoch).last + 1));
  }

  #end(event: UsageEvent): void {
    this.#write((state) => state.end(event.requestId, event.leaseId, BigInt(event.chargeNano), event.epoch, event.sequence));
    this.disk.ends.push(event);
  }

  // ---- the spool ----

  asked(leaseId: string, accountId: string, keyId: string): void {
    this.#write((state) => state.leaseAsked(leaseId, accountId, keyId));
  }
  granted(leaseId: string, amount: bigint): void {
    const nowMs = this.#wallMs();
    this.#write((state) => state.leaseGranted(leaseId, amount, nowMs));
  }
  returning(leaseId: string, returning: boolean): void {
    this.#write((state) => state.leaseReturning(leaseId, returning));
  }
  closed(leaseId: string): void {
    this.#write((state) => state.leaseClosed(leaseId));
  }
  renewed(): void {
    const nowMs = this.#wallMs();
    this.#write((state) => state.leasesRenewed(nowMs));
  }

  #write(record: (state: SpoolState) => void): void {
    record(this.#state);
    this.disk.records.push(record);
  }

  #replay(): SpoolState | undefined {
    const { checkpoint, records } = this.disk;
    if (checkpoint === undefined) return undefined;
    const state = SpoolState.from(JSON.parse(checkpoint));
    for (const record of records) record(state);
    return state;
  }

  /** The next file begins with all that the earlier ones tell. */
  #rotate(): void {
    this.disk.checkpoint = JSON.stringify(this.#state.checkpoint(this.#wallMs()));
    this.disk.records = [];
    this.disk.synced.records = 0;
  }

  #wallMs(): number {
    return 1_800_000_000_000 + this.node.world.nowMs + this.node.clockOffsetMs;
  }

  // ---- time ----

  #turn(): void {
    if (!this.#alive) return;
    const { world, turnMs } = this.node;
    this.pool.tick(world.nowMs);
    this.#pump();
    this.#ship();
    if (this.#turns++ % Math.ceil(PROGRESS_MS / turnMs) === 0) this.#progress();
    if (world.random.chance(0.02)) this.#rotate();
    if (this.#turns % Math.ceil(1_000 / turnMs) === 0)
      this.disk.synced = { records: this.disk.records.length, ends: this.disk.ends.length };
    world.after(turnMs, () => this.#turn());
  }

  #progress(): void {
    for (const meter of this.#meters.values()) {
      const progress = meter.progress();
      if (progress) this.#write((state) => state.progress(progress));
    }
  }

  #pump(): void {
    const { network, world } = this.node;
    for (;;) {
      const call = this.pool.takeCall(world.nowMs);
      if (!call) return;
      network.lease(
        call,
        (answer) => this.#alive && this.#then(() => this.pool.answered(call, answer, world.nowMs)),
        (reached) => this.#alive && this.#then(() => this.pool.failed(call, reached, world.nowMs)),
      );
    }
  }

  #then(run: () => void): void {
    run();
    this.#pump();
  }

  // ---- shipping, as `metering/ship.ts` does it ----

  #ship(): void {
    if (this.#sending) return;
    for (const epoch of this.#state.epochs.keys()) if (this.#shipEpoch(epoch)) return;
    this.#poll();
  }

  /** True when a call is under way. */
  #shipEpoch(epoch: number): boolean {
    const { acknowledged } = this.#state.range(epoch);
    const sent = this.#sent.get(epoch) ?? acknowledged;
    const events = this.disk.ends.filter((event) => event.epoch === epoch && event.sequence > sent).slice(0, BATCH);
    const last = events.at(-1)?.sequence;
    if (last === undefined) return false;
    const batch = { nodeId: this.node.id, epoch, events };
    if (epoch === this.disk.epoch && last > this.#directUpTo && this.node.network.append(batch)) {
      this.#sent.set(epoch, last);
      return false;
    }
    this.#sending = true;
    this.node.network.usage(
      batch,
      (reached) => this.#sentDirectly(epoch, last, reached),
      () => {
        this.#sending = false;
      },
    );
    return true;
  }

  #sentDirectly(epoch: number, last: number, acknowledged: number): void {
    this.#sending = false;
    if (!this.#alive) return;
    this.#sent.set(epoch, last);
    this.#acknowledge(epoch, acknowledged);
  }

  #poll(): void {
    const { network, world, id } = this.node;
    const { epoch } = this.disk;
    const { last, acknowledged } = this.#state.range(epoch);
    if (acknowledged >= last) {
      this.#movedAtMs = world.nowMs;
      return;
    }
    const known = network.readAcknowledged(id, epoch);
    if (known !== undefined) this.#acknowledge(epoch, known);
    if (world.nowMs - this.#movedAtMs < STALLED_MS) return;
    this.#movedAtMs = world.nowMs;
    network.acknowledgedBy(
      id,
      epoch,
      (answer) => {
        if (!this.#alive) return;
        this.#acknowledge(epoch, answer);
        this.#directUpTo = this.#state.range(epoch).last;
        this.#sent.set(epoch, this.#state.range(epoch).acknowledged);
      },
      () => undefined,
    );
  }

  #acknowledge(epoch: number, sequence: number): void {
    const { last, acknowledged } = this.#state.range(epoch);
    if (sequence > last || sequence <= acknowledged) return;
    this.#write((state) => state.acknowledged(epoch, sequence));
    this.#movedAtMs = this.node.world.nowMs;
  }
}

function asHold(requestId: string, held: LeaseHold): Hold {
  const figures = { limit: 1, remaining: 1, resetMs: 0 };
  return {
    requestId,
    accountId: held.lease.accountId,
    keyId: held.lease.keyId,
    leaseId: held.lease.id,
    limits: { requests: figures, tokens: figures },
    get amount() {
      return held.amount;
    },
    get refused() {
      return held.refused;
    },
    outputTokens: null,
    extend: (more) => held.extend(more),
    settle: (actual) => held.settle(actual),
    cancel: () => held.cancel(),
  };
}
