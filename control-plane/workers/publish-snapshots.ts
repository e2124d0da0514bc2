/**
 * Publishes each new revision, from the process that leads. Woken by PostgreSQL's NOTIFY at the commit of a change, and by a poll for
 * what a lost notification hid. Redis away: the revision is published in PostgreSQL (nodes pull it over HTTP) and mirrored when Redis
 * is back. PostgreSQL away: nothing changes, nodes keep what they have.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Pool } from 'pg';
import { type RedisKeys } from '../../shared/redis-keys.js';
import type { Manifest } from '../../shared/snapshot.js';
import { CONFIG_CHANNEL } from '../db/change-config.js';
import { type Leadership, runAsLeader } from '../db/leader.js';
import { InconsistentSnapshot } from '../snapshot/assert-consistent.js';
import { type ManifestSigner, type Publication, publishRevision } from '../snapshot/publish-revision.js';
import { lastPublished, priceCameIntoForce, removeOldDocuments } from '../snapshot/published-store.js';
import { RedisMirror } from '../snapshot/redis-mirror.js';

const PUBLISHER_LOCK = 4_211_702;
/** Bounds how long a lost notification, a flushed Redis or a due price goes unnoticed. */
const POLL_MS = 2_000;
/** Old documents are looked for about once an hour. */
const CLEAN_EVERY_POLLS = 1_800;

export interface PublisherDependencies {
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly signer: ManifestSigner;
  readonly log: PublisherLog;
  readonly onPublished?: (publication: Publication) => void;
}

interface PublisherLog {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

export function startPublisher(dependencies: PublisherDependencies): Leadership {
  const { databaseUrl, log } = dependencies;
  return runAsLeader({
    databaseUrl,
    lock: PUBLISHER_LOCK,
    log,
    name: 'publisher',
    lead: (client, signal) => new Publisher(dependencies, client).run(signal),
  });
}

class Publisher {
  readonly #mirror: RedisMirror;
  #wake: () => void = () => undefined;
  #notified = true;
  #refusedRevision: number | undefined;

  constructor(
    private readonly dependencies: PublisherDependencies,
    private readonly client: pg.Client,
  ) {
    this.#mirror = new RedisMirror(dependencies.redis, dependencies.keys, dependencies.pool);
  }

  /** Rejects when PostgreSQL is lost: the lead ends with the connection. */
  async run(signal: AbortSignal): Promise<void> {
    this.client.on('notification', () => this.#notify());
    signal.addEventListener('abort', () => this.#notify());
    await this.client.query(`LISTEN ${CONFIG_CHANNEL}`);
    for (let polls = 0; !signal.aborted; polls++) {
      this.#notified = false;
      await this.#publishNewest();
      if (polls % CLEAN_EVERY_POLLS === 0) await removeOldDocuments(this.client);
      if (!this.#notified) await this.#nextWake();
    }
  }

  async #publishNewest(): Promise<void> {
    await this.#bumpForDuePrice();
    try {
      const publication = await publishRevision(this.client, this.dependencies.signer);
      if (publication) this.#report(publication);
    } catch (error) {
      if (!(error instanceof InconsistentSnapshot)) throw error;
      this.dependencies.log.error({ problems: error.problems }, 'publisher: access refused, nodes keep the revision before');
    }
    const last = await lastPublished(this.client);
    if (last) await this.#mirrorToRedis(last.manifest);
  }

  /** A price that was entered for a later moment: when it comes, that is a change of the catalogue like any other. */
  async #bumpForDuePrice(): Promise<void> {
    const last = await lastPublished(this.client);
    if (!last || last.revision === this.#refusedRevision || !(await priceCameIntoForce(this.client, last.catalogRevision))) return;
    await this.client.query(`SELECT touch_config('[{"kind": "catalog", "subjectType": "model_price", "subjectId": "due"}]'::jsonb, NULL)`);
  }

  #report(publication: Publication): void {
    const { manifest, refused } = publication;
    const { log, onPublished } = this.dependencies;
    this.#refusedRevision = refused.length > 0 ? manifest.revision : undefined;
    if (refused.length > 0)
      log.error({ revision: manifest.revision, problems: refused }, 'publisher: catalogue refused, nodes keep the one before');
    log.info({ revision: manifest.revision, changes: manifest.accessChanges.count }, 'publisher: published');
    onPublished?.(publication);
  }

  async #mirrorToRedis(manifest: Manifest): Promise<void> {
    try {
      if (await this.#mirror.repair(manifest)) this.dependencies.log.info({ revision: manifest.revision }, 'publisher: mirrored to Redis');
    } catch (error) {
      this.dependencies.log.warn({ err: error, revision: manifest.revision }, 'publisher: Redis is away, will mirror later');
    }
  }

  #notify(): void {
    this.#notified = true;
    this.#wake();
  }

  #nextWake(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
