/**
 * The sandbox as a vendor: it serves every model of the catalogue that no real vendor has a credential for, and all test keys.
 * It costs nothing; customers pay the model's price all the same, so the demo's bills are those of real life.
 */
import type { ClientBase } from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import type { Kms } from '../control-plane/modules/byok/kms.js';
import type { RegionKeys } from '../control-plane/modules/byok/seal-secret.js';
import { catalogueModelRows } from '../control-plane/modules/catalog/catalogue-rows.js';
import { addEndpoints, addVendors } from './seed-catalogue.js';
import { seedCredential, seedVendorAddress } from './seed-fleet.js';

/** The data plane knows this vendor by its id: test keys go nowhere else. */
const SANDBOX = 'sandbox';
/** It accepts any. */
const SECRET = 'sandbox-accepts-any-credential';
const FREE = { inputUncached: '0', cacheRead: '0', cacheWrite5m: '0', cacheWrite1h: '0', output: '0', requests: '0' };

export async function seedSandbox(client: ClientBase, kms: Kms, url: string, keys: RegionKeys): Promise<ConfigTouch[]> {
  const vendor = {
    id: SANDBOX,
    name: 'Sandbox',
    protocol: 'openai',
    baseUrl: `${url}/v1`,
    enabled: true,
    regions: null,
    timeouts: { connectMs: 2_000, firstTokenMs: 60_000, idleMs: 60_000 },
    quirks: { passUnknown: true },
    byokBaseUrl: false,
    trainsOnData: false,
  } as const;
  const endpoints = catalogueModelRows().map((model) => ({
    id: `${model.id}@${SANDBOX}`,
    modelId: model.id,
    vendorId: SANDBOX,
    upstreamModel: model.id,
    enabled: true,
    regions: null,
    cost: FREE,
  }));
  return [
    ...(await addVendors(client, [vendor])),
    ...(await seedVendorAddress(client, SANDBOX, vendor.baseUrl)),
    ...(await addEndpoints(client, endpoints)),
    ...(await seedCredential(client, kms, SANDBOX, SECRET, keys)),
  ];
}
