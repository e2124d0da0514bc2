/**
 * What follows each start of a local installation: the address and sealing key of each region, the sandbox's address, and the vendors
 * that joined by the environment with their credentials, sealed to the regions that are there.
 * Runs in the caller's transaction; returns what nodes must hear of (nothing changed: nothing).
 */
import type { ClientBase } from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import { newId } from '../control-plane/db/new-id.js';
import type { Kms } from '../control-plane/modules/byok/kms.js';
import { HOUSE, openStoredSecret, type RegionKeys, resealForRegions, sealForRegions } from '../control-plane/modules/byok/seal-secret.js';
import { REGIONS } from '../control-plane/modules/catalog/data/regions.js';
import type { SealedSecret } from '../shared/sealed.js';
import { addRows, textArray } from './seed-catalogue.js';

/** For a region that the product does not have: somewhere in the Atlantic, nearest to nobody. */
const NOWHERE = { city: '', countries: [], latitude: 0, longitude: -30 };

/** `urls` and `keys` by region: those that run. A region whose key is new gets every secret sealed for it, too. */
export async function seedRegions(
  client: ClientBase,
  kms: Kms,
  urls: Readonly<Record<string, string>>,
  keys: RegionKeys,
): Promise<ConfigTouch[]> {
  const rows = Object.entries(urls).map(([id, url]) => {
    const facts = REGIONS.find((region) => region.id === id) ?? { ...NOWHERE, id, name: id };
    return { ...facts, url, sealingKey: keys[id] };
  });
  const touched = await addRows(
    client,
    'region',
    `INSERT INTO region AS known (id, name, city, url, countries, latitude, longitude, sealing_key)
     SELECT row->>'id', row->>'name', row->>'city', row->>'url', ${textArray('countries')}, (row->>'latitude')::float8,
       (row->>'longitude')::float8, row->>'sealingKey'
     FROM jsonb_array_elements($1::jsonb) AS row
     ON CONFLICT (id) DO UPDATE SET url = excluded.url, sealing_key = excluded.sealing_key, updated_at = now()
       WHERE (known.url, known.sealing_key) IS DISTINCT FROM (excluded.url, excluded.sealing_key)
     RETURNING id`,
    rows,
  );
  if (touched.length === 0) return touched;
  const all = await readRegionKeys(client);
  return [...touched, ...(await resealAll(client, kms, all))];
}

export async function readRegionKeys(client: ClientBase): Promise<RegionKeys> {
  const { rows } = await client.query<{ id: string; sealing_key: string }>('SELECT id, sealing_key FROM region ORDER BY id');
  return Object.fromEntries(rows.map((row) => [row.id, row.sealing_key]));
}

interface StoredRow {
  readonly id: string;
  readonly account_id: string;
  readonly sealed: SealedSecret;
  readonly wrapped_key: string;
}

/** Customers' credentials and the house's: those that lack a wrapping for a region. */
async function resealAll(client: ClientBase, kms: Kms, keys: RegionKeys): Promise<ConfigTouch[]> {
  const touched: ConfigTouch[] = [];
  const lacks = `deleted_at IS NULL AND NOT sealed->'keys' ?& $1`;
  const customers = await client.query<StoredRow>(`SELECT id, account_id, sealed, wrapped_key FROM byok_credential WHERE ${lacks}`, [
    Object.keys(keys),
  ]);
  for (const row of customers.rows) {
    await client.query('UPDATE byok_credential SET sealed = $2 WHERE id = $1', [row.id, await reseal(kms, row, keys)]);
    touched.push({ kind: 'access', subjectType: 'account', subjectId: row.account_id });
  }
  const house = await client.query<StoredRow>(`SELECT id, sealed, wrapped_key FROM vendor_credential WHERE ${lacks}`, [Object.keys(keys)]);
  for (const row of house.rows) {
    await client.query('UPDATE vendor_credential SET sealed = $2 WHERE id = $1', [row.id, await reseal(kms, row, keys)]);
    touched.push({ kind: 'catalog', subjectType: 'vendor_credential', subjectId: row.id });
  }
  return touched;
}

function reseal(kms: Kms, row: StoredRow, keys: RegionKeys): Promise<SealedSecret> {
  return resealForRegions(kms, { sealed: row.sealed, wrappedKey: row.wrapped_key }, row.id, keys, new Set());
}

/** The vendor's address, where it moved. */
export async function seedVendorAddress(client: ClientBase, vendorId: string, baseUrl: string): Promise<ConfigTouch[]> {
  const { rowCount } = await client.query('UPDATE vendor SET base_url = $2, updated_at = now() WHERE id = $1 AND base_url <> $2', [
    vendorId,
    baseUrl,
  ]);
  return rowCount === 0 ? [] : [{ kind: 'catalog', subjectType: 'vendor', subjectId: vendorId }];
}

/** One credential of the seed's own per vendor; what the operator added stays. An absent secret takes the seed's credential away. */
export async function seedCredential(
  client: ClientBase,
  kms: Kms,
  vendorId: string,
  secret: string | undefined,
  keys: RegionKeys,
): Promise<ConfigTouch[]> {
  const { rows } = await client.query<StoredRow>(
    `SELECT id, sealed, wrapped_key FROM vendor_credential WHERE vendor_id = $1 AND label = $2 AND deleted_at IS NULL`,
    [vendorId, SEED_LABEL],
  );
  const [known] = rows;
  const touch: ConfigTouch = { kind: 'catalog', subjectType: 'vendor', subjectId: vendorId };
  if (known !== undefined) {
    if (secret !== undefined && (await opensTo(kms, vendorId, known, secret))) return [];
    await client.query('UPDATE vendor_credential SET deleted_at = now() WHERE id = $1', [known.id]);
  }
  if (secret === undefined) return known === undefined ? [] : [touch];
  const id = newId();
  const stored = await sealForRegions(kms, secret, { owner: HOUSE, vendorId, id, version: 1 }, keys);
  await client.query('INSERT INTO vendor_credential (id, vendor_id, label, last4, sealed, wrapped_key) VALUES ($1, $2, $3, $4, $5, $6)', [
    id,
    vendorId,
    SEED_LABEL,
    stored.last4,
    JSON.stringify(stored.sealed),
    stored.wrappedKey,
  ]);
  return [touch];
}

const SEED_LABEL = 'environment of npm start';

async function opensTo(kms: Kms, vendorId: string, row: StoredRow, secret: string): Promise<boolean> {
  const stored = { sealed: row.sealed, wrappedKey: row.wrapped_key };
  // A database that outlived `.data` has secrets that nobody can open any more.
  const opened = await openStoredSecret(kms, stored, { owner: HOUSE, vendorId, id: row.id }).catch(() => undefined);
  return opened === secret;
}
