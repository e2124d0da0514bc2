/**
 * THE request, top to bottom. Each stage is a function over plain data; the order is here and nowhere else.
 *
 * - One snapshot from beginning to end: a price that changes meanwhile does not.
 * - Before the commit point (the first good frame) failover is silent; after it never: the client gets one error frame.
 * - Every admitted request settles exactly once, through the one `finally`: success, failure, abort, funds ended.
 * - When a stage's dependency fails it throws a GatewayError of the catalogue; our own failure is never a 401.
 */
import { GatewayError } from '../shared/errors.js';
import type {
  ClientConnection,
  CompletionRequest,
  HealthView,
  Hold,
  Meter,
  Principal,
  RoutePlan,
  Settlement,
  Snapshot,
  UpstreamAnswer,
} from './types.js';

export interface Caller {
  readonly authorization: string | undefined;
  /** The client's address, after trusted proxies. */
  readonly address: string;
  /** The region that the host named, if any: 421 when it is not this node's. */
  readonly pinnedRegion: string | null;
  /** A batch worker's signed ticket. */
  readonly batchTicket: string | undefined;
}

export interface Stages {
  /** Throws `not_ready` when no configuration was ever applied. */
  snapshot(): Snapshot;
  authenticate(caller: Caller, snapshot: Snapshot): Principal;
  health(): HealthView;
  planRoute(request: CompletionRequest, principal: Principal, snapshot: Snapshot, health: HealthView, random: () => number): RoutePlan;
  /** Rate limits, then money. Throws 429, 402, 403 or 503; nothing is held when it throws. */
  admit(request: CompletionRequest, principal: Principal, plan: RoutePlan): Hold | Promise<Hold>;
  /** Writes START: from here on there is exactly one END. */
  openMeter(request: CompletionRequest, principal: Principal, plan: RoutePlan, hold: Hold): Meter | Promise<Meter>;
  execute(plan: RoutePlan, request: CompletionRequest, meter: Meter, signal: AbortSignal): Promise<UpstreamAnswer>;
  /** Never throws: it spools. */
  settle(hold: Hold, settlement: Settlement): void;
  random(): number;
}

/** A request as it came in: its bytes are here, its JSON is read only for a caller who is known. */
export interface Incoming {
  readonly caller: Caller;
  /** Throws `invalid_request` that names the field. */
  read(): CompletionRequest;
}

/** Throws what the customer must be told (a GatewayError) and whatever broke; the caller of this function renders it. */
export async function handleCompletion(stages: Stages, incoming: Incoming, client: ClientConnection): Promise<void> {
  const snapshot = stages.snapshot();
  const principal = stages.authenticate(incoming.caller, snapshot);
  const request = incoming.read();
  const plan = stages.planRoute(request, principal, snapshot, stages.health(), stages.random);
  const hold = await stages.admit(request, principal, plan);
  const meter = await stages.openMeter(request, principal, plan, hold);
  try {
    const answer = await stages.execute(plan, request, meter, client.signal);
    client.begin(answer.served, hold.limits);
    for await (const frame of answer.frames) {
      const full = client.send(meter.observe(frame));
      if (full !== undefined) await full;
      if (meter.fundsEnded) break; // leaving the loop cancels the vendor's call
    }
    if (meter.fundsEnded) await client.send(meter.observe(answer.truncate()));
    client.end(meter.cost());
  } catch (error) {
    if (clientLeft(client.signal)) meter.abandon();
    else meter.fail(error);
    throw error;
  } finally {
    stages.settle(hold, meter.close());
  }
}

/** A deadline or a shutdown aborts too, and says so with an error of the catalogue. */
function clientLeft(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof GatewayError);
}
