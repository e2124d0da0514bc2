import type { EntityManager } from '@mikro-orm/postgresql';
import ipaddr from 'ipaddr.js';
import { GatewayError } from '../../../shared/errors.js';
import { newId } from '../../db/new-id.js';
import { ByokCredential } from './byok.entity.js';
import type { ByokInput } from './byok.shapes.js';
import type { Kms } from './kms.js';
import { openStoredSecret, regionKeys, sealForRegions } from './seal-secret.js';

const MAX_SECRET = 8_000;

export interface ByokPlace {
  readonly accountId: string;
  /** Null: every key of the account. */
  readonly apiKeyId: string | null;
}

/**
 * Seals and persists (without flushing) a customer's vendor key, in place of one for the same vendor and place.
 * Throws `invalid_request` naming the field for an unknown vendor, a base URL that is not allowed, or a key that cannot be one.
 */
export async function saveByok(em: EntityManager, kms: Kms, place: ByokPlace, input: ByokInput): Promise<ByokCredential> {
  const baseUrl = await checkVendor(em, input);
  const secret = input.apiKey.trim();
  if (secret.length < 8 || secret.length > MAX_SECRET || /[\s\p{Cc}]/u.test(secret))
    throw new GatewayError('invalid_request', 'byok.apiKey is not a vendor key.', { param: 'byok.apiKey' });

  await em.nativeUpdate(
    ByokCredential,
    { accountId: place.accountId, apiKeyId: place.apiKeyId, vendorId: input.provider, deletedAt: null },
    { deletedAt: new Date() },
  );
  const credential = new ByokCredential();
  credential.accountId = place.accountId;
  credential.apiKeyId = place.apiKeyId;
  credential.vendorId = input.provider;
  credential.mode = input.mode ?? 'prefer';
  credential.baseUrl = baseUrl;
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

async function checkVendor(em: EntityManager, input: ByokInput): Promise<string | null> {
  const [vendor] = await em.execute<{ byok_base_url: boolean }[]>('SELECT byok_base_url FROM vendor WHERE id = ?', [input.provider]);
  if (!vendor)
    throw new GatewayError('invalid_request', `byok.provider ${JSON.stringify(input.provider)} is not a vendor of this gateway.`, {
      param: 'byok.provider',
    });
  if (!input.baseUrl) return null;
  if (!vendor.byok_base_url)
    throw new GatewayError('invalid_request', `${input.provider} takes no base URL of your own.`, { param: 'byok.baseUrl' });
  return checkBaseUrl(input.baseUrl);
}

/** The shape only: nodes check every address again when they connect (the name may resolve to anything by then). */
function checkBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const literal = url ? url.hostname.replace(/^\[|\]$/g, '') : '';
  const privateAddress = ipaddr.isValid(literal) && ipaddr.process(literal).range() !== 'unicast';
  if (url?.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '' || privateAddress)
    throw new GatewayError('invalid_request', 'byok.baseUrl must be a public https URL on port 443 without user info.', {
      param: 'byok.baseUrl',
    });
  return url.href.replace(/\/$/, '');
}
