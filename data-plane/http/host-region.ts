/**
 * Which region a host pins: `sg.api.example.com` and, on one machine, `sg.api.localhost`. The primary host and any other name pin none.
 * A host decides where a request may be served and never who may call.
 */
import { GatewayError } from '../../shared/errors.js';
import type { Snapshot } from '../types.js';

const LOCAL_PRIMARY_HOST = 'api.localhost';

export function pinnedRegionOf(host: string | undefined, snapshot: Snapshot): string | null {
  if (host === undefined) return null;
  const name = hostName(host);
  const region = name.slice(0, Math.max(0, name.indexOf('.')));
  if (region === '' || !snapshot.regions.has(region)) return null;
  const rest = name.slice(region.length + 1);
  return rest === hostName(snapshot.settings.primaryHost) || rest === LOCAL_PRIMARY_HOST ? region : null;
}

/** The host that belongs to no region: whoever asks it wants the nearest. */
export function isPrimaryHost(host: string | undefined, snapshot: Snapshot): boolean {
  if (host === undefined) return false;
  const name = hostName(host);
  return name === hostName(snapshot.settings.primaryHost) || name === LOCAL_PRIMARY_HOST;
}

/** Throws 421 for a host that pins another region: the client chose a geography, and this node is not in it. */
export function requireOwnRegion(pinned: string | null, region: string, snapshot: Snapshot): void {
  if (pinned === null || pinned === region) return;
  const url = snapshot.regions.get(pinned)?.url;
  throw new GatewayError(
    'misdirected_region',
    `This host is for region "${pinned}", and this node is in "${region}". Resolve the host again.`,
    {
      extra: { region, requested_region: pinned, ...(url === undefined ? {} : { url }) },
    },
  );
}

function hostName(host: string): string {
  const colon = host.lastIndexOf(':');
  const name = colon > 0 && !host.endsWith(']') ? host.slice(0, colon) : host;
  return name.toLowerCase();
}
