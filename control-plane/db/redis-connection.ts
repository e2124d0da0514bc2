/**
 * This plane's connections to Redis, or to a Redis Cluster, whose client has the same commands, events and status. Reconnecting goes on
 * for ever; everything that Redis does has another way, so an error is worth a debug line.
 */
import { Cluster, Redis } from 'ioredis';
import { readRedisServers } from '../../shared/redis-servers.js';

/** Redis that does not answer within this is treated as away. */
const ANSWER_MS = 2_000;

/** What is different of a connection that blocks or listens. */
export interface ConnectionNeeds {
  /** A read that blocks on purpose waits longer. */
  readonly commandTimeout?: number;
  /** Null: a command waits until Redis is back. */
  readonly maxRetriesPerRequest?: number | null;
}

export function connectRedis(url: string, onError: (error: unknown) => void): Redis {
  const { urls, login } = readRedisServers(url);
  const options = { commandTimeout: ANSWER_MS, connectTimeout: ANSWER_MS, maxRetriesPerRequest: 1 };
  const pause = (attempt: number) => Math.min(attempt * 100, ANSWER_MS);
  const redis =
    urls.length === 1
      ? new Redis(url, { ...options, enableOfflineQueue: true, retryStrategy: pause })
      : new Cluster([...urls], { redisOptions: { ...options, ...login }, enableOfflineQueue: true, clusterRetryStrategy: pause });
  redis.on('error', onError);
  return redis as Redis;
}

/** To the same servers, for blocking reads or a subscription. */
export function duplicateRedis(redis: Redis, needs: ConnectionNeeds): Redis {
  const connection: unknown = redis;
  if (!(connection instanceof Cluster)) return redis.duplicate({ ...needs });
  const redisOptions: object = { ...connection.options.redisOptions, ...needs };
  return connection.duplicate(undefined, { redisOptions }) as Cluster & Redis;
}
