/** Revisions in Redis. Large documents come in slices, so that no single reply holds the event loop. */
import type { Redis } from 'ioredis';
import type { RedisKeys } from '../../shared/redis-keys.js';
import type { DocumentReference, Manifest } from '../../shared/snapshot.js';
import type { ConfigSource } from './config-source.js';

const SLICE_BYTES = 1024 * 1024;

export class RedisSource implements ConfigSource {
  readonly name = 'redis';

  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  async manifest(): Promise<unknown> {
    const json = await this.redis.get(this.keys.configManifest);
    return json === null ? undefined : JSON.parse(json);
  }

  async document({ sha256, bytes }: DocumentReference): Promise<Buffer> {
    const key = this.keys.configDocument(sha256);
    const target = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    while (at < bytes) {
      const slice = await this.redis.getrangeBuffer(key, at, Math.min(at + SLICE_BYTES, bytes) - 1);
      if (slice.length === 0) throw new Error(`Redis has ${at} of ${bytes} bytes of document ${sha256}`);
      slice.copy(target, at);
      at += slice.length;
    }
    return target;
  }

  changes(manifest: Manifest, afterRevision: number): Promise<readonly string[]> {
    return this.redis.zrangebyscore(this.keys.accessChanges(manifest.accessBase.sha256), `(${afterRevision}`, manifest.revision);
  }
}
