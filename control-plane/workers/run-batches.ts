/**
 * Runs batches. pg-boss on PostgreSQL is the queue: a job is a slice of up to 50 items; any number of control planes take them.
 * - An item is claimed in PostgreSQL, sent to a node, and its answer stored once (`finish-items.ts`). Whatever dies, the slice comes back
 *   and the items that are not done run again under the same idempotency key: once charged, once stored.
 * - Interactive traffic first: an item waits while every node is busy, and a 429 or 503 is obeyed.
 * - Fair between accounts (`FairGate`). Batches end after 24 h with what is done.
 * When PostgreSQL is away nothing moves; when no node is live, items wait.
 */

import type { Pool, PoolClient } from 'pg';
import { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import { Agent } from 'undici';
import { sleep } from '../db/leader.js';
import { type ClaimedBatch, type ClaimedItem, claimItems, renewItems, returnItems } from '../modules/batch/claim-items.js';
import {
  deleteOldBatches,
  endCancelled,
  expireBatches,
  type FinishedItem,
  findCancelled,
  finishItems,
  type OnBatchEnded,
} from '../modules/batch/finish-items.js';
import type { Kms } from '../modules/byok/kms.js';
import { dropExpiredFiles } from '../modules/file/store-file.js';
import type { Fleet } from '../modules/fleet/fleet.js';
import { chooseNode } from './choose-node.js';
import { FairGate } from './fair-gate.js';
import { sendBatchItem } from './send-batch-item.js';
import { takeInBatch } from './take-in-batches.js';

const QUEUE = 'batch-slice';
const INTAKE_QUEUE = 'batch-intake';
/** Files that are taken in at once: each has a part of its lines in memory. */
const INTAKES_AT_ONCE = 2;
const SLICE_ITEMS = 50;
const AT_ONCE = 64;
const AT_ONCE_PER_ACCOUNT = 64;
const SLICES_AT_ONCE = 16;
const BUSY_PAUSE_MS = 250;
const RENEW_MS = 5_000;
/** Answers are stored together: one transaction for those that came within this. */
const STORE_MS = 25;
const CARE_MS = 5_000;
/** How soon a cancelled batch sends no further item: one small query while batches run here. */
const WATCH_MS = 250;
/** Within one run of the slice; then the item goes back to the queue, which comes again with back-off. */
const TRIES_IN_A_ROW = 6;
/** A failure that passes has had a day's worth of chances by then. */
const MAX_TRIES = 20;

/** A job of a dead worker comes back when its heartbeat is missed, and somebody looks every few seconds. */
const SUPERVISE_SECONDS = 5;
const QUEUE_OPTIONS = {
  retryLimit: 10_000,
  retryDelay: 1,
  retryDelayMax: 30,
  retryBackoff: true,
  expireInSeconds: 3_600,
  heartbeatSeconds: 10,
};

/** A batch with slices here. */
interface RunningBatch {
  slices: number;
  /** By its owner, since. */
  cancelled: boolean;
  /** Of all its slices: what comes together is stored together. */
  readonly store: AnswerStore;
}

interface Slice {
  readonly batchId: string;
  readonly from: number;
  readonly to: number;
}

export interface BatchRunnerDependencies {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly kms: Kms;
  readonly fleet: Fleet;
  readonly nodeToken: string;
  readonly log: Pick<Logger, 'warn' | 'error' | 'info'>;
  readonly onEnded: OnBatchEnded;
  /** Hears, after the commit, whose batch has got further. */
  readonly onProgress: (accountId: string) => void;
}

export class BatchRunner {
  readonly #boss: PgBoss;
  readonly #gate = new FairGate(AT_ONCE, AT_ONCE_PER_ACCOUNT);
  readonly #agent = new Agent({ connections: AT_ONCE * 2, keepAliveTimeout: 30_000 });
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, RunningBatch>();
  #workers: string[] = [];
  #watch: NodeJS.Timeout | undefined;
  #care: NodeJS.Timeout | undefined;

  constructor(private readonly dependencies: BatchRunnerDependencies) {
    this.#boss = new PgBoss({
      connectionString: dependencies.databaseUrl,
      schema: 'pgboss',
      max: 4,
      superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS,
    });
    this.#boss.on('error', (error) => dependencies.log.warn({ err: error }, 'batch queue'));
  }

  async start(): Promise<void> {
    await this.#boss.start();
    for (const queue of [QUEUE, INTAKE_QUEUE]) await this.#boss.createQueue(queue, QUEUE_OPTIONS);
    const slices = Array.from({ length: SLICES_AT_ONCE }, () => this.#work<Slice>(QUEUE, (slice) => this.#runSlice(slice)));
    const intakes = Array.from({ length: INTAKES_AT_ONCE }, () =>
      this.#work<{ readonly batchId: string }>(INTAKE_QUEUE, ({ batchId }) => this.#takeIn(batchId)),
    );
    await Promise.all([...slices, ...intakes]);
    this.#care = setInterval(() => void this.#takeCare(), CARE_MS);
    this.#watch = setInterval(() => void this.#findCancelled(), WATCH_MS);
  }

  /** Items in hand go back; the slice comes again here or elsewhere. */
  async stop(): Promise<void> {
    clearInterval(this.#care);
    clearInterval(this.#watch);
    this.#stopping.abort();
    await this.#boss.stop({ graceful: true, timeout: 10_000 });
    await this.#agent.destroy();
  }

  /** `QueueSlices`: through the caller's transaction. */
  readonly queue = async (client: PoolClient, batch: { readonly id: string; readonly total: number }): Promise<void> => {
    const slices: Slice[] = [];
    for (let from = 0; from < batch.total; from += SLICE_ITEMS)
      slices.push({ batchId: batch.id, from, to: Math.min(from + SLICE_ITEMS, batch.total) });
    // The first slices of every batch before the second ones of any: a batch of 50,000 does not keep one of 10 waiting.
    const jobs = slices.map((data, index) => ({ data, priority: -index }));
    await this.#boss.insert(QUEUE, jobs, { db: through(client) });
  };

  /** `QueueIntake`: through the caller's transaction. */
  readonly queueIntake = async (client: PoolClient, batchId: string): Promise<void> => {
    await this.#boss.insert(INTAKE_QUEUE, [{ data: { batchId } }], { db: through(client) });
  };

  /** New work is here: do not wait for the next poll. */
  wake(): void {
    for (const worker of this.#workers) this.#boss.notifyWorker(worker);
  }

  /** One worker, that asks for the next job as soon as it has done one, and every second when there was none. */
  async #work<Job extends object>(queue: string, run: (job: Job) => Promise<void>): Promise<void> {
    let worker: string | undefined;
    worker = await this.#boss.work<Job>(queue, { pollingIntervalSeconds: 1, batchSize: 1 }, async ([job]) => {
      if (worker !== undefined) this.#boss.notifyWorker(worker);
      if (job) await run(job.data);
    });
    this.#workers.push(worker);
  }

  async #takeIn(batchId: string): Promise<void> {
    const queued = await takeInBatch({ ...this.dependencies, agent: this.#agent, queue: this.queue }, batchId);
    if (queued) this.wake();
  }

  async #runSlice(slice: Slice): Promise<void> {
    const { pool, kms } = this.dependencies;
    const batch = await claimItems(pool, kms, slice.batchId, slice.from, slice.to);
    if (!batch) return;
    if (batch.items.length > 0) await this.#runItems(batch);
    if (batch.heldElsewhere > 0) throw new Error(`${batch.heldElsewhere} items of batch ${batch.id} are in other hands`);
  }

  async #runItems(batch: ClaimedBatch): Promise<void> {
    const { pool } = this.dependencies;
    const state = this.#enter(batch);
    const open = new Set(batch.items.map((item) => item.ordinal));
    const renewal = setInterval(() => void renewItems(pool, batch.id, [...open]).catch(() => undefined), RENEW_MS);
    try {
      await Promise.all(
        batch.items.map(async (item) => {
          const finished = await this.#runItem(batch, item, state);
          if (!finished) return;
          await state.store.add(finished);
          open.delete(item.ordinal);
        }),
      );
    } finally {
      clearInterval(renewal);
      this.#leave(batch.id, state);
      if (open.size > 0) await returnItems(pool, batch.id, [...open]);
    }
    if (state.cancelled) await endCancelled(pool, batch.id, this.dependencies.onEnded);
    else if (open.size > 0) throw new Error(`${open.size} items of batch ${batch.id} are to be tried again`);
  }

  /** Undefined when it is to be tried again later. */
  async #runItem(batch: ClaimedBatch, item: ClaimedItem, state: { readonly cancelled: boolean }): Promise<FinishedItem | undefined> {
    for (let attempt = 1; !this.#stopping.signal.aborted && Date.now() < batch.expiresAtMs; attempt++) {
      await this.#gate.enter(batch.accountId);
      let pauseMs = BUSY_PAUSE_MS;
      try {
        if (state.cancelled) return undefined;
        const nodeUrl = chooseNode(this.dependencies.fleet);
        if (nodeUrl !== undefined) {
          const toSend = { itemId: item.itemId, keyHash: batch.keyHash, body: item.body };
          const outcome = await sendBatchItem(this.#agent, nodeUrl, this.dependencies.nodeToken, toSend);
          if (outcome.final || item.tries >= MAX_TRIES) {
            const { statusCode, requestId, answer } = outcome;
            return { ordinal: item.ordinal, itemId: item.itemId, statusCode, requestId, answer };
          }
          pauseMs = outcome.retryAfterMs * (0.75 + Math.random() / 2);
        }
      } finally {
        this.#gate.leave(batch.accountId);
      }
      if (attempt >= TRIES_IN_A_ROW) return undefined;
      await sleep(pauseMs, this.#stopping.signal);
    }
    return undefined;
  }

  #enter(batch: ClaimedBatch): RunningBatch {
    const state = this.#running.get(batch.id) ?? { slices: 0, cancelled: false, store: this.#openStore(batch) };
    state.slices++;
    this.#running.set(batch.id, state);
    return state;
  }

  #openStore(batch: ClaimedBatch): AnswerStore {
    const { pool, onEnded, onProgress } = this.dependencies;
    return new AnswerStore(async (items) => {
      await finishItems(pool, batch, items, onEnded);
      onProgress(batch.accountId);
    });
  }

  #leave(batchId: string, state: { slices: number }): void {
    state.slices--;
    if (state.slices === 0) this.#running.delete(batchId);
  }

  async #findCancelled(): Promise<void> {
    if (this.#running.size === 0) return;
    try {
      for (const batchId of await findCancelled(this.dependencies.pool, [...this.#running.keys()])) {
        const state = this.#running.get(batchId);
        if (state) state.cancelled = true;
      }
    } catch (error) {
      this.dependencies.log.warn({ err: error }, 'cancelled batches were not looked for');
    }
  }

  async #takeCare(): Promise<void> {
    const { pool, log, onEnded } = this.dependencies;
    try {
      await expireBatches(pool, onEnded);
      await deleteOldBatches(pool);
      await dropExpiredFiles(pool);
    } catch (error) {
      log.warn({ err: error }, 'batches were not cared for');
    }
  }
}

function through(client: PoolClient) {
  return { executeSql: async (text: string, values?: unknown[]) => client.query(text, values) };
}

/**
 * Collects answers for STORE_MS, or as long as the transaction before takes, and stores them in one; each `add` resolves when its own is
 * stored.
 */
class AnswerStore {
  #waiting: FinishedItem[] = [];
  #flush: Promise<void> | undefined;
  #before: Promise<unknown> = Promise.resolve();

  constructor(private readonly write: (items: readonly FinishedItem[]) => Promise<void>) {}

  add(item: FinishedItem): Promise<void> {
    this.#waiting.push(item);
    this.#flush ??= this.#writeNext();
    return this.#flush;
  }

  async #writeNext(): Promise<void> {
    await Promise.all([this.#before, new Promise<void>((resolve) => setTimeout(resolve, STORE_MS))]);
    const items = this.#waiting;
    const writing = this.write(items);
    this.#before = writing.catch(() => undefined);
    this.#waiting = [];
    this.#flush = undefined;
    await writing;
  }
}
