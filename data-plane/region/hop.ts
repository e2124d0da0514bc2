/**
 * The mark of a request that one of our nodes forwarded: who the client is and where it came in, signed with the nodes' own token.
 * A marked request is never forwarded again, so nothing can loop; an unsigned, altered or old mark is refused as if it were not there.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const HOP_HEADER = 'x-modelapi-hop';
/** Clocks of nodes may differ by this; a mark is used at once. */
const VALID_MS = 15 * 60_000;

export interface Hop {
  /** Region that the client reached. */
  readonly region: string;
  /** The client's address there. */
  readonly address: string;
}

export function signHop(hop: Hop, nowMs: number, nodeToken: string): string {
  const text = Buffer.from(JSON.stringify([hop.region, hop.address, nowMs])).toString('base64url');
  return `${text}.${signature(text, nodeToken)}`;
}

export function readHop(header: string | string[] | undefined, nowMs: number, nodeToken: string): Hop | undefined {
  if (typeof header !== 'string') return undefined;
  const [text, given] = header.split('.');
  if (!text || !given) return undefined;
  const expected = Buffer.from(signature(text, nodeToken));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
  const [region, address, atMs]: [string, string, number] = JSON.parse(Buffer.from(text, 'base64url').toString());
  return Math.abs(nowMs - atMs) < VALID_MS ? { region, address } : undefined;
}

function signature(text: string, nodeToken: string): string {
  return createHmac('sha256', nodeToken).update('hop\n').update(text).digest('base64url');
}
