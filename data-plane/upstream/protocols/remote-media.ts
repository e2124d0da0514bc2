/**
 * Media that a vendor will not fetch by itself. Adapters are pure, so whoever executes a request asks here which URLs must be fetched
 * first, fetches them through the guarded egress client, and encodes the body that `withInlineMedia` returns.
 */
import type { ChatMessage, ChatRequest, ContentPart } from '../../../shared/chat.js';
import type { Protocol, VendorQuirks } from '../../../shared/snapshot.js';

export interface FetchedMedia {
  readonly mimeType: string;
  readonly base64: string;
}

/** Distinct http(s) URLs of this request that must travel as bytes; empty for vendors that fetch themselves. */
export function remoteMediaUrls(body: ChatRequest, protocol: Protocol, quirks: VendorQuirks): readonly string[] {
  if (!(quirks.inlineImages ?? protocol === 'gemini')) return [];
  const urls = new Set<string>();
  for (const message of body.messages) for (const part of partsOf(message)) collect(part, protocol, urls);
  return [...urls];
}

/** The same request with every fetched URL as a data URL. Untouched messages keep their identity. */
export function withInlineMedia(body: ChatRequest, fetched: ReadonlyMap<string, FetchedMedia>): ChatRequest {
  return { ...body, messages: body.messages.map((message) => inlineMessage(message, fetched)) };
}

function inlineMessage(message: ChatMessage, fetched: ReadonlyMap<string, FetchedMedia>): ChatMessage {
  if (!partsOf(message).some((part) => fetched.has(urlOf(part) ?? ''))) return message;
  return { ...message, content: partsOf(message).map((part) => inlinePart(part, fetched)) };
}

function inlinePart(part: ContentPart, fetched: ReadonlyMap<string, FetchedMedia>): ContentPart {
  const media = fetched.get(urlOf(part) ?? '');
  if (media === undefined) return part;
  const url = `data:${media.mimeType};base64,${media.base64}`;
  if (part.type === 'image_url') return { ...part, image_url: { ...part.image_url, url } };
  if (part.type === 'file') return { ...part, file: { ...part.file, file_data: url } };
  return part;
}

function collect(part: ContentPart, protocol: Protocol, urls: Set<string>): void {
  const url = urlOf(part);
  if (url !== undefined && /^https?:\/\//i.test(url) && !(protocol === 'gemini' && isGoogleFile(url))) urls.add(url);
}

/** Gemini reads its own Files API and YouTube by reference. */
export function isGoogleFile(url: string): boolean {
  return /^(gs:\/\/|https:\/\/generativelanguage\.googleapis\.com\/|https:\/\/(www\.youtube\.com\/watch|youtu\.be\/))/i.test(url);
}

function partsOf(message: ChatMessage): readonly ContentPart[] {
  return Array.isArray(message.content) ? message.content : [];
}

function urlOf(part: ContentPart): string | undefined {
  if (part.type === 'image_url') return part.image_url.url;
  return part.type === 'file' ? part.file.file_data : undefined;
}
