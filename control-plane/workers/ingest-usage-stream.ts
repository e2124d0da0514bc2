/**
 * Consumes usage from the Redis Stream and settles it. The entry is acknowledged and deleted only after PostgreSQL has committed, and
 * the node is then told how far it is settled (`usageAcknowledged`).
 *
 * - The process dies between commit and acknowledge: another consumer claims the entry, and it settles as duplicates, which do nothing.
 * - PostgreSQL is away: the entries in hand are tried again with back-off for as long as it takes; nothing is acknowledged.
 * - Redis is away or was flushed: the group is made anew when it is back. Nodes ship over HTTP meanwhile and send again what was lost.
 * - An entry that is no batch is quarantined as it is, and acknowledged.
 * The next entries are read and parsed while PostgreSQL works on the last ones: two groups in memory at most.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type RedisKeys, USAGE_CONSUMER_GROUP } from '../../shared/redis-keys.js';
import { duplicateRedis } from '../db/redis-connection.js';
import type { Arrival } from './ingest-usage-check.js';
import type { AcknowledgedCursor, UsageSettler } from './ingest-usage-settle.js';

export interface UsageStreamDependencies {
  /** May be shared: the consumer reads on a connection of its own, made from this one. */
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly settler: UsageSettler;
  /** Unique among control planes. */
  readonly consumer: string;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/** Events of one transaction: past this, larger ones gain little and hold locks longer. */
const GROUP_EVENTS = 500;
/** Entries read at once; a node ships up to some hundred events in each. */
const READ_ENTRIES = 64;
const BLOCK_MS = 1_000;
/** A Redis that hangs, told from one that has nothing to say. */
const READ_TIMEOUT_MS = 5_000;
/** An entry that a consumer has held so long belongs to one that died. */
const CLAIM_IDLE_MS = 15_000;
const CLAIM_EVERY_MS = 5_000;
const BACK_OFF_MS = [100, 300, 1_000, 3_000, 5_000] as const;

interface Entry {
  readonly id: string;
  readonly arrivals: readonly Arrival[];
}

type StreamEntry = [id: string, fields: string[]];

export class UsageStreamConsumer {
  #stopping = false;
  #running: Promise<void> | undefined;
  #nextClaimMs = 0;

  readonly #reader: Redis;

  constructor(private readonly dependencies: UsageStreamDependencies) {
    this.#reader = duplicateRedis(dependencies.redis, { maxRetriesPerRequest: null, commandTimeout: READ_TIMEOUT_MS });
    this.#reader.on('error', (error) => dependencies.log.warn({ err: error }, 'usage: Redis is away'));
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes what is in hand, unless PostgreSQL is away: that is delivered again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#reader.disconnect();
    await this.#running;
  }

  async #run(): Promise<void> {
    let reading = this.#read();
    while (!this.#stopping) {
      const entries = await reading;
      reading = this.#read();
      for (const group of groupsOf(entries)) await this.#settle(group);
    }
    // What was read and not settled stays pending, for another consumer to claim.
    await reading;
  }

  /** Never rejects: an unreachable Redis is waited for. */
  async #read(): Promise<Entry[]> {
    if (this.#stopping) return [];
    try {
      const raw = [...(await this.#claim()), ...(await this.#readNew())];
      return await Promise.all(raw.map((entry) => this.#parse(entry)));
    } catch (error) {
      if (!(await this.#createGroup(error))) await this.#pause(error, 0);
      return [];
    }
  }

  async #readNew(): Promise<StreamEntry[]> {
    const { keys, consumer } = this.dependencies;
    const answer = (await this.#reader.xreadgroup(
      'GROUP',
      USAGE_CONSUMER_GROUP,
      consumer,
      'COUNT',
      READ_ENTRIES,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      keys.usageStream,
      '>',
    )) as [string, StreamEntry[]][] | null;
    return answer?.[0]?.[1] ?? [];
  }

  async #claim(): Promise<StreamEntry[]> {
    if (performance.now() < this.#nextClaimMs) return [];
    this.#nextClaimMs = performance.now() + CLAIM_EVERY_MS;
    const { keys, consumer } = this.dependencies;
    const [, entries] = (await this.#reader.xautoclaim(
      keys.usageStream,
      USAGE_CONSUMER_GROUP,
      consumer,
      CLAIM_IDLE_MS,
      '0',
      'COUNT',
      READ_ENTRIES,
    )) as [string, StreamEntry[]];
    if (entries.length === READ_ENTRIES) this.#nextClaimMs = 0;
    return entries;
  }

  /** True when the group was missing (a new or a flushed Redis) and has been made. */
  async #createGroup(error: unknown): Promise<boolean> {
    if (!(error instanceof Error) || !error.message.startsWith('NOGROUP')) return false;
    const { keys } = this.dependencies;
    try {
      await this.#reader.xgroup('CREATE', keys.usageStream, USAGE_CONSUMER_GROUP, '0', 'MKSTREAM');
      return true;
    } catch (failure) {
      // Another control plane made it first.
      return failure instanceof Error && failure.message.startsWith('BUSYGROUP');
    }
  }

  async #parse([id, fields]: StreamEntry): Promise<Entry> {
    const at = fields.indexOf('batch');
    const text = at >= 0 ? fields[at + 1] : undefined;
    const arrivals = text === undefined ? undefined : readBatch(text);
    if (arrivals) return { id, arrivals };
    await this.#untilDone(() => this.dependencies.settler.quarantine(text ?? JSON.stringify(fields), `stream entry ${id}`));
    return { id, arrivals: [] };
  }

  async #settle(entries: readonly Entry[]): Promise<void> {
    const { settler } = this.dependencies;
    const cursors = await this.#untilDone(() => settler.settle(entries.flatMap((entry) => entry.arrivals)));
    if (!cursors) return;
    try {
      await this.#acknowledge(entries, cursors);
    } catch (error) {
      // Committed and not acknowledged: it comes again and settles as duplicates.
      this.dependencies.log.warn({ err: error }, 'usage: Redis did not take the acknowledgement');
    }
  }

  async #acknowledge(entries: readonly Entry[], cursors: readonly AcknowledgedCursor[]): Promise<void> {
    const { redis, keys } = this.dependencies;
    const ids = entries.map((entry) => entry.id);
    const pipeline = redis.pipeline();
    for (const cursor of cursors) pipeline.hset(keys.usageAcknowledged, `${cursor.nodeId}/${cursor.epoch}`, cursor.acknowledged);
    pipeline.xack(keys.usageStream, USAGE_CONSUMER_GROUP, ...ids);
    pipeline.xdel(keys.usageStream, ...ids);
    const answers = await pipeline.exec();
    for (const [failure] of answers ?? []) if (failure) throw failure;
  }

  /** Tries until it works; undefined when the consumer stops before. */
  async #untilDone<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 0; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (this.#stopping) return undefined;
        await this.#pause(error, failures);
      }
    }
  }

  async #pause(error: unknown, failures: number): Promise<void> {
    if (this.#stopping) return;
    this.dependencies.log.error({ err: error }, 'usage: not settled, trying again');
    const backOffMs = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, backOffMs));
  }
}

/** Undefined when it is no batch. Single events are judged later, one by one. */
function readBatch(text: string): Arrival[] | undefined {
  try {
    const batch: unknown = JSON.parse(text);
    if (typeof batch !== 'object' || batch === null) return undefined;
    const { nodeId, epoch, events } = batch as Record<string, unknown>;
    if (typeof nodeId !== 'string' || !NODE_ID.test(nodeId)) return undefined;
    if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 0 || !Array.isArray(events)) return undefined;
    return events.map((raw: unknown) => ({ nodeId, epoch, raw }));
  } catch {
    return undefined;
  }
}

const NODE_ID = /^[A-Za-z0-9._-]{1,100}$/;

/** Whole entries, up to GROUP_EVENTS events together (a larger entry stands alone). */
function groupsOf(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  let events = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (events + entry.arrivals.length > GROUP_EVENTS) {
      groups.push([]);
      events = 0;
    }
    groups.at(-1)?.push(entry);
    events += entry.arrivals.length;
  }
  return groups;
}
