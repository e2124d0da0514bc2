/** Where an encoded request goes and how the credential travels, from the vendor's row. */
import type { VendorQuirks } from '../../../shared/snapshot.js';
import type { AttemptTarget } from './protocol-adapter.js';

/**
 * The vendor's base URL with `quirks.path`, or with `version` (unless the base names one already) and `path`. `{model}` and the names in
 * `method` are replaced.
 */
export function endpointUrl(target: AttemptTarget, version: string, path: string, query: Readonly<Record<string, string>>): string {
  const { quirks, upstreamModel, stream } = target;
  const base = target.baseUrl.replace(/\/+$/, '');
  const template = quirks.path ?? (/\/v\d+[a-z0-9]*(\/|$)/.test(base) ? path : `${version}${path}`);
  const method = stream ? (quirks.more?.['streamMethod'] ?? 'streamGenerateContent') : (quirks.more?.['method'] ?? 'generateContent');
  const filled = template.replaceAll('{model}', encodeURIComponent(upstreamModel).replaceAll('%40', '@')).replaceAll('{method}', String(method));
  const search = new URLSearchParams({ ...query, ...quirks.query }).toString();
  const url = `${base}${filled.startsWith('/') ? '' : '/'}${filled}`;
  return search === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${search}`;
}

export function credentialHeaders(target: AttemptTarget, fallback: NonNullable<VendorQuirks['auth']>): Readonly<Record<string, string>> {
  const auth = target.quirks.auth ?? fallback;
  return auth === 'bearer' ? { authorization: `Bearer ${target.secret}` } : { [auth]: target.secret };
}
