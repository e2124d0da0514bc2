/**
 * What the other nodes say of themselves, for the regions' health and addresses. Read from the hash that all of them report to; while
 * Redis is away, what was last read stands, and grows old by its own timestamps.
 */
import type { Redis } from 'ioredis';
import { NODE_REPORT_MS, type NodeStatus } from '../../shared/node-status.js';
import type { RedisKeys } from '../../shared/redis-keys.js';
import { SingleFlight } from './single-flight.js';

export class FleetReader {
  #timer: NodeJS.Timeout | undefined;
  readonly #flight = new SingleFlight(() => this.#read());

  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly onFleet: (statuses: readonly NodeStatus[]) => void,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.read(), NODE_REPORT_MS);
    this.#timer.unref();
  }

  read(): void {
    this.#flight.run();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    try {
      const nodes = await this.redis.hgetall(this.keys.fleetStatus);
      this.onFleet(Object.values(nodes).map((json): NodeStatus => JSON.parse(json)));
    } catch {
      // Redis is away, or a report is not JSON: the next reading says more.
    }
  }
}
