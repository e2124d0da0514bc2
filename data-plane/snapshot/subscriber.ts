/**
 * Keeps a node at the newest revision. A message on the channel is a hint and may be lost; so the node also asks at every (re)connection
 * and every few seconds, and asks the control plane itself now and then, in case it is Redis that is behind.
 * - What fails verification is never applied: the running revision stays, the refusal is reported (nack), other sources are tried.
 * - A source that cannot be reached changes nothing. With none, the node serves what it has.
 * - One pull at a time; hints that arrive meanwhile cause one more.
 * Called by app.ts.
 */
import type { KeyObject } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RedisKeys } from '../../shared/redis-keys.js';
import { type ConfigSource, RevisionRejected } from './config-source.js';
import type { LastKnownGood } from './last-known-good.js';
import { type LoadedRevision, loadRevision } from './load-revision.js';
import { SingleFlight } from './single-flight.js';
import type { SnapshotStore } from './snapshot-store.js';

/** A silent loss is repaired within this and its jitter. */
const POLL_MS = 4_000;
const POLL_JITTER_MS = 2_000;
/** Every so many polls the control plane is asked even though Redis answers. */
const CONTROL_PLANE_EVERY = 5;

export interface SubscriberParts {
  readonly store: SnapshotStore;
  readonly disk: LastKnownGood;
  readonly redisSource: ConfigSource;
  readonly controlPlaneSource: ConfigSource;
  /** A connection of its own: it subscribes. */
  readonly subscription: Redis;
  readonly keys: RedisKeys;
  readonly publicKey: KeyObject;
  readonly region: string;
  readonly random: () => number;
  /** After every apply and every refusal. */
  readonly onOutcome: () => void;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
}

export class SnapshotSubscriber {
  #appliedFrom: ConfigSource['name'] | null = null;
  #rejected: { readonly revision: number; readonly reason: string } | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #flight = new SingleFlight(() => this.#pullOnce());
  #polls = 0;
  #closed = false;

  constructor(private readonly parts: SubscriberParts) {}

  get appliedFrom(): ConfigSource['name'] | null {
    return this.#appliedFrom;
  }

  get rejected(): { readonly revision: number; readonly reason: string } | null {
    return this.#rejected;
  }

  /** Resolves when the disk was read: from then on the node serves if it could. The network follows in the background. */
  async start(): Promise<void> {
    await this.#tryDisk();
    const { subscription, keys } = this.parts;
    subscription.on('ready', () => this.pull());
    subscription.on('message', (channel, message) => {
      if (channel === keys.configChannel && this.#isNews(message)) this.pull();
    });
    subscription.subscribe(keys.configChannel).catch(() => undefined);
    this.pull();
    this.#scheduleNext();
  }

  /** Asks for the newest revision, now or right after the pull that is under way. */
  pull(): void {
    if (!this.#closed) this.#flight.run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#flight.idle();
    await this.parts.disk.flush();
  }

  #scheduleNext(): void {
    this.#timer = setTimeout(
      () => {
        this.pull();
        this.#scheduleNext();
      },
      POLL_MS + this.parts.random() * POLL_JITTER_MS,
    );
    this.#timer.unref();
  }

  async #tryDisk(): Promise<void> {
    try {
      const loaded = await this.#load(this.parts.disk);
      if (loaded) this.#apply(loaded, 'disk');
    } catch (error) {
      this.#refuse(error, 'disk');
    }
  }

  async #pullOnce(): Promise<void> {
    const { redisSource, controlPlaneSource } = this.parts;
    const redisWorked = await this.#pullFrom(redisSource);
    if (!redisWorked || this.parts.store.revision === 0 || this.#polls++ % CONTROL_PLANE_EVERY === 0)
      await this.#pullFrom(controlPlaneSource);
  }

  /** False when the source could not be reached, or gave something that must not be served. */
  async #pullFrom(source: ConfigSource): Promise<boolean> {
    try {
      const loaded = await this.#load(source);
      this.parts.store.heard();
      if (loaded) {
        this.#apply(loaded, source.name);
        this.parts.disk.save(loaded);
      }
      return true;
    } catch (error) {
      this.#refuse(error, source.name);
      return false;
    }
  }

  #load(source: ConfigSource): Promise<LoadedRevision | undefined> {
    return loadRevision(source, this.parts.store.running, this.parts.publicKey, this.parts.region);
  }

  #apply(loaded: LoadedRevision, from: ConfigSource['name']): void {
    this.parts.store.apply(loaded);
    this.#appliedFrom = from;
    if (this.#rejected && this.#rejected.revision <= loaded.manifest.revision) this.#rejected = null;
    this.parts.log('revision applied', { revision: loaded.manifest.revision, from });
    this.parts.onOutcome();
  }

  #refuse(error: unknown, from: ConfigSource['name']): void {
    if (!(error instanceof RevisionRejected)) return;
    const { revision, reason } = error;
    const known = this.#rejected?.revision === revision && this.#rejected.reason === reason;
    this.#rejected = { revision, reason };
    if (known) return;
    this.parts.log('revision refused', { revision, reason, from });
    this.parts.onOutcome();
  }

  #isNews(message: string): boolean {
    try {
      return Number(JSON.parse(message).revision) > this.parts.store.revision;
    } catch {
      return false;
    }
  }
}
