/**
 * Who should look again: hints that something of an account has moved (money, batches), from any control plane to all, over one Redis
 * channel, after the commit that moved it. A hint carries no data and may be lost: whoever waits also wakes after a while by itself and
 * reads PostgreSQL. Redis away: changes are seen at that pace. Never throws, never waits: money does not depend on it.
 */
import type { Redis } from 'ioredis';
import { duplicateRedis } from '../../db/redis-connection.js';

/** Hints of this much time go out as one message. */
const GATHER_MS = 50;
/** One message holds so many accounts at most; the rest follows in the next. */
const ACCOUNTS_A_MESSAGE = 1_000;
const UUIDS = /^[0-9a-f-]{36}(,[0-9a-f-]{36})*$/;

export class LiveChanges {
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #gathered = new Set<string>();
  #subscriber: Redis | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly channel: string,
  ) {}

  /** Begins to listen; resolves at once, Redis may come later. */
  start(): void {
    this.#subscriber = duplicateRedis(this.redis, { maxRetriesPerRequest: null });
    this.#subscriber.on('error', () => undefined);
    this.#subscriber.on('message', (_channel: string, text: string) => {
      if (UUIDS.test(text)) for (const accountId of text.split(',')) this.#wake(accountId);
    });
    this.#subscriber.subscribe(this.channel).catch(() => undefined);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#subscriber?.disconnect();
  }

  /** Call it after the commit. */
  changed(accountIds: Iterable<string>): void {
    for (const accountId of accountIds) this.#gathered.add(accountId);
    this.#timer ??= setTimeout(() => this.#send(), GATHER_MS);
  }

  /** Resolves at the next hint, after `waitMs`, or when `signal` aborts. */
  next(accountId: string, waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const waiters = this.#waiters.get(accountId) ?? new Set();
    this.#waiters.set(accountId, waiters);
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        waiters.delete(wake);
        if (waiters.size === 0 && this.#waiters.get(accountId) === waiters) this.#waiters.delete(accountId);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      signal.addEventListener('abort', wake, { once: true });
      waiters.add(wake);
    });
  }

  #send(): void {
    this.#timer = undefined;
    const ids = [...this.#gathered].slice(0, ACCOUNTS_A_MESSAGE);
    for (const accountId of ids) this.#gathered.delete(accountId);
    this.redis.publish(this.channel, ids.join(',')).catch(() => {
      for (const accountId of ids) this.#wake(accountId);
    });
    if (this.#gathered.size > 0) this.#timer = setTimeout(() => this.#send(), GATHER_MS);
  }

  #wake(accountId: string): void {
    for (const wake of [...(this.#waiters.get(accountId) ?? [])]) wake();
  }
}
