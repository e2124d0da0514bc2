/**
 * Ships ENDs to the ledger, in order, in batches, until each is acknowledged.
 *
 * - The usual way is the Redis Stream: one XADD a turn, whatever its size. When Redis fails, hangs (command timeout) or is down, the
 *   same batch goes to the control plane over HTTP, and Redis is left alone for `BREAKER_MS`. No request waits for any of this.
 * - The ledger's acknowledged sequence is what counts. When it does not move (a stream that was flushed, a consumer that died), everything
 *   above it is sent again over HTTP, whose answer is the acknowledgement. Sent twice is settled once.
 * - When both ways are closed, events wait in the spool.
 */
import type { Redis } from 'ioredis';
import type { RedisKeys } from '../../shared/redis-keys.js';
import type { ControlPlane } from '../types.js';
import type { Spool } from './spool.js';
import { type Batch, SpoolReader } from './spool-reader.js';

/** A turn: long enough that a busy node sends few commands (at most 10 a second), short enough that a refund is soon available. */
const TURN_MS = 100;
const MOST_EVENTS = 500;
/** Below Fastify's limit of 1 MB for a body. */
const MOST_BYTES = 700 * 1024;
const POLL_MS = 1_000;
const STALLED_MS = 5_000;
const BREAKER_MS = 2_000;
const HTTP_TIMEOUT_MS = 10_000;
const RETRY_MS = { first: 200, most: 5_000 };

export interface ShipOptions {
  readonly spool: Spool;
  readonly nodeId: string;
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly controlPlane: ControlPlane;
  readonly nodeToken: string;
  /** Steady milliseconds. */
  readonly now: () => number;
  readonly warn: (message: string, error?: unknown) => void;
}

export class Shipper {
  readonly #readers = new Map<number, SpoolReader>();
  readonly #timer: NodeJS.Timeout;
  #turn: Promise<void> | undefined;
  #redisAfterMs = 0;
  #failures = 0;
  #retryAtMs = 0;
  #polledAtMs = 0;
  /** When the acknowledged sequence moved last, or there was nothing to acknowledge. */
  #movedAtMs: number;
  /** Of the current epoch: up to here events go over HTTP, because what was sent before got lost. */
  #directUpTo = 0;

  constructor(private readonly options: ShipOptions) {
    this.#movedAtMs = options.now();
    this.#timer = setInterval(() => this.#begin(), TURN_MS).unref();
    this.#begin();
  }

  /** Resolves when everything is acknowledged, or after `timeoutMs`. Returns how many events are not. */
  async drain(timeoutMs: number): Promise<number> {
    const endsAtMs = this.options.now() + timeoutMs;
    const { spool } = this.options;
    while (spool.unacknowledged > 0 && this.options.now() < endsAtMs) {
      this.#polledAtMs = 0;
      this.#begin();
      await this.#turn;
      if (spool.unacknowledged > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return spool.unacknowledged;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turn;
    for (const reader of this.#readers.values()) await reader.close();
  }

  #begin(): void {
    if (this.#turn || this.options.now() < this.#retryAtMs) return;
    this.#turn = this.#run()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#turn = undefined;
      });
  }

  async #run(): Promise<void> {
    const { spool } = this.options;
    for (const epoch of [...spool.state.epochs.keys()]) {
      await this.#ship(epoch);
      if (epoch !== spool.epoch && !spool.state.epochs.has(epoch)) await this.#forget(epoch);
    }
    await this.#poll();
  }

  async #ship(epoch: number): Promise<void> {
    const { spool } = this.options;
    const reader = this.#readers.get(epoch) ?? new SpoolReader(spool, epoch, spool.state.range(epoch).acknowledged + 1);
    this.#readers.set(epoch, reader);
    // As far as it was when the turn began: what comes meanwhile goes with the next one, instead of a command for every few events.
    const { last } = spool.state.range(epoch);
    while (reader.position <= last) {
      const from = reader.position;
      const batch = await reader.read(MOST_EVENTS, MOST_BYTES);
      if (!batch) return;
      try {
        await this.#deliver(batch);
      } catch (error) {
        await reader.seek(from);
        throw error;
      }
    }
  }

  async #deliver(batch: Batch): Promise<void> {
    const { spool, nodeId, redis, keys } = this.options;
    const text = `{"nodeId":${JSON.stringify(nodeId)},"epoch":${batch.epoch},"events":[${batch.events.join(',')}]}`;
    const usual = batch.epoch === spool.epoch && batch.last > this.#directUpTo;
    if (usual && redis.status === 'ready' && this.options.now() >= this.#redisAfterMs) {
      try {
        await redis.xadd(keys.usageStream, '*', 'batch', text);
        return;
      } catch (error) {
        this.#redisAfterMs = this.options.now() + BREAKER_MS;
        this.options.warn('usage: Redis does not take events; they go to the control plane', error);
      }
    }
    this.#acknowledge(batch.epoch, await this.#call('/internal/usage', text));
  }

  /** Returns the acknowledged sequence. */
  async #call(path: string, body: string | undefined): Promise<number> {
    const answer = await this.options.controlPlane.call({
      path,
      headers: { authorization: `Bearer ${this.options.nodeToken}` },
      ...(body === undefined ? {} : { body }),
      timeoutMs: HTTP_TIMEOUT_MS,
    });
    if (answer.status !== 200) throw new Error(`the control plane answered ${answer.status} to usage events`);
    const { acknowledged }: { acknowledged?: unknown } = JSON.parse(answer.body.toString());
    if (typeof acknowledged !== 'number') throw new Error('the control plane answered usage events with something else');
    return acknowledged;
  }

  /** Asks how far the ledger is, as long as it is behind. */
  async #poll(): Promise<void> {
    const { spool, redis, keys, nodeId, now } = this.options;
    const { last, acknowledged } = spool.state.range(spool.epoch);
    if (acknowledged >= last) {
      this.#movedAtMs = now();
      return;
    }
    if (now() - this.#polledAtMs < POLL_MS) return;
    this.#polledAtMs = now();
    if (redis.status === 'ready' && now() >= this.#redisAfterMs) {
      const text = await redis.hget(keys.usageAcknowledged, `${nodeId}/${spool.epoch}`).catch(() => null);
      if (text !== null) this.#acknowledge(spool.epoch, Number(text));
    }
    if (now() - this.#movedAtMs >= STALLED_MS) await this.#resend();
  }

  /**
   * Nothing moved for a while: what is above the ledger's own figure is sent again, over HTTP. The figure may be below what was
   * acknowledged once: a database that was restored, or failed over, has lost events that the spool still has.
   */
  async #resend(): Promise<void> {
    const { spool, nodeId, now } = this.options;
    this.#movedAtMs = now();
    const query = `node=${encodeURIComponent(nodeId)}&epoch=${spool.epoch}`;
    const settled = await this.#call(`/internal/usage/acknowledged?${query}`, undefined);
    this.#acknowledge(spool.epoch, settled);
    const { last } = spool.state.range(spool.epoch);
    if (settled >= last) return;
    this.options.warn(`usage: sending events ${settled + 1} to ${last} again`);
    this.#directUpTo = last;
    await this.#readers.get(spool.epoch)?.seek(settled + 1);
  }

  #acknowledge(epoch: number, sequence: number): void {
    const { spool, now, warn } = this.options;
    const { last, acknowledged } = spool.state.range(epoch);
    if (sequence > last) {
      warn(`usage: the ledger has acknowledged event ${sequence} of epoch ${epoch}, which has only ${last}`);
      return;
    }
    if (!(sequence > acknowledged)) return;
    spool.acknowledged(epoch, sequence);
    if (this.#failures > 0) warn('usage: settlements are accepted again');
    this.#failures = 0;
    if (epoch === spool.epoch) this.#movedAtMs = now();
  }

  #failed(error: unknown): void {
    if (this.#failures === 0) this.options.warn('usage: settlements cannot be delivered; they wait in the spool', error);
    this.#retryAtMs = this.options.now() + Math.min(RETRY_MS.first * 2 ** Math.min(this.#failures++, 10), RETRY_MS.most);
  }

  async #forget(epoch: number): Promise<void> {
    await this.#readers.get(epoch)?.close();
    this.#readers.delete(epoch);
  }
}
