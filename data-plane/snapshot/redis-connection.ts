/**
 * Connections for configuration. A command waits a bounded time and is never queued for a Redis that is away: its caller has another
 * source. Reconnecting goes on for ever, with a growing, jittered pause. A cluster's client has the same commands, events and status.
 */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { readRedisServers } from '../../shared/redis-servers.js';

/** A hung Redis costs a poll this long, and nothing else: no request waits for it. */
const COMMAND_TIMEOUT_MS = 1_500;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_PAUSE_MS = 3_000;

type ConnectionOptions = Pick<RedisOptions, 'enableOfflineQueue' | 'maxRetriesPerRequest' | 'commandTimeout' | 'autoResubscribe'>;

export function connectForCommands(url: string, random: () => number): Redis {
  return connect(url, random, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS });
}

/** Subscribes again by itself after a reconnection. */
export function connectForSubscription(url: string, random: () => number): Redis {
  return connect(url, random, { autoResubscribe: true, maxRetriesPerRequest: null });
}

function connect(url: string, random: () => number, options: ConnectionOptions): Redis {
  const { urls, login } = readRedisServers(url);
  const pause = (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_PAUSE_MS) * (0.5 + random() / 2);
  const { enableOfflineQueue, ...rest } = options;
  const redis =
    urls.length === 1
      ? new Redis(url, { ...options, connectTimeout: CONNECT_TIMEOUT_MS, retryStrategy: pause })
      : new Cluster([...urls], {
          redisOptions: { ...rest, ...login, connectTimeout: CONNECT_TIMEOUT_MS },
          enableOfflineQueue: enableOfflineQueue ?? true,
          clusterRetryStrategy: pause,
        });
  // Its absence shows in the status and in `/readyz`; an unheard 'error' event would end the process.
  redis.on('error', () => undefined);
  return redis as Redis;
}
