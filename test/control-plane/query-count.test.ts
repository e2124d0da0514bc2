/**
 * No query of the console asks the database once a row: each sends the same few statements whether its lists are long or short. Lists hold
 * up to 50 rows here, so one statement a row would pass the bound at once.
 */
import { beforeAll, expect, test } from 'vitest';
import { type ControlPlane, createControlPlane } from '../../control-plane/app.js';
import { seedDemo } from '../../local/demo-data.js';
import { generateSecrets } from '../../local/secrets.js';
import { setPassword } from '../../local/seed-accounts.js';
import { seedLarge } from '../../local/seed-large.js';
import { afterFile } from '../support/after-file.js';
import { type ConsoleOperation, findSeededIds, listConsoleOperations } from '../support/console-operations.js';
import { createDatabase } from '../support/database.js';
import { connectRedis } from '../support/redis.js';
import { logStatements } from '../support/statement-log.js';
import { testConfig } from './control-plane-fixture.js';

/** The session, and a handful of what is asked. */
const MOST = 10;
const CUSTOMER = 'customer-0@large.test';

let control: ControlPlane;
let url: string;
let operations: readonly ConsoleOperation[];
let token: string;

beforeAll(async () => {
  const [database, redis] = [await createDatabase({ keep: true }), await connectRedis()];
  const vendors = { known: [], credentials: {}, baseUrls: {}, localOpenAiBaseUrl: undefined };
  const secrets = generateSecrets(['us']);
  await seedDemo({ databaseUrl: database.url, secrets, regions: {}, sandboxUrl: 'http://127.0.0.1:1', vendors, warn: () => undefined });
  await seedLarge(database.url, { requests: 10_000, keys: 5_000 }, () => undefined);
  const client = await database.pool.connect();
  const { rows } = await client.query('UPDATE app_user SET operator = true WHERE email = $1 RETURNING id', [CUSTOMER]);
  await setPassword(client, rows[0].id, 'correct horse battery');
  client.release();
  operations = listConsoleOperations(await findSeededIds(database.pool));
  control = await createControlPlane(testConfig(database, redis));
  // The server alone: statements of workers would be counted.
  url = await control.server.listen({ host: '127.0.0.1', port: 0 });
  afterFile(async () => {
    await control.close();
    await database.drop();
  });
  const { login } = await send<{ login: { token: string } }>(
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }',
    { email: CUSTOMER, password: 'correct horse battery' },
  );
  token = login.token;
}, 120_000);

test('a query of the console costs a handful of statements, however long its lists are', async () => {
  const log = logStatements();
  afterFile(async () => log.stop());
  const counts: [string, number][] = [];
  for (const { name, query, variables } of operations) {
    log.take();
    await send(query, variables);
    counts.push([name, log.take().length]);
  }
  expect(counts.length).toBeGreaterThan(40);
  expect(counts.filter(([, count]) => count > MOST)).toEqual([]);
  // Every operation reads the session at least: the log does see MikroORM's statements and the pool's.
  expect(counts.filter(([, count]) => count === 0)).toEqual([]);
});

async function send<T>(query: string, variables: object): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: { message: string }[] };
  if (errors) throw new Error(`${query.slice(0, 80)}: ${errors[0]?.message}`);
  return data;
}
