/**
 * Secrets are planted through every way in; then everything that the control plane wrote anywhere is searched for them: its log (at its
 * most talkative), PostgreSQL, Redis, the published documents, metrics, and every answer.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { generateRegionKey } from '../../shared/sealed.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { connectRedis, type TestRedis } from '../support/redis.js';
import { askService } from '../support/services.js';
import { eventually, NODE_TOKEN, testConfig } from './control-plane-fixture.js';

const planted = (name: string) => `planted-${name}-${randomBytes(8).toString('hex')}`;
const secrets = {
  password: planted('password'),
  wrongPassword: planted('wrong'),
  newPassword: planted('new'),
  byok: planted('byok'),
  vendor: planted('vendor'),
};

let url: string;
let log = '';
let database: TestDatabase;
let redis: TestRedis;
const answers: string[] = [];

beforeAll(async () => {
  [database, redis] = [await createDatabase({ keep: true }), await connectRedis()];
  const config = testConfig(database, redis);
  const { dist } = await askService('program');
  const port = await findAnyFreePort();
  url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(dist, 'control-plane/main.js')], {
    env: {
      MODE: 'local',
      PORT: String(port),
      LOG_LEVEL: 'debug',
      DATABASE_URL: config.databaseUrl,
      REDIS_URL: config.redisUrl,
      REDIS_PREFIX: config.redisPrefix,
      NODE_TOKEN,
      API_KEY_PEPPER: config.apiKeyPepper,
      SNAPSHOT_PRIVATE_KEY: `${config.snapshotKey.d}.${config.snapshotKey.x}`,
      JWT_PRIVATE_KEY: `${config.jwtKey.d}.${config.jwtKey.x}`,
      KMS_KEY: config.kmsKey.toString('base64url'),
    },
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (log += part.toString()));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  afterAll(async () => {
    child.kill('SIGTERM');
    await exited;
    await database.drop();
  });
  await eventually(
    () =>
      fetch(`${url}/readyz`).then(
        (response) => (response.ok ? true : undefined),
        () => undefined,
      ),
    30_000,
  );
});

/** `planting`: this answer is the one that may show the secret. */
async function send<T>(query: string, token?: string, options: { planting?: boolean } = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const text = await (await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
  if (!options.planting) answers.push(text);
  return (JSON.parse(text) as { data: T }).data;
}

test('a secret that came in is nowhere to be found afterwards', async () => {
  interface Session {
    readonly register: { token: string; refreshToken: string; user: { id: string } };
  }
  const { register } = await send<Session>(
    `mutation { register(email: "p@example.com", password: "${secrets.password}") { token refreshToken user { id } } }`,
    undefined,
    { planting: true },
  );
  await database.pool.query('UPDATE app_user SET operator = true WHERE id = $1', [register.user.id]);
  const { token } = register;
  await send(`mutation { login(email: "p@example.com", password: "${secrets.wrongPassword}") { token } }`);
  await send(`mutation { login(email: "p@example.com", password: "${secrets.password}") { nothing } }`);
  await send(`mutation { changePassword(current: "${secrets.password}", password: "${secrets.newPassword}") }`, token);
  await send(
    `mutation { saveRegion(input: { id: "us", name: "US", url: "http://localhost", latitude: 0, longitude: 0, sealingKey: "${generateRegionKey().publicKey}" }) { id } }`,
    token,
  );
  await send('mutation { saveVendor(input: { id: "v", name: "V", protocol: "openai", baseUrl: "http://127.0.0.1:1/v1" }) { id } }', token);
  await send(`mutation { addVendorCredential(input: { vendorId: "v", secret: "${secrets.vendor}" }) { id last4 } }`, token);
  const { createApiKey } = await send<{ createApiKey: { key: string } }>(
    `mutation { createApiKey(input: { name: "k", byok: [{ provider: "v", apiKey: "${secrets.byok}" }] }) { key } }`,
    token,
    { planting: true },
  );
  const { beginTotp } = await send<{ beginTotp: { secret: string } }>('mutation { beginTotp { secret uri } }', token, { planting: true });
  const { refreshSession } = await send<{ refreshSession: { token: string; refreshToken: string } }>(
    `mutation { refreshSession(refreshToken: "${register.refreshToken}") { token refreshToken } }`,
    undefined,
    { planting: true },
  );
  await send(
    '{ apiKeys { id name last4 byok { last4 } } byokCredentials { last4 } vendors { edges { node { credentials { last4 } } } } exportAccount }',
    token,
  );
  // Provoked faults of ours: what they say and log must not quote what was sent.
  await database.pool.query('ALTER TABLE byok_credential RENAME TO away');
  await send(`mutation { createByokCredential(input: { provider: "v", apiKey: "${secrets.byok}" }) { id } }`, token);
  await database.pool.query('ALTER TABLE away RENAME TO byok_credential');
  await database.pool.query('ALTER TABLE refresh_token RENAME TO away');
  await send(`mutation { login(email: "p@example.com", password: "${secrets.newPassword}") { token } }`);
  await database.pool.query('ALTER TABLE away RENAME TO refresh_token');
  await eventually(async () => ((await redis.client.keys(`${redis.prefix}*changes*`)).length > 0 ? true : undefined));

  const looked = {
    log,
    answers: answers.join('\n'),
    metrics: await (await fetch(`${url}/metrics`)).text(),
    database: await dumpDatabase(),
    redis: await dumpRedis(),
  };
  expect(looked.log).toMatch(/unexpected error in a GraphQL operation/);
  const wanted = Object.entries({
    ...secrets,
    apiKey: createApiKey.key,
    totp: beginTotp.secret,
    refreshToken: register.refreshToken,
    nextRefreshToken: refreshSession.refreshToken,
    token,
  });
  const found = Object.entries(looked).flatMap(([place, text]) =>
    wanted.filter(([, secret]) => text.includes(secret)).map(([name]) => `${name} in ${place}`),
  );
  expect(found).toEqual([]);
});

/** Every row of every table; `bytea` also as the text that it may hold. */
async function dumpDatabase(): Promise<string> {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  const parts = await Promise.all(
    rows.map(async ({ name }) => {
      const table = await database.pool.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      return table.rows.map((row) =>
        Object.values(row)
          .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
          .join(' '),
      );
    }),
  );
  return parts.flat().join('\n');
}

async function dumpRedis(): Promise<string> {
  const names = await redis.client.keys(`${redis.prefix}*`);
  const parts = await Promise.all(
    names.map(async (name) => {
      const type = await redis.client.type(name);
      if (type === 'string') return (await redis.client.getBuffer(name))?.toString('latin1') ?? '';
      if (type === 'zset') return (await redis.client.zrange(name, '0', '-1')).join('\n');
      return type === 'hash' ? JSON.stringify(await redis.client.hgetall(name)) : '';
    }),
  );
  return parts.join('\n');
}
