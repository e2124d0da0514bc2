/**
 * Every Redis key and channel, in one place. The braces are hash tags: keys that one command touches together share a slot, so that
 * Redis Cluster works. Redis holds nothing that cannot be rebuilt: it may be flushed at any time.
 * `prefix` separates installations (and test files) on one server.
 */
export function redisKeys(prefix: string) {
  return {
    /** Pub/sub hint `{revision, previous}`: at most once; nodes poll too. */
    configChannel: `${prefix}:{config}:announce`,
    /** String: the signed manifest of the newest revision. */
    configManifest: `${prefix}:{config}:manifest`,
    /** String: one immutable document (catalog or access base) by its SHA-256. */
    configDocument: (sha256: string) => `${prefix}:{config}:document:${sha256}`,
    /** Sorted set: access changes, JSON members scored by revision, since the base of the manifest. */
    accessChanges: (baseSha256: string) => `${prefix}:{config}:changes:${baseSha256}`,

    /** Pub/sub of NodeStatus, and the hash node -> NodeStatus that outlives a missed message. */
    fleetChannel: `${prefix}:{fleet}:status`,
    fleetStatus: `${prefix}:{fleet}:nodes`,

    /** Stream of usage batches, consumer group `control`. */
    usageStream: `${prefix}:{usage}:stream`,
    /** Hash `node/epoch` -> acknowledged sequence. */
    usageAcknowledged: `${prefix}:{usage}:acknowledged`,

    /** Pub/sub between control planes: ids of accounts whose money or batches moved, joined by commas. A hint. */
    liveChannel: `${prefix}:{live}:accounts`,

    /** Pub/sub of circuits that opened, among the nodes of one region. */
    circuitChannel: (region: string) => `${prefix}:{circuit-${region}}:opened`,
  } as const;
}

export type RedisKeys = ReturnType<typeof redisKeys>;
export const USAGE_CONSUMER_GROUP = 'control';
