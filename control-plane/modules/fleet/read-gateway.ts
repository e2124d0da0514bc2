/** Where customers send requests: read by the console's pages, and by its Content-Security-Policy, which lets them call nothing else. */
import type { Pool } from 'pg';
import { DEFAULT_SETTINGS } from '../catalog/default-settings.js';

export interface GatewayPlace {
  readonly url: string;
  readonly regions: { readonly id: string; readonly name: string; readonly city: string; readonly url: string }[];
}

/** `configured`: GATEWAY_URL. Without it the primary host of the settings, over https. */
export async function readGateway(pool: Pool, configured: string | undefined): Promise<GatewayPlace> {
  const [regions, settings] = await Promise.all([
    pool.query<GatewayPlace['regions'][number]>('SELECT id, name, city, url FROM region ORDER BY id'),
    pool.query<{ primary_host: string | null }>(`SELECT document->>'primaryHost' AS primary_host FROM setting`),
  ]);
  const host = settings.rows[0]?.primary_host ?? DEFAULT_SETTINGS.primaryHost;
  return { url: trimSlash(configured ?? `https://${host}`), regions: regions.rows.map((row) => ({ ...row, url: trimSlash(row.url) })) };
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
