/**
 * The seed of a local installation, in one transaction: accounts, catalogue, fleet. Safe to run at every start and by two starts at
 * once; when nothing changed there is no new revision. Throws, with nothing written, when the database refuses a row.
 */
import pg from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import { localKms } from '../control-plane/modules/byok/kms.js';
import type { RealVendors } from './config.js';
import { seedLocalServer } from './local-vendor.js';
import { seedSandbox } from './sandbox-vendor.js';
import type { Secrets } from './secrets.js';
import { seedAccounts } from './seed-accounts.js';
import { seedCatalogue } from './seed-catalogue.js';
import { readRegionKeys, seedCredential, seedRegions, seedVendorAddress } from './seed-fleet.js';

export { OPERATOR_EMAIL } from './seed-accounts.js';

export interface DemoOptions {
  readonly databaseUrl: string;
  readonly secrets: Secrets;
  /** Region id -> the gateway there: regions that run now. */
  readonly regions: Readonly<Record<string, string>>;
  readonly sandboxUrl: string;
  readonly vendors: RealVendors;
  /** Told of what could not be joined, a sentence each. */
  readonly warn: (problem: string) => void;
}

/** Any constant of its own: a second start waits here. */
const SEED_LOCK = 4_211_702;

export async function seedDemo(options: DemoOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [SEED_LOCK]);
    const touched = await seedAll(client, options);
    if (touched.length > 0) await client.query('SELECT touch_config($1, NULL)', [JSON.stringify(touched)]);
    await client.query('COMMIT');
  } finally {
    // Without a COMMIT the server rolls back.
    await client.end();
  }
}

async function seedAll(client: pg.Client, { secrets, regions, sandboxUrl, vendors, warn }: DemoOptions): Promise<ConfigTouch[]> {
  const kms = localKms(Buffer.from(secrets.kmsKey, 'base64url'));
  const sealingKeys = Object.fromEntries(Object.entries(secrets.regions).map(([region, pair]) => [region, pair.publicKey]));
  const touched = [...(await seedRegions(client, kms, regions, sealingKeys)), ...(await seedCatalogue(client))];
  const keys = await readRegionKeys(client);
  touched.push(...(await seedSandbox(client, kms, sandboxUrl, keys)));
  for (const [vendorId, baseUrl] of Object.entries(vendors.baseUrls)) touched.push(...(await seedVendorAddress(client, vendorId, baseUrl)));
  for (const vendorId of vendors.known) touched.push(...(await seedCredential(client, kms, vendorId, vendors.credentials[vendorId], keys)));
  if (vendors.localOpenAiBaseUrl !== undefined)
    touched.push(...(await seedLocalServer(client, kms, vendors.localOpenAiBaseUrl, keys, warn)));
  return [...touched, ...(await seedAccounts(client, { ...secrets }))];
}
