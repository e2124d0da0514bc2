/**
 * The first step of a production installation, after the control plane has migrated its database: the reviewed catalogue, the regions,
 * and the operator, who adds vendors' credentials in the console. Safe to run again: it adds what is missing and changes a region's
 * address or key. Ends with one line on a wrong variable.
 */
import pg from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import { localKms } from '../control-plane/modules/byok/kms.js';
import { type FoundConfig, loadFoundConfig } from './found-config.js';
import { findOwner, foundOwner, setPassword } from './seed-accounts.js';
import { seedCatalogue } from './seed-catalogue.js';
import { seedRegions } from './seed-fleet.js';

try {
  await found(loadFoundConfig(process.env));
  process.stdout.write('the installation is founded\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function found(config: FoundConfig): Promise<void> {
  const client = new pg.Client({ connectionString: config.databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    const touched = await seedAll(client, config);
    if (touched.length > 0) await client.query('SELECT touch_config($1, NULL)', [JSON.stringify(touched)]);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

async function seedAll(client: pg.Client, { kmsKey, operator, regions }: FoundConfig): Promise<ConfigTouch[]> {
  const urls = Object.fromEntries(Object.entries(regions).map(([id, region]) => [id, region.url]));
  const keys = Object.fromEntries(Object.entries(regions).map(([id, region]) => [id, region.sealingKey]));
  const touched = [...(await seedRegions(client, localKms(kmsKey), urls, keys)), ...(await seedCatalogue(client))];
  if ((await findOwner(client, operator.email)) !== undefined) return touched;
  const { userId, accountId } = await foundOwner(client, operator.email, 'Operator');
  await setPassword(client, userId, operator.password);
  return [...touched, { kind: 'account', subjectType: 'account', subjectId: accountId }];
}
