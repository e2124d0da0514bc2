/**
 * Settles a group of usage events: settlements, journals, wallets, leases, rollups and cursors in ONE transaction, or nothing.
 *
 * - Each (node, epoch, sequence) and each request id settles once, however often and in whatever order it is delivered.
 * - An event that cannot be right goes to quarantine with its reason and an alert; the cursor moves past it, nothing is lost.
 * - One event that the database itself refuses does not hold up the others: the group is halved until that event stands alone.
 * - When PostgreSQL is away `settle` throws and nothing has moved; the caller tries again and acknowledges nothing.
 * Called by the stream consumer and by `POST /internal/usage`.
 */
import type { Pool, PoolClient } from 'pg';
import { raiseAlerts } from '../modules/billing/alert.js';
import { bytesArray, plainArray, textArray } from '../modules/billing/column-arrays.js';
import { inTransaction } from '../modules/billing/transaction.js';
import { lockWallets, writeJournals, writeWallets } from '../modules/billing/wallet-ledger.js';
import { allocate } from './ingest-usage-allocate.js';
import { type Arrival, type CheckedEvent, checkEvent, type RefusedEvent, refuseEvent } from './ingest-usage-check.js';
import { cursorKey, lockCursors, type NodeCursor, takeSequence, writeCursors } from './ingest-usage-cursor.js';
import { UsageFacts } from './ingest-usage-facts.js';
import { writeHouseRollup } from './ingest-usage-house.js';
import { KeysSeen } from './ingest-usage-keys.js';
import { fingerprintOf, quarantineEvents } from './ingest-usage-quarantine.js';
import { writeBatchItems, writeRollups, writeSettlements } from './ingest-usage-write.js';
import { lockLeases, writeLeases } from './lease-row.js';

export interface AcknowledgedCursor {
  readonly nodeId: string;
  readonly epoch: number;
  readonly acknowledged: number;
}

type Judged = CheckedEvent | RefusedEvent;

/** SQLSTATE classes that mean "this data", not "this server": data exception, integrity violation, program limit. */
const DATA_ERROR = /^(22|23|54)/;
/** Deadlock, serialization: the same transaction goes through when tried again. */
const TRY_AGAIN = new Set(['40001', '40P01']);
const MAX_TRIES = 5;

export class UsageSettler {
  readonly #facts: UsageFacts;
  readonly #seen: KeysSeen;

  /** `onSettled` hears, after the commit, whose money moved. */
  constructor(
    private readonly pool: Pool,
    private readonly onSettled: (accountIds: ReadonlySet<string>) => void = () => undefined,
  ) {
    this.#facts = new UsageFacts(pool);
    this.#seen = new KeysSeen(pool);
  }

  /** The cursors of every node and epoch that the arrivals name, after commit. */
  async settle(arrivals: readonly Arrival[]): Promise<AcknowledgedCursor[]> {
    if (arrivals.length === 0) return [];
    const judged = await this.#judge(arrivals);
    const cursors = await this.#settleGroup(arrivals, judged, 1);
    this.onSettled(new Set(judged.flatMap((one) => ('reason' in one ? [] : [one.event.accountId]))));
    await this.#seen.record(judged.flatMap((one) => ('reason' in one ? [] : [one.event.keyId])));
    return cursors;
  }

  /** Keeps what is no batch at all. */
  async quarantine(text: string, detail: string): Promise<void> {
    const fields = { nodeId: null, epoch: null, sequence: null, requestId: null };
    await quarantineEvents(this.pool, [{ ...fields, reason: 'malformed_batch', detail: detail.slice(0, 1_000), text }]);
  }

  async #judge(arrivals: readonly Arrival[]): Promise<Judged[]> {
    const keys = new Set<string>();
    const revisions = new Set<number>();
    for (const { raw } of arrivals) {
      const { keyId, priceRevision } = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
      if (typeof keyId === 'string' && UUID.test(keyId)) keys.add(keyId);
      if (typeof priceRevision === 'number' && Number.isSafeInteger(priceRevision)) revisions.add(priceRevision);
    }
    await this.#facts.load(keys, revisions);
    return arrivals.map((arrival) => checkEvent(arrival, this.#facts));
  }

  async #settleGroup(arrivals: readonly Arrival[], judged: readonly Judged[], tries: number): Promise<AcknowledgedCursor[]> {
    try {
      return await inTransaction(this.pool, (client) => settleIn(client, arrivals, judged));
    } catch (error) {
      const code = sqlState(error);
      if (TRY_AGAIN.has(code) && tries < MAX_TRIES) return await this.#settleGroup(arrivals, judged, tries + 1);
      if (!DATA_ERROR.test(code)) throw error;
      const [only] = arrivals;
      if (arrivals.length === 1 && only) {
        const detail = error instanceof Error ? error.message : String(error);
        return await this.#settleGroup(arrivals, [refuseEvent(only, await reasonOf(this.pool, judged[0], code), detail)], MAX_TRIES);
      }
      const middle = Math.ceil(arrivals.length / 2);
      const first = await this.#settleGroup(arrivals.slice(0, middle), judged.slice(0, middle), 1);
      const second = await this.#settleGroup(arrivals.slice(middle), judged.slice(middle), 1);
      return [...new Map([...first, ...second].map((cursor) => [cursorKey(cursor.nodeId, cursor.epoch), cursor])).values()];
    }
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function sqlState(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A unique violation of one event alone: another sequence settled this request before. */
async function reasonOf(pool: Pool, judged: Judged | undefined, code: string): Promise<'request_reused' | 'database_refused'> {
  if (code !== '23505' || !judged || 'reason' in judged) return 'database_refused';
  const missing = await findUnsettled(pool, [judged.event.requestId]);
  return missing.size === 0 ? 'request_reused' : 'database_refused';
}

async function settleIn(client: PoolClient, arrivals: readonly Arrival[], judged: readonly Judged[]): Promise<AcknowledgedCursor[]> {
  const cursors = await lockCursors(client, arrivals);
  const { fresh, refused } = await takeFresh(client, cursors, arrivals, judged);
  if (fresh.length > 0) refused.push(...(await settleFresh(client, fresh)));
  await quarantineEvents(client, refused);
  await writeCursors(client, [...cursors.values()]);
  return [...cursors.values()].map(({ nodeId, epoch, acknowledged }) => ({ nodeId, epoch, acknowledged }));
}

interface Sorted {
  readonly fresh: CheckedEvent[];
  readonly refused: RefusedEvent[];
}

async function takeFresh(
  client: PoolClient,
  cursors: ReadonlyMap<string, NodeCursor>,
  arrivals: readonly Arrival[],
  judged: readonly Judged[],
): Promise<Sorted> {
  const fresh: CheckedEvent[] = [];
  const refused: RefusedEvent[] = [];
  const repeated: { arrival: Arrival; event: CheckedEvent }[] = [];
  judged.forEach((one, index) => {
    const arrival = arrivals[index];
    const cursor = arrival && cursors.get(cursorKey(arrival.nodeId, arrival.epoch));
    if (!arrival || !cursor) throw new Error('a cursor was not locked');
    const sequence = 'reason' in one ? one.sequence : one.event.sequence;
    const isNew = sequence === null || takeSequence(cursor, sequence);
    if ('reason' in one) refused.push(one);
    else if (isNew) fresh.push(one);
    else repeated.push({ arrival, event: one });
  });
  refused.push(...(await findImpostors(client, repeated, fresh)));
  return { fresh, refused };
}

/** A sequence that was taken, by a request that was never settled nor quarantined: a node that counts anew. It must not vanish. */
async function findImpostors(
  client: PoolClient,
  repeated: readonly { arrival: Arrival; event: CheckedEvent }[],
  fresh: readonly CheckedEvent[],
): Promise<RefusedEvent[]> {
  if (repeated.length === 0) return [];
  const unsettled = await findUnsettled(
    client,
    repeated.map(({ event }) => event.event.requestId),
  );
  for (const { event } of fresh) unsettled.delete(event.requestId);
  if (unsettled.size === 0) return [];
  const suspects = repeated
    .filter(({ event }) => unsettled.has(event.event.requestId))
    .map(({ arrival, event }) => refuseEvent(arrival, 'sequence_reused', `sequence ${event.event.sequence} was taken by another request`));
  const { rows } = await client.query<{ fingerprint: Buffer }>('SELECT fingerprint FROM quarantine WHERE fingerprint = ANY ($1::bytea[])', [
    bytesArray(suspects.map((suspect) => fingerprintOf(suspect.text))),
  ]);
  const known = new Set(rows.map((row) => row.fingerprint.toString('hex')));
  return suspects.filter((suspect) => !known.has(fingerprintOf(suspect.text).toString('hex')));
}

/** Which of these have no settlement. */
export async function findUnsettled(client: Pool | PoolClient, requestIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM unnest($1::uuid[]) AS asked (id)
     WHERE NOT EXISTS (SELECT FROM settlement WHERE settlement.request_id = id)`,
    [plainArray([...new Set(requestIds)])],
  );
  return new Set(rows.map((row) => row.id));
}

/** Everything of a settlement but the cursors. Returns those that the leases refuse. */
export async function settleFresh(client: PoolClient, fresh: readonly CheckedEvent[]): Promise<RefusedEvent[]> {
  const locked = await lockWallets(
    client,
    fresh.map(({ event }) => event.accountId),
  );
  const leases = await lockLeases(client, new Set(fresh.flatMap(({ event }) => (event.leaseId === null ? [] : [event.leaseId]))));
  const before = new Map([...leases.values()].map((lease) => [lease.id, lease.settledCount]));
  const allocation = allocate(fresh, locked, leases, await findChargedItems(client, fresh));
  await writeJournals(client, allocation.journals);
  await writeSettlements(client, allocation.settlements);
  await writeBatchItems(client, allocation.batchItems);
  await writeLeases(
    client,
    [...leases.values()].filter((lease) => lease.settledCount !== before.get(lease.id)),
  );
  await writeRollups(client, allocation.settlements);
  await writeHouseRollup(client, allocation.settlements);
  await writeWallets(client, [...locked.wallets.values()]);
  await raiseAlerts(client, allocation.alerts);
  return allocation.refused;
}

async function findChargedItems(client: PoolClient, events: readonly CheckedEvent[]): Promise<Set<string>> {
  const items = events.flatMap(({ event }) => (event.batchItemId === null ? [] : [event.batchItemId]));
  if (items.length === 0) return new Set();
  const { rows } = await client.query<{ batch_item_id: string }>(
    'SELECT batch_item_id FROM batch_item_charge WHERE batch_item_id = ANY ($1::text[])',
    [textArray(items)],
  );
  return new Set(rows.map((row) => row.batch_item_id));
}
