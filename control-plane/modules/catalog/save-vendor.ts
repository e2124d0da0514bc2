import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { assignPresent, requireMembers, requireOneOf } from '../assign-present.js';
import type { Kms } from '../byok/kms.js';
import type { RegionKeys } from '../byok/seal-secret.js';
import { HOUSE, regionKeys, resealForRegions, sealForRegions } from '../byok/seal-secret.js';
import { changeAsOperator } from '../change-as-operator.js';
import { requireUuid } from '../identifiers.js';
import type { Actor } from '../permissions.js';
import type { VendorCredentialInput, VendorInput } from './catalog.shapes.js';
import { checkQuirks } from './check-shapes.js';
import { Vendor, VendorCredential } from './vendor.entity.js';

const PROTOCOLS = ['openai', 'anthropic', 'gemini'];

/** Creates or changes. A change of its regions seals its credentials anew: a region that may not use them cannot open them. */
export async function saveVendor(em: EntityManager, kms: Kms, actor: Actor, input: VendorInput): Promise<Vendor> {
  const change = { action: 'vendor.save', subjectType: 'vendor', subjectId: input.id, detail: { ...input } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const known = await transaction.findOne(Vendor, { id: input.id });
    const vendor = known ?? new Vendor();
    assignPresent(vendor, input, { nullable: ['regions'], except: ['quirks'] });
    if (input.quirks !== undefined && input.quirks !== null) vendor.quirks = checkQuirks(input.quirks);
    requireMembers(vendor, ['id', 'name', 'protocol', 'baseUrl']);
    requireOneOf('protocol', vendor.protocol, PROTOCOLS);
    requireVendorUrl(vendor.baseUrl);
    if (!known) transaction.persist(vendor);
    if (known && input.regions !== undefined) await resealVendor(transaction, kms, vendor);
    return vendor;
  });
}

export async function addVendorCredential(
  em: EntityManager,
  kms: Kms,
  actor: Actor,
  input: VendorCredentialInput,
): Promise<VendorCredential> {
  const credential = new VendorCredential();
  const secret = input.secret.trim();
  if (secret === '' || secret.length > 8_000 || /[\s\p{Cc}]/u.test(secret))
    throw new GatewayError('invalid_request', 'secret is not a credential.', { param: 'secret' });
  const change = {
    action: 'credential.add',
    subjectType: 'vendor_credential',
    subjectId: credential.id,
    detail: { vendorId: input.vendorId, label: input.label ?? '' },
  };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const vendor = await requireVendor(transaction, input.vendorId);
    const binding = { owner: HOUSE, vendorId: vendor.id, id: credential.id, version: 1 };
    const stored = await sealForRegions(kms, secret, binding, keysFor(vendor, await regionKeys(transaction)));
    Object.assign(credential, stored);
    credential.vendorId = vendor.id;
    credential.label = input.label ?? '';
    credential.weight = input.weight ?? 1;
    transaction.persist(credential);
    return credential;
  });
}

export interface CredentialChange {
  readonly enabled?: boolean | null;
  readonly weight?: number | null;
  readonly label?: string | null;
  readonly deleted?: boolean;
}

/** A secret is never changed in place: add the new one, then delete the old. */
export async function changeVendorCredential(
  em: EntityManager,
  actor: Actor,
  id: string,
  wanted: CredentialChange,
): Promise<VendorCredential> {
  const action = wanted.deleted ? 'credential.delete' : 'credential.update';
  const change = { action, subjectType: 'vendor_credential', subjectId: requireUuid(id), detail: { ...wanted } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const credential = await transaction.findOne(VendorCredential, { id, deletedAt: null });
    if (!credential) throw new GatewayError('not_found', 'No such credential.', { param: 'id' });
    assignPresent(credential, wanted, { except: ['deleted'] });
    if (wanted.deleted) credential.deletedAt = new Date();
    return credential;
  });
}

/** The keys of the regions that may use a vendor's credentials. */
export function keysFor(vendor: { readonly regions: readonly string[] | null }, keys: RegionKeys): RegionKeys {
  const allowed = vendor.regions;
  return allowed === null ? keys : Object.fromEntries(Object.entries(keys).filter(([region]) => allowed.includes(region)));
}

async function resealVendor(em: EntityManager, kms: Kms, vendor: Vendor): Promise<void> {
  const keys = keysFor(vendor, await regionKeys(em));
  const where = { vendorId: vendor.id, deletedAt: null };
  for (const credential of await em.find(VendorCredential, where, { populate: ['sealed', 'wrappedKey'] }))
    credential.sealed = await resealForRegions(kms, credential, credential.id, keys, new Set());
}

async function requireVendor(em: EntityManager, id: string): Promise<Vendor> {
  const vendor = await em.findOne(Vendor, { id });
  if (!vendor) throw new GatewayError('invalid_request', `No vendor ${JSON.stringify(id)}.`, { param: 'vendorId' });
  return vendor;
}

/** An operator may name any host (a server of their own on the LAN is one), but nothing that is not a URL. */
function requireVendorUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw new GatewayError('invalid_request', 'baseUrl must be an http or https URL without user info and query.', { param: 'baseUrl' });
}
