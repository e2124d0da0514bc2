/** A control plane of one's own in this process: its database, its part of Redis, its keys; and people who call it over HTTP. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type ControlPlane, createControlPlane } from '../../control-plane/app.js';
import type { ControlPlaneConfig, Ed25519Pair } from '../../control-plane/config.js';
import { type RedisKeys, redisKeys } from '../../shared/redis-keys.js';
import { afterFile } from '../support/after-file.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { connectRedis, type TestRedis } from '../support/redis.js';

export const PASSWORD = 'correct horse battery';
export const NODE_TOKEN = 'node-token-of-the-tests';

interface Answer<T> {
  readonly data: T | null;
  readonly errors?: readonly { message: string; path?: readonly (string | number)[]; extensions: { code: string; param?: string } }[];
}

export interface Person {
  readonly token: string;
  readonly refreshToken: string;
  readonly userId: string;
  readonly accountId: string;
  readonly email: string;
}

export interface ControlPlaneFixture {
  readonly app: ControlPlane;
  readonly config: ControlPlaneConfig;
  readonly url: string;
  readonly database: TestDatabase;
  readonly redis: TestRedis;
  readonly keys: RedisKeys;
  /** Sends one operation; `token` undefined is nobody. */
  graphql<T>(query: string, variables?: object, token?: string): Promise<Answer<T>>;
  /** The data; throws with the errors when there are any. */
  must<T>(query: string, variables?: object, token?: string): Promise<T>;
  register(name?: string): Promise<Person>;
  registerOperator(): Promise<Person>;
  /** `GET` of an internal route, as a node. */
  internal(path: string): Promise<Response>;
}

/** Call it in `beforeAll`; it is closed after the file. `listen: false`: no workers, so nothing is published. */
export async function startControlPlane(overrides: Partial<ControlPlaneConfig> = {}): Promise<ControlPlaneFixture> {
  const [database, redis] = [await createDatabase({ keep: true }), await connectRedis()];
  const config = testConfig(database, redis, overrides);
  const app = await createControlPlane(config);
  const url = await app.listen();
  afterFile(async () => {
    await app.close();
    await database.drop();
  });
  return { app, config, url, database, redis, keys: redisKeys(redis.prefix), ...callers(url, database) };
}

export function testConfig(database: TestDatabase, redis: TestRedis, overrides: Partial<ControlPlaneConfig> = {}): ControlPlaneConfig {
  return {
    mode: 'local',
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://127.0.0.1',
    gatewayUrl: undefined,
    databaseUrl: database.url,
    redisUrl: redis.url,
    redisPrefix: redis.prefix,
    nodeToken: NODE_TOKEN,
    apiKeyPepper: 'pepper-of-the-tests',
    snapshotKey: ed25519Pair(),
    jwtKey: ed25519Pair(),
    kmsKey: randomBytes(32),
    smtpUrl: undefined,
    mailDirectory: undefined,
    mailFrom: 'ModelAPI <no-reply@localhost>',
    egressAllowedOrigins: [],
    signUpsPerHour: 1_000,
    trustedProxies: [],
    tracesEndpoint: undefined,
    logLevel: 'silent',
    identityProvider: undefined,
    payment: { stripe: undefined, usdt: { ethereum: undefined, tron: undefined } },
    ...overrides,
  };
}

function ed25519Pair(): Ed25519Pair {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { d, x };
}

function callers(
  url: string,
  database: TestDatabase,
): Pick<ControlPlaneFixture, 'graphql' | 'must' | 'register' | 'registerOperator' | 'internal'> {
  const graphql = async <T>(query: string, variables: object = {}, token?: string): Promise<Answer<T>> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer<T>;
  };
  const must = async <T>(query: string, variables?: object, token?: string): Promise<T> => {
    const { data, errors } = await graphql<T>(query, variables, token);
    if (errors || data === null) throw new Error(`${query}: ${JSON.stringify(errors)}`);
    return data;
  };
  const register = async (name = 'Somebody'): Promise<Person> => {
    const email = `person-${randomBytes(6).toString('hex')}@example.com`;
    const { register: session } = await must<{
      register: { token: string; refreshToken: string; user: { id: string }; account: { id: string } };
    }>(
      'mutation ($email: String!, $password: String!, $name: String) { register(email: $email, password: $password, name: $name) { token refreshToken user { id } account { id } } }',
      { email, password: PASSWORD, name },
    );
    return { email, token: session.token, refreshToken: session.refreshToken, userId: session.user.id, accountId: session.account.id };
  };
  const registerOperator = async () => {
    const person = await register('Operator');
    await database.pool.query('UPDATE app_user SET operator = true WHERE id = $1', [person.userId]);
    return person;
  };
  const internal = (path: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${NODE_TOKEN}` } });
  return { graphql, must, register, registerOperator, internal };
}

/** Tries until `work` returns something, at most `withinMs`. */
export async function eventually<T>(work: () => Promise<T | undefined>, withinMs = 5_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await work();
    if (result !== undefined) return result;
    if (performance.now() > deadline) throw new Error(`nothing after ${withinMs} ms: ${work}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
