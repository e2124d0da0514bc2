/** Where a vendor lists its models, and as whom to ask: what a probe sends. Pure. */
import type { Protocol, VendorRow } from '../../../shared/snapshot.js';
import { credentialHeaders } from './request-target.js';

const VERSION: Readonly<Record<Protocol, string>> = { openai: '', anthropic: '/v1', gemini: '/v1beta' };
const AUTH = { openai: 'bearer', anthropic: 'x-api-key', gemini: 'x-goog-api-key' } as const;
const HEADERS: Readonly<Record<Protocol, Readonly<Record<string, string>>>> = {
  openai: {},
  anthropic: { 'anthropic-version': '2023-06-01' },
  gemini: {},
};

export interface ModelListCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function modelListCall(
  { protocol, baseUrl, quirks }: Pick<VendorRow, 'protocol' | 'baseUrl' | 'quirks'>,
  credential: { readonly secret: string; readonly baseUrl?: string },
): ModelListCall {
  const base = (credential.baseUrl ?? baseUrl).replace(/\/+$/, '');
  // `/openai/v1/chat/completions` lists at `/openai/v1/models`; a base that names its version needs no other.
  const named = quirks.path?.replace(/\/(chat\/completions|messages|models)\b.*$/, '');
  const version = named ?? (/\/v\d+[a-z0-9]*$/.test(base) ? '' : VERSION[protocol]);
  const query = new URLSearchParams(quirks.query).toString();
  return {
    url: `${base}${version}/models${query === '' ? '' : `?${query}`}`,
    headers: {
      ...HEADERS[protocol],
      ...quirks.headers,
      ...credentialHeaders({ quirks, secret: credential.secret }, AUTH[protocol]),
    },
  };
}
