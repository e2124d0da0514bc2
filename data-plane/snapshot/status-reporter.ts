/**
 * Tells the fleet what this node runs: every few seconds, and at once after a revision was applied or refused, which is what a key's
 * revocation waits for. By Redis (a hash that outlives a missed message, and the message); by HTTP when Redis is away. A report that
 * reaches nobody is dropped: the next one says more.
 */
import type { Redis } from 'ioredis';
import { NODE_REPORT_MS, type NodeStatus } from '../../shared/node-status.js';
import type { RedisKeys } from '../../shared/redis-keys.js';
import type { ControlPlane } from '../types.js';
import { SingleFlight } from './single-flight.js';

export class StatusReporter {
  #timer: NodeJS.Timeout | undefined;
  readonly #flight = new SingleFlight(() => this.#send());

  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly controlPlane: ControlPlane,
    private readonly nodeToken: string,
    private readonly status: () => NodeStatus,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.report(), NODE_REPORT_MS);
    this.#timer.unref();
    this.report();
  }

  /** Returns at once; a report that is wanted while one is under way follows it. */
  report(): void {
    this.#flight.run();
  }

  /** Resolves when the last report went out or failed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.report();
    await this.#flight.idle();
  }

  async #send(): Promise<void> {
    const status = this.status();
    const json = JSON.stringify(status);
    try {
      await this.redis.hset(this.keys.fleetStatus, status.nodeId, json);
      await this.redis.publish(this.keys.fleetChannel, json);
    } catch {
      await this.controlPlane
        .call({ path: '/internal/status', headers: { authorization: `Bearer ${this.nodeToken}` }, body: json })
        .catch(() => undefined);
    }
  }
}
