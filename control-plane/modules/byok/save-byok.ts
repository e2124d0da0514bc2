import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { newId } from '../../db/new-id.js';
import { Vendor } from '../catalog/vendor.entity.js';
import { checkUserUrl, type EgressClient, EgressRefused } from '../egress/egress-client.js';
import { ByokCredential } from './byok.entity.js';
import type { ByokInput } from './byok.shapes.js';
import type { Kms } from './kms.js';
import { openStoredSecret, regionKeys, sealForRegions } from './seal-secret.js';
import { tryCredential } from './try-credential.js';

const MAX_SECRET = 8_000;

export interface ByokPlace {
  readonly accountId: string;
  /** Null: every key of the account. */
  readonly apiKeyId: string | null;
}

/** What was checked of an input, and may be saved. */
export interface CheckedByok {
  readonly vendorId: string;
  readonly mode: 'prefer' | 'only';
  readonly baseUrl: string | null;
  readonly secret: string;
}

/**
 * Checks the input and shows the key to its vendor. Before any transaction: a vendor may take seconds.
 * Throws `invalid_request` naming the field for an unknown vendor, a base URL that is not allowed, or a key that the vendor refuses.
 */
export async function checkByok(em: EntityManager, egress: EgressClient, input: ByokInput): Promise<CheckedByok> {
  const vendor = await em.findOne(Vendor, { id: input.provider });
  if (!vendor)
    throw new GatewayError('invalid_request', `byok.provider ${JSON.stringify(input.provider)} is not a vendor of this gateway.`, {
      param: 'byok.provider',
    });
  const baseUrl = input.baseUrl ? checkBaseUrl(vendor, input.baseUrl) : null;
  const secret = input.apiKey.trim();
  if (secret.length < 8 || secret.length > MAX_SECRET || /[\s\p{Cc}]/u.test(secret))
    throw new GatewayError('invalid_request', 'byok.apiKey is not a vendor key.', { param: 'byok.apiKey' });
  const { id: vendorId, protocol, quirks } = vendor;
  await tryCredential(egress, { vendorId, protocol, quirks, baseUrl: baseUrl ?? vendor.baseUrl, trusted: baseUrl === null, secret });
  return { vendorId, mode: input.mode ?? 'prefer', baseUrl, secret };
}

/** Seals and persists (without flushing) a customer's vendor key, in place of one for the same vendor and place. */
export async function saveByok(em: EntityManager, kms: Kms, place: ByokPlace, checked: CheckedByok): Promise<ByokCredential> {
  const { vendorId, mode, baseUrl, secret } = checked;
  const same = { accountId: place.accountId, apiKeyId: place.apiKeyId, vendorId, deletedAt: null };
  await em.nativeUpdate(ByokCredential, same, { deletedAt: new Date() });
  const credential = new ByokCredential();
  Object.assign(credential, place, { vendorId, mode, baseUrl });
  await sealInto(em, kms, credential, secret);
  em.persist(credential);
  return credential;
}

async function sealInto(em: EntityManager, kms: Kms, credential: ByokCredential, secret: string): Promise<void> {
  const binding = { owner: credential.accountId, vendorId: credential.vendorId, id: credential.id, version: 1 };
  const stored = await sealForRegions(kms, secret, binding, await regionKeys(em));
  credential.sealed = stored.sealed;
  credential.wrappedKey = stored.wrappedKey;
  credential.last4 = stored.last4;
}

/** For a rotated API key: the same vendor keys, sealed again under ids of their own, so each can be deleted alone. */
export async function copyByok(em: EntityManager, kms: Kms, fromKeyId: string, toKeyId: string): Promise<void> {
  const credentials = await em.find(ByokCredential, { apiKeyId: fromKeyId, deletedAt: null }, { populate: ['sealed', 'wrappedKey'] });
  for (const source of credentials) {
    const secret = await openStoredSecret(kms, source, { owner: source.accountId, vendorId: source.vendorId, id: source.id });
    const copy = new ByokCredential();
    copy.id = newId();
    copy.accountId = source.accountId;
    copy.apiKeyId = toKeyId;
    copy.vendorId = source.vendorId;
    copy.mode = source.mode;
    copy.baseUrl = source.baseUrl;
    await sealInto(em, kms, copy, secret);
    em.persist(copy);
  }
}

/** The shape, and whether the vendor takes one at all. Every address is checked again at each connection. */
function checkBaseUrl(vendor: Vendor, text: string): string {
  if (!vendor.byokBaseUrl)
    throw new GatewayError('invalid_request', `${vendor.id} takes no base URL of your own.`, { param: 'byok.baseUrl' });
  try {
    return checkUserUrl(text).href.replace(/\/$/, '');
  } catch (error) {
    if (!(error instanceof EgressRefused)) throw error;
    throw new GatewayError('invalid_request', `byok.baseUrl: ${error.message}.`, { param: 'byok.baseUrl' });
  }
}
