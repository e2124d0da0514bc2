import 'reflect-metadata';
import { beforeAll, expect, test } from 'vitest';
import { readPublicGroups, readPublicModels } from '../../control-plane/modules/catalog/read-public-catalog.js';
import { readGateway } from '../../control-plane/modules/fleet/read-gateway.js';
import { seedDemo } from '../../local/demo-data.js';
import { generateSecrets } from '../../local/secrets.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

const REGIONS = { us: 'https://us.api.example.com/', sg: 'https://sg.api.example.com' };

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await seedDemo({
    databaseUrl: database.url,
    secrets: generateSecrets(Object.keys(REGIONS)),
    regions: REGIONS,
    sandboxUrl: 'http://127.0.0.1:1',
    vendors: { known: [], credentials: {}, baseUrls: {}, localOpenAiBaseUrl: undefined },
    warn: () => undefined,
  });
});

test('models come with prices per million, capabilities and regions; groups with their tiers', async () => {
  const models = await readPublicModels(database.pool);
  expect(models.length).toBeGreaterThan(100);
  const model = models.find(({ id }) => id === 'gpt-4o-mini');
  expect(model).toMatchObject({ rates: { inputUncached: '0.15', output: '0.6' }, regions: ['sg', 'us'] });
  expect(model?.capabilities).toContain('tools');
  const group = (await readPublicGroups(database.pool)).find(({ id }) => id === 'ama/smart-code');
  expect(group?.frontier.length).toBeGreaterThan(0);
});

test('a model that is off, or whose endpoints all are, is not offered', async () => {
  const ids = async () => new Set((await readPublicModels(database.pool)).map(({ id }) => id));
  expect((await ids()).has('gpt-4o')).toBe(true);
  await database.pool.query(`UPDATE model SET enabled = false WHERE id = 'gpt-4o'`);
  await database.pool.query(`UPDATE endpoint SET enabled = false WHERE model_id = 'gpt-4o-mini'`);
  const left = await ids();
  expect([left.has('gpt-4o'), left.has('gpt-4o-mini')]).toEqual([false, false]);
});

test('the gateway is where it was configured, else the primary host; regions are as the operator named them', async () => {
  const regions = [
    { id: 'sg', url: 'https://sg.api.example.com' },
    { id: 'us', url: 'https://us.api.example.com' },
  ];
  expect(await readGateway(database.pool, 'http://127.0.0.1:8080/')).toMatchObject({ url: 'http://127.0.0.1:8080', regions });
  await database.pool.query(
    `INSERT INTO setting (document) VALUES ('{"primaryHost": "api.example.com"}') ON CONFLICT (single) DO UPDATE SET document = excluded.document`,
  );
  expect((await readGateway(database.pool, undefined)).url).toBe('https://api.example.com');
});
