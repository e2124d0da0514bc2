/**
 * What lies between nodes and the ledger: HTTP calls that are delayed, dropped, answered in vain or delivered twice, and the Redis Stream with
 * its consumer, which delivers late, out of order and more than once, and can be wiped.
 */
import type { LeaseAnswer, LeaseCall } from '../../shared/lease.js';
import type { UsageBatch } from '../../shared/usage-event.js';
import type { Ledger } from './ledger.js';
import type { World } from './world.js';

const CALL_TIMEOUT_MS = 2_000;

export class Network {
  /** PostgreSQL, and with it the control plane's HTTP. */
  ledgerUp = true;
  redisUp = true;
  /** Chance that a message is dropped, delivered twice or very late. */
  trouble = 0;
  readonly #stream: UsageBatch[] = [];
  readonly #acknowledged = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly ledger: Ledger,
  ) {}

  lease(call: LeaseCall, answered: (answer: LeaseAnswer) => void, failed: (reached: boolean) => void): void {
    this.#call(() => this.ledger.lease(call), answered, failed);
  }

  usage(batch: UsageBatch, answered: (acknowledged: number) => void, failed: () => void): void {
    this.#call(() => this.ledger.settle(batch), answered, failed);
  }

  acknowledgedBy(nodeId: string, epoch: number, answered: (acknowledged: number) => void, failed: () => void): void {
    this.#call(() => this.ledger.acknowledged(nodeId, epoch), answered, failed);
  }

  /** XADD. False when Redis is away. */
  append(batch: UsageBatch): boolean {
    if (!this.redisUp) return false;
    this.#stream.push(batch);
    if (this.world.random.chance(this.trouble)) this.#stream.push(batch);
    return true;
  }

  readAcknowledged(nodeId: string, epoch: number): number | undefined {
    return this.redisUp ? this.#acknowledged.get(`${nodeId}/${epoch}`) : undefined;
  }

  wipeRedis(): void {
    this.#stream.length = 0;
    this.#acknowledged.clear();
  }

  /** The consumer: takes what lies in the stream, not always the first, and may die between commit and acknowledgement. */
  consume(): void {
    const { random } = this.world;
    for (let taken = 0; this.ledgerUp && this.redisUp && this.#stream.length > 0 && taken < 20; taken++) {
      const index = random.chance(this.trouble) ? random.between(0, Math.min(2, this.#stream.length - 1)) : 0;
      const batch = this.#stream[index];
      if (!batch) return;
      const acknowledged = this.ledger.settle(batch);
      if (random.chance(this.trouble)) return;
      this.#stream.splice(index, 1);
      this.#acknowledged.set(`${batch.nodeId}/${batch.epoch}`, acknowledged);
    }
  }

  #call<Answer>(transact: () => Answer, answered: (answer: Answer) => void, failed: (reached: boolean) => void): void {
    const { world } = this;
    const { random } = world;
    if (!this.ledgerUp && random.chance(0.5)) {
      world.after(1, () => failed(false));
      return;
    }
    let done = false;
    const finish = (run: () => void) => {
      if (done) return;
      done = true;
      run();
    };
    world.after(CALL_TIMEOUT_MS, () => finish(() => failed(true)));
    const deliver = (delayMs: number) =>
      world.after(delayMs, () => {
        if (!this.ledgerUp) return;
        const answer = transact();
        if (!random.chance(this.trouble)) world.after(this.#delayMs(), () => finish(() => answered(answer)));
      });
    if (!random.chance(this.trouble)) deliver(this.#delayMs());
    if (random.chance(this.trouble)) deliver(this.#delayMs() + random.between(0, 5_000));
  }

  #delayMs(): number {
    const { random } = this.world;
    return random.chance(this.trouble / 2) ? random.between(500, 4_000) : random.between(1, 20);
  }
}
