import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { assignPresent, requireMembers } from '../assign-present.js';
import { ByokCredential } from '../byok/byok.entity.js';
import type { Kms } from '../byok/kms.js';
import { regionKeys, resealForRegions } from '../byok/seal-secret.js';
import { keysFor } from '../catalog/save-vendor.js';
import { Vendor, VendorCredential } from '../catalog/vendor.entity.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Actor } from '../permissions.js';
import type { RegionInput } from './fleet.shapes.js';
import { Region } from './region.entity.js';

/** Credentials per round trip. */
const BATCH = 500;

/**
 * Creates or changes. A new region, or a new key of one, has every secret that it may use wrapped for it, by the KMS: customers and
 * operator need not enter anything again.
 */
export async function saveRegion(em: EntityManager, kms: Kms, actor: Actor, input: RegionInput): Promise<Region> {
  const change = {
    action: 'region.save',
    subjectType: 'region',
    subjectId: input.id,
    detail: { ...input },
    // BYOK credentials travel with keys and accounts: all of them may have changed.
    alsoTouches: [{ kind: 'access', subjectType: 'region', subjectId: input.id }] as const,
  };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const known = await transaction.findOne(Region, { id: input.id });
    const region = known ?? new Region();
    const keyBefore = known?.sealingKey;
    assignPresent(region, input);
    requireMembers(region, ['id', 'name', 'url', 'latitude', 'longitude', 'sealingKey']);
    if (Buffer.from(region.sealingKey, 'base64url').length !== 32)
      throw new GatewayError('invalid_request', 'sealingKey must be an X25519 public key: 32 bytes in base64url.', { param: 'sealingKey' });
    await transaction.persist(region).flush();
    if (region.sealingKey !== keyBefore) await resealEverything(transaction, kms, new Set([region.id]));
    return region;
  });
}

async function resealEverything(em: EntityManager, kms: Kms, changedRegions: ReadonlySet<string>): Promise<void> {
  const keys = await regionKeys(em);
  const vendors = new Map((await em.find(Vendor, {})).map((vendor) => [vendor.id, vendor]));
  const house = await em.find(VendorCredential, { deletedAt: null }, { populate: ['sealed', 'wrappedKey'] });
  for (const credential of house) {
    const allowed = keysFor(vendors.get(credential.vendorId) ?? { regions: [] }, keys);
    credential.sealed = await resealForRegions(kms, credential, credential.id, allowed, changedRegions);
  }
  await em.flush();
  for (let after = ''; ; ) {
    const where = { deletedAt: null, ...(after !== '' && { id: { $gt: after } }) };
    const byok = await em.find(ByokCredential, where, { populate: ['sealed', 'wrappedKey'], orderBy: { id: 'asc' }, limit: BATCH });
    for (const credential of byok) credential.sealed = await resealForRegions(kms, credential, credential.id, keys, changedRegions);
    await em.flush();
    const last = byok.at(-1);
    if (!last || byok.length < BATCH) return;
    after = last.id;
  }
}
