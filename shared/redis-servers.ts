/**
 * `REDIS_URL` names one server, or several of a Redis Cluster with commas between them (any of its nodes: the rest are discovered).
 * What ioredis needs of the list is read here once for both planes; connecting is theirs.
 */
export interface RedisServers {
  /** One is a plain server, more are a cluster. */
  readonly urls: readonly string[];
  /** Nodes that a cluster names later are reached as the first one is. */
  readonly login: { readonly username?: string; readonly password?: string; readonly tls?: Record<string, never> };
}

export function readRedisServers(text: string): RedisServers {
  const urls = text
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  const { protocol, username, password } = new URL(urls[0] ?? '');
  return {
    urls,
    login: {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
  };
}
