/** Where an encoded request goes and how the credential travels, from the vendor's row. */
import type { VendorQuirks } from '../../../shared/snapshot.js';
import type { AttemptTarget } from './protocol-adapter.js';

/**
 * The vendor's base URL with `quirks.path`, or with `version` and `path`. `{model}` and `{method}` are replaced. A base that names a version
 * already (a customer's own: `.../v1/projects/p/locations/l/publishers/google`) goes on behind what it has in common with the path.
 */
export function endpointUrl(target: AttemptTarget, version: string, path: string, query: Readonly<Record<string, string>>): string {
  const { quirks, upstreamModel, stream } = target;
  const base = target.baseUrl.replace(/\/+$/, '');
  const template = behindBase(base, quirks.path ?? `${version}${path}`) ?? quirks.path ?? path;
  const method = stream ? (quirks.more?.['streamMethod'] ?? 'streamGenerateContent') : (quirks.more?.['method'] ?? 'generateContent');
  const filled = template
    .replaceAll('{model}', encodeURIComponent(upstreamModel.replace(/^models\//, '')).replaceAll('%40', '@'))
    .replaceAll('{method}', String(method));
  const search = new URLSearchParams({ ...query, ...quirks.query }).toString();
  const url = `${base}${filled.startsWith('/') ? '' : '/'}${filled}`;
  return search === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${search}`;
}

/** The rest of `template` behind the last segment of `base`; all of it for a bare host; undefined when they have nothing in common. */
function behindBase(base: string, template: string): string | undefined {
  if (!/\/v\d+[a-z0-9]*(\/|$)/.test(base)) return template;
  const last = base.slice(base.lastIndexOf('/'));
  const at = template.indexOf(`${last}/`);
  return at < 0 ? undefined : template.slice(at + last.length);
}

export function credentialHeaders(
  target: Pick<AttemptTarget, 'quirks' | 'secret'>,
  fallback: NonNullable<VendorQuirks['auth']>,
): Readonly<Record<string, string>> {
  const auth = target.quirks.auth ?? fallback;
  return auth === 'bearer' ? { authorization: `Bearer ${target.secret}` } : { [auth]: target.secret };
}
