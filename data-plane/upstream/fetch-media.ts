/**
 * Images and files that a vendor will not fetch by itself: fetched here, through the guarded client, and put into the body as data URLs.
 * The declared type is not believed where the bytes say otherwise (a wrong one is a vendor's 400). Failing is the request's fault.
 */

import type { Protocol } from '../../shared/snapshot.js';
import type { UpstreamClient } from './dispatch.js';
import type { AttemptTarget } from './protocols/protocol-adapter.js';
import { UpstreamFailure } from './protocols/protocol-adapter.js';
import { type FetchedMedia, remoteMediaUrls, withInlineMedia } from './protocols/remote-media.js';
import { readWhole } from './read-whole.js';
import type { ResponseReader } from './response-reader.js';

/** Vendors take inline parts up to about this size. */
const MAX_MEDIA_BYTES = 20 * 1024 * 1024;
const MAX_MEDIA_COUNT = 20;
const FETCH_MS = 10_000;

/** The same target when nothing must be fetched. Throws UpstreamFailure `invalid_request` otherwise when a URL cannot be. */
export function inlineMedia(target: AttemptTarget, protocol: Protocol, client: UpstreamClient): AttemptTarget | Promise<AttemptTarget> {
  const urls = remoteMediaUrls(target.body, protocol, target.quirks);
  return urls.length === 0 ? target : fetchAll(target, urls, client);
}

async function fetchAll(target: AttemptTarget, urls: readonly string[], client: UpstreamClient): Promise<AttemptTarget> {
  if (urls.length > MAX_MEDIA_COUNT) throw cannotFetch(`more than ${MAX_MEDIA_COUNT} URLs in one request`);
  const fetched = await Promise.all(urls.map(async (url) => [url, await fetchOne(url, client)] as const));
  const body = withInlineMedia(target.body, new Map(fetched));
  return { ...target, body, raw: Buffer.from(JSON.stringify(body)) };
}

async function fetchOne(url: string, client: UpstreamClient): Promise<FetchedMedia> {
  try {
    return await readMedia(
      client.send({ method: 'GET', url, headers: { accept: '*/*' }, body: null, connectMs: FETCH_MS, userSupplied: true }),
    );
  } catch (error) {
    throw error instanceof UpstreamFailure && error.kind === 'invalid_request' ? error : cannotFetch('it cannot be reached');
  }
}

async function readMedia(reader: ResponseReader): Promise<FetchedMedia> {
  const timer = setTimeout(() => reader.abort(cannotFetch('it did not answer in time')), FETCH_MS);
  try {
    const head = await reader.head;
    if (head.status !== 200) throw cannotFetch(`its server answered ${head.status}`);
    const bytes = await readWhole(reader, MAX_MEDIA_BYTES);
    if (bytes === undefined) throw cannotFetch('it is too large');
    const declared = head.headers['content-type']?.split(';')[0]?.trim();
    return { mimeType: sniffType(bytes) ?? declared ?? 'application/octet-stream', base64: bytes.toString('base64') };
  } finally {
    clearTimeout(timer);
    reader.abort(cannotFetch('given up'));
  }
}

/** First bytes of what vendors read. */
const SIGNATURES: readonly { readonly type: string; readonly at: number; readonly bytes: string }[] = [
  { type: 'image/png', at: 0, bytes: '\x89PNG' },
  { type: 'image/jpeg', at: 0, bytes: '\xff\xd8\xff' },
  { type: 'image/gif', at: 0, bytes: 'GIF8' },
  { type: 'image/webp', at: 8, bytes: 'WEBP' },
  { type: 'audio/wav', at: 8, bytes: 'WAVE' },
  { type: 'application/pdf', at: 0, bytes: '%PDF' },
];

function sniffType(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 16);
  return SIGNATURES.find((signature) => start.startsWith(signature.bytes, signature.at))?.type;
}

function cannotFetch(why: string): UpstreamFailure {
  return new UpstreamFailure('invalid_request', `media could not be fetched: ${why}`, {
    retryable: false,
    failover: true,
    publicMessage: `A URL in the messages could not be fetched: ${why}. Send the bytes as a data URL instead.`,
  });
}
