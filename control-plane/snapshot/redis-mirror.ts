/**
 * The published revision in Redis, where nodes look first. Redis holds nothing of its own: whatever is missing there (a flush, a new
 * server) is put back from PostgreSQL. Documents before the manifest that names them; the announcement last.
 */
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { RedisKeys } from '../../shared/redis-keys.js';
import type { Announcement, Manifest } from '../../shared/snapshot.js';
import { readChanges, readDocument } from './published-store.js';

/** How long what a newer revision replaced stays readable for a node that is just fetching it. */
const OLD_SECONDS = 600;

export class RedisMirror {
  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly pool: Pool,
  ) {}

  /** Writes what Redis lacks and announces. Rejects when Redis or PostgreSQL is away; repeating it is safe. */
  async publish(manifest: Manifest): Promise<void> {
    const before = await this.#currentManifest();
    await this.#ensureDocument(manifest.catalog.sha256);
    await this.#ensureDocument(manifest.accessBase.sha256);
    await this.#ensureChanges(manifest);
    await this.redis.set(this.keys.configManifest, JSON.stringify(manifest));
    const announcement: Announcement = { revision: manifest.revision, previous: manifest.previous };
    await this.redis.publish(this.keys.configChannel, JSON.stringify(announcement));
    if (before) await this.#retire(before, manifest);
  }

  /** Republishes when Redis does not hold exactly this manifest and all that it names. True when it had to. */
  async repair(manifest: Manifest): Promise<boolean> {
    const held = await this.#currentManifest();
    const [catalog, base, changes] = await Promise.all([
      this.redis.exists(this.keys.configDocument(manifest.catalog.sha256)),
      this.redis.exists(this.keys.configDocument(manifest.accessBase.sha256)),
      this.redis.zcard(this.keys.accessChanges(manifest.accessBase.sha256)),
    ]);
    if (held?.signature === manifest.signature && catalog && base && changes === manifest.accessChanges.count) return false;
    await this.publish(manifest);
    return true;
  }

  async #currentManifest(): Promise<Manifest | undefined> {
    const text = await this.redis.get(this.keys.configManifest);
    try {
      return text === null ? undefined : (JSON.parse(text) as Manifest);
    } catch {
      // Somebody else's bytes: written over by `publish`.
      return undefined;
    }
  }

  async #ensureDocument(sha256: string): Promise<void> {
    const key = this.keys.configDocument(sha256);
    // `persist` also undoes the expiry of a document that came back into use.
    if ((await this.redis.exists(key)) === 1) {
      await this.redis.persist(key);
      return;
    }
    const bytes = await readDocument(this.pool, sha256);
    if (!bytes) throw new Error(`document ${sha256} is not in PostgreSQL`);
    await this.redis.set(key, bytes);
  }

  async #ensureChanges(manifest: Manifest): Promise<void> {
    const { sha256 } = manifest.accessBase;
    const key = this.keys.accessChanges(sha256);
    const newest = await this.redis.zrange(key, '-1', '-1', 'WITHSCORES');
    const held = await this.redis.zcard(key);
    const after = newest[1] === undefined ? 0 : Number(newest[1]);
    const missing = await readChanges(this.pool, sha256, after);
    if (held + missing.length === manifest.accessChanges.count) return this.#addChanges(key, missing);
    await this.redis.del(key);
    await this.#addChanges(key, await readChanges(this.pool, sha256, 0));
  }

  async #addChanges(key: string, changes: readonly { revision: number; json: string }[]): Promise<void> {
    if (changes.length === 0) return;
    const commands = this.redis.multi();
    for (const change of changes) commands.zadd(key, change.revision, change.json);
    await commands.persist(key).exec();
  }

  async #retire(before: Manifest, now: Manifest): Promise<void> {
    if (before.catalog.sha256 !== now.catalog.sha256) await this.redis.expire(this.keys.configDocument(before.catalog.sha256), OLD_SECONDS);
    if (before.accessBase.sha256 === now.accessBase.sha256) return;
    await this.redis.expire(this.keys.configDocument(before.accessBase.sha256), OLD_SECONDS);
    await this.redis.expire(this.keys.accessChanges(before.accessBase.sha256), OLD_SECONDS);
  }
}
