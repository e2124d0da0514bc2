/**
 * Shows a vendor a key before it is saved, with a call that costs nothing: the list of its models. Only a plain refusal (401, 403)
 * counts against the key; a vendor that is away, or has no such list, proves nothing and the key is taken.
 */
import { GatewayError } from '../../../shared/errors.js';
import type { Protocol, VendorQuirks } from '../../../shared/snapshot.js';
import { type EgressClient, EgressRefused } from '../egress/egress-client.js';

export interface CredentialTrial {
  readonly vendorId: string;
  readonly protocol: Protocol;
  readonly quirks: VendorQuirks;
  readonly baseUrl: string;
  /** The operator entered the URL, not the customer. */
  readonly trusted: boolean;
  readonly secret: string;
}

/** Somebody waits for the answer of a form. */
const DEADLINE_MS = 5_000;
const LIST_VERSION: Readonly<Record<Protocol, string>> = { openai: '', anthropic: '/v1', gemini: '/v1beta' };
const LIST_AUTH: Readonly<Record<Protocol, NonNullable<VendorQuirks['auth']>>> = {
  openai: 'bearer',
  anthropic: 'x-api-key',
  gemini: 'x-goog-api-key',
};

/** Throws `invalid_request` when the vendor refuses the key, or when the base URL may not be called. */
export async function tryCredential(egress: EgressClient, trial: CredentialTrial): Promise<void> {
  // A path of its own (Azure, Vertex) means that the list is elsewhere, too.
  if (trial.quirks.path !== undefined) return;
  const status = await egress
    .request(listUrl(trial), { method: 'GET', headers: headersOf(trial), trusted: trial.trusted, deadlineMs: DEADLINE_MS })
    .then((answer) => answer.status)
    .catch((error: unknown) => {
      if (error instanceof EgressRefused)
        throw new GatewayError('invalid_request', `byok.baseUrl: ${error.message}.`, { param: 'byok.baseUrl' });
      return undefined;
    });
  if (status === 401 || status === 403)
    throw new GatewayError('invalid_request', `${trial.vendorId} refused this key (HTTP ${status}). Check it and try again.`, {
      param: 'byok.apiKey',
    });
}

function listUrl({ protocol, baseUrl }: CredentialTrial): string {
  const base = baseUrl.replace(/\/+$/, '');
  return `${base}${/\/v\d\w*$/.test(base) ? '' : LIST_VERSION[protocol]}/models`;
}

function headersOf({ protocol, quirks, secret }: CredentialTrial): Record<string, string> {
  const auth = quirks.auth ?? LIST_AUTH[protocol];
  const credential = auth === 'bearer' ? { authorization: `Bearer ${secret}` } : { [auth]: secret };
  return { ...quirks.headers, ...(protocol === 'anthropic' && { 'anthropic-version': '2023-06-01' }), ...credential };
}
