/**
 * Whether an event may be settled, from the event alone and facts that never change (whose key it is, what a price revision says).
 * Pure. What fails here is quarantined with its reason: nothing is charged for it, and nothing is lost.
 */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  BATCH_50,
  byokChargeFor,
  chargeFor,
  INTERACTIVE,
  MAX_NANO_USD,
  type Multiplier,
  type NanoUsd,
  type PriceSheet,
  type TokenBuckets,
} from '../../shared/money.js';
import type { UsageEvent } from '../../shared/usage-event.js';
import { FREE_REASONS } from '../modules/billing/ledger-chain.js';

export type QuarantineReason =
  | 'malformed_batch'
  | 'malformed_event'
  | 'foreign_event'
  | 'unknown_key'
  | 'wrong_account'
  | 'wrong_key_kind'
  | 'absurd_count'
  | 'absurd_amount'
  | 'unknown_price'
  | 'wrong_charge'
  | 'missing_lease'
  | 'unknown_lease'
  | 'foreign_lease'
  | 'sequence_reused'
  | 'request_reused'
  | 'database_refused';

/** An event as it arrived, with the node and epoch of the batch that carried it. */
export interface Arrival {
  readonly nodeId: string;
  readonly epoch: number;
  readonly raw: unknown;
}

export interface CheckedEvent {
  readonly event: UsageEvent;
  /** Recomputed here, bit for bit. 0 where the settlement table charges nothing. */
  readonly actual: NanoUsd;
  /** What the node says that the customer pays; at most `actual`. */
  readonly claimed: NanoUsd;
  /** What the same tokens cost interactively: of batch items alone, whose saving is shown. */
  readonly interactive: NanoUsd | undefined;
}

export interface RefusedEvent {
  readonly nodeId: string | null;
  readonly epoch: number | null;
  /** Null when it cannot be read: the cursor does not move past such an event. */
  readonly sequence: number | null;
  readonly requestId: string | null;
  readonly reason: QuarantineReason;
  readonly detail: string;
  readonly text: string;
}

export interface PriceRecord {
  readonly modelId: string;
  readonly sheet: PriceSheet;
}

/** What is known of keys and prices. */
export interface Facts {
  key(id: string): { readonly accountId: string; readonly test: boolean } | undefined;
  price(revision: number): PriceRecord | undefined;
}

/** In one bucket of one request. The largest context sold is 10 million tokens. */
const MAX_TOKENS = 100_000_000;

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const Uuid = Type.String({ pattern: UUID });
/** Text that PostgreSQL can hold, and that is no vehicle for anything else. */
const Name = Type.String({ maxLength: 300, pattern: '^[^\\u0000-\\u001f\\ud800-\\udfff]*$' });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
const Amount = Type.String({ pattern: '^[0-9]{1,40}$' });

const EventSchema = Compile(
  Type.Object({
    requestId: Uuid,
    nodeId: Name,
    epoch: Count,
    sequence: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    region: Name,
    accountId: Uuid,
    keyId: Uuid,
    leaseId: Nullable(Uuid),
    test: Type.Boolean(),
    modelAsked: Type.String(),
    model: Nullable(Name),
    vendorId: Nullable(Name),
    byok: Type.Boolean(),
    attempts: Type.Array(Type.Object({})),
    excluded: Type.Array(Type.Object({})),
    buckets: Type.Object({
      inputUncached: Type.Integer(),
      cacheRead: Type.Integer(),
      cacheWrite5m: Type.Integer(),
      cacheWrite1h: Type.Integer(),
      output: Type.Integer(),
      requests: Type.Integer(),
    }),
    reasoningTokens: Type.Integer(),
    priceRevision: Nullable(Count),
    multiplier: Type.Object({ numerator: Type.Integer(), denominator: Type.Integer() }),
    actualNano: Amount,
    chargeNano: Amount,
    reason: Type.Union(
      ['completed', 'client_closed', 'upstream_cut', 'no_output', 'estimated', 'node_crash', 'funds_ended', 'rejected'].map((reason) =>
        Type.Literal(reason),
      ),
    ),
    estimated: Type.Boolean(),
    usageMismatch: Type.Boolean(),
    status: Type.Integer(),
    startedAtMs: Type.Integer(),
    batchItemId: Nullable(Name),
  }),
);

/** The schema covers every member that money depends on; the others are only shown. */
function isEvent(raw: unknown): raw is UsageEvent {
  return EventSchema.Check(raw);
}

export function checkEvent(arrival: Arrival, facts: Facts): CheckedEvent | RefusedEvent {
  const { raw } = arrival;
  if (!isEvent(raw)) {
    const [first] = EventSchema.Errors(raw);
    return refuseEvent(arrival, 'malformed_event', first ? `${first.instancePath} ${first.message}` : 'not an event');
  }
  const event = raw;
  if (event.nodeId !== arrival.nodeId || event.epoch !== arrival.epoch)
    return refuseEvent(
      arrival,
      'foreign_event',
      `event of ${event.nodeId}/${event.epoch} in a batch of ${arrival.nodeId}/${arrival.epoch}`,
    );
  const key = facts.key(event.keyId);
  if (!key) return refuseEvent(arrival, 'unknown_key', event.keyId);
  if (key.accountId !== event.accountId) return refuseEvent(arrival, 'wrong_account', `key ${event.keyId} is of another account`);
  if (key.test !== event.test) return refuseEvent(arrival, 'wrong_key_kind', key.test ? 'a test key charged' : 'a live key served free');
  const counts = [...Object.values(event.buckets), event.reasoningTokens];
  if (counts.some((count) => count < 0 || count > MAX_TOKENS)) return refuseEvent(arrival, 'absurd_count', JSON.stringify(event.buckets));
  return checkCharge(arrival, event, facts);
}

function checkCharge(arrival: Arrival, event: UsageEvent, facts: Facts): CheckedEvent | RefusedEvent {
  const stated = BigInt(event.actualNano);
  const claimed = BigInt(event.chargeNano);
  if (stated > MAX_NANO_USD || claimed > stated)
    return refuseEvent(arrival, 'absurd_amount', `charge ${event.chargeNano} of ${event.actualNano}`);
  if (event.test || FREE_REASONS.has(event.reason)) {
    if (claimed > 0n) return refuseEvent(arrival, 'wrong_charge', `${event.test ? 'a test key' : event.reason} is free, not ${claimed}`);
    return { event, actual: 0n, claimed, interactive: undefined };
  }
  if (!isMultiplier(event.multiplier, event.batchItemId)) return refuseEvent(arrival, 'wrong_charge', JSON.stringify(event.multiplier));
  const actual = priceOf(event, facts, event.multiplier);
  if (actual === undefined) return refuseEvent(arrival, 'unknown_price', `revision ${event.priceRevision} of ${event.model}`);
  if (actual !== stated) return refuseEvent(arrival, 'wrong_charge', `buckets cost ${actual}, not ${stated}`);
  if (claimed > 0n && event.leaseId === null) return refuseEvent(arrival, 'missing_lease', `charge ${claimed} without a lease`);
  return { event, actual, claimed, interactive: event.batchItemId === null ? undefined : priceOf(event, facts, INTERACTIVE) };
}

/** Half price is for batch items only. */
function isMultiplier(given: Multiplier, batchItemId: string | null): boolean {
  const allowed = batchItemId === null ? [INTERACTIVE] : [INTERACTIVE, BATCH_50];
  return allowed.some(({ numerator, denominator }) => numerator === given.numerator && denominator === given.denominator);
}

function priceOf(event: UsageEvent, facts: Facts, multiplier: Multiplier): NanoUsd | undefined {
  if (event.byok) return byokChargeFor(event.buckets, multiplier);
  if (isEmpty(event.buckets)) return 0n;
  const price = event.priceRevision === null ? undefined : facts.price(event.priceRevision);
  return price?.modelId === event.model ? price.sheet && chargeFor(event.buckets, price.sheet, multiplier) : undefined;
}

function isEmpty(buckets: TokenBuckets): boolean {
  return Object.values(buckets).every((count) => count === 0);
}

/** Reads what can be read of the event, so that the operator can find it and the cursor can move past it. */
export function refuseEvent(arrival: Arrival, reason: QuarantineReason, detail: string): RefusedEvent {
  const { nodeId, epoch, raw } = arrival;
  const { sequence, requestId } = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  return {
    nodeId,
    epoch,
    sequence: typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence > 0 ? sequence : null,
    requestId: typeof requestId === 'string' ? requestId.slice(0, 100).replaceAll('\u0000', '') : null,
    reason,
    detail: detail.slice(0, 1_000).replaceAll('\u0000', ''),
    text: JSON.stringify(raw) ?? 'undefined',
  };
}
