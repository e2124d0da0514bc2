import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { seedDemo } from '../../local/demo-data.js';
import { generateSecrets } from '../../local/secrets.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

const sandboxUrl = 'http://127.0.0.1:4010';
const vendors = { known: ['openai'], credentials: { openai: 'a-secret-of-the-environment' }, baseUrls: {}, localOpenAiBaseUrl: undefined };
const warn = () => undefined;

async function revisionOf(database: TestDatabase): Promise<number> {
  const { rows } = await database.pool.query('SELECT revision FROM config_revision');
  return Number(rows[0].revision);
}

it('makes an account with $25 and two keys, and a revision that nodes hear of', async () => {
  const database = await createDatabase();
  const secrets = generateSecrets(['us', 'sg']);
  const regions = { us: 'http://127.0.0.1:8080', sg: 'http://127.0.0.1:8081' };
  await seedDemo({ databaseUrl: database.url, secrets, regions, sandboxUrl, vendors, warn });
  const { rows } = await database.pool.query(
    'SELECT available::text, (SELECT count(*)::int FROM api_key) AS keys, (SELECT count(*)::int FROM region) AS regions FROM wallet',
  );
  expect(rows).toEqual([{ available: '25000000000', keys: 2, regions: 2 }]);
  expect(await revisionOf(database)).toBe(2);
});

it('changes nothing when it runs again', async () => {
  const database = await createDatabase();
  const secrets = generateSecrets(['us']);
  const options = { databaseUrl: database.url, secrets, regions: { us: 'http://127.0.0.1:8080' }, sandboxUrl, vendors, warn };
  await seedDemo(options);
  const before = await revisionOf(database);
  await seedDemo(options);
  expect(await revisionOf(database)).toBe(before);
});

it('leaves what the operator changed', async () => {
  const database = await createDatabase();
  const secrets = generateSecrets(['us']);
  const options = { databaseUrl: database.url, secrets, regions: { us: 'http://127.0.0.1:8080' }, sandboxUrl, vendors, warn };
  await seedDemo(options);
  await database.pool.query(`UPDATE model SET enabled = false WHERE id = 'gpt-4o'`);
  await seedDemo(options);
  const { rows } = await database.pool.query(`SELECT enabled FROM model WHERE id = 'gpt-4o'`);
  expect(rows).toEqual([{ enabled: false }]);
});

it('seals every credential for a region that joins later', async () => {
  const database = await createDatabase();
  const secrets = generateSecrets(['us', 'sg']);
  const options = { databaseUrl: database.url, secrets, sandboxUrl, vendors, warn };
  await seedDemo({ ...options, regions: { us: 'http://127.0.0.1:8080' } });
  await seedDemo({ ...options, regions: { us: 'http://127.0.0.1:8080', sg: 'http://127.0.0.1:8081' } });
  const { rows } = await database.pool.query(
    `SELECT DISTINCT sealed->'keys' ?& ARRAY['us', 'sg'] AS sealed FROM vendor_credential WHERE deleted_at IS NULL`,
  );
  expect(rows).toEqual([{ sealed: true }]);
});

it('gives new keys to a database that outlived the secrets', async () => {
  const database = await createDatabase();
  const options = { databaseUrl: database.url, regions: { us: 'http://127.0.0.1:8080' }, sandboxUrl, vendors, warn };
  await seedDemo({ ...options, secrets: generateSecrets(['us']) });
  await seedDemo({ ...options, secrets: generateSecrets(['us']) });
  const { rows } = await database.pool.query(
    'SELECT (SELECT count(*)::int FROM api_key) AS keys, (SELECT count(*)::int FROM account) AS accounts',
  );
  expect(rows).toEqual([{ keys: 4, accounts: 1 }]);
});

it('asks a local server for its models, and prices them', async () => {
  const database = await createDatabase();
  const server = createServer((_request, response) => response.end(JSON.stringify({ data: [{ id: '/models/smollm2 135M.gguf' }] })));
  afterAll(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const localOpenAiBaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const secrets = generateSecrets(['us']);
  const regions = { us: 'http://127.0.0.1:8080' };
  await seedDemo({ databaseUrl: database.url, secrets, regions, sandboxUrl, vendors: { ...vendors, localOpenAiBaseUrl }, warn });
  const { rows } = await database.pool.query(
    `SELECT model_id, upstream_model, output::text FROM endpoint JOIN model_price USING (model_id) WHERE vendor_id = 'local'`,
  );
  expect(rows).toEqual([{ model_id: 'local/smollm2-135M.gguf', upstream_model: '/models/smollm2 135M.gguf', output: '400000' }]);
});

it('goes on with a warning when the local server does not answer', async () => {
  const database = await createDatabase();
  const problems: string[] = [];
  await seedDemo({
    databaseUrl: database.url,
    secrets: generateSecrets(['us']),
    regions: { us: 'http://127.0.0.1:8080' },
    sandboxUrl,
    vendors: { ...vendors, localOpenAiBaseUrl: 'http://127.0.0.1:1/v1' },
    warn: (problem) => problems.push(problem),
  });
  expect(problems).toEqual([expect.stringContaining('LOCAL_OPENAI_BASE_URL: http://127.0.0.1:1/v1 does not list its models')]);
});
