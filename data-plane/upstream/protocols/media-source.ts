/** Images, audio and files of a request as their bytes or their URL, whatever the client declared. Pure: nothing is fetched here. */
import type { ContentPart } from '../../../shared/chat.js';
import { unsayable } from './unsayable.js';

export type MediaSource =
  | { readonly kind: 'inline'; readonly mimeType: string; readonly base64: string }
  | { readonly kind: 'url'; readonly url: string };

/** First bytes in base64 and what they mean: a wrongly declared type is refused with a 400 by Anthropic and Gemini, so bytes win. */
const SIGNATURES: readonly (readonly [prefix: string, mimeType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['JVBERi0', 'application/pdf'],
  ['SUQz', 'audio/mpeg'],
  ['ZkxhQ', 'audio/flac'],
  ['T2dnU', 'audio/ogg'],
];

const AUDIO_FORMATS: Readonly<Record<string, string>> = { mp3: 'audio/mpeg', wav: 'audio/wav', pcm16: 'audio/pcm' };

export function imageSource(part: Extract<ContentPart, { type: 'image_url' }>, path: string): MediaSource {
  return readLocation(part.image_url.url, 'image/jpeg', path);
}

export function audioSource(part: Extract<ContentPart, { type: 'input_audio' }>): MediaSource {
  const { data, format } = part.input_audio;
  return inline(AUDIO_FORMATS[format] ?? `audio/${format}`, data.startsWith('data:') ? data.slice(data.indexOf(',') + 1) : data);
}

/** Throws UpstreamFailure for `file_id`: the gateway keeps no files. */
export function fileSource(part: Extract<ContentPart, { type: 'file' }>, path: string): MediaSource {
  const data = part.file.file_data;
  if (data === undefined || data === '') throw unsayable('A file must be sent as `file_data`; `file_id` is not supported.', `${path}.file`);
  if (/^[a-z]+:/i.test(data)) return readLocation(data, 'application/pdf', `${path}.file.file_data`);
  return inline('application/pdf', data);
}

function readLocation(location: string, fallbackType: string, path: string): MediaSource {
  if (!location.startsWith('data:')) {
    if (/^(https?|gs):\/\//i.test(location)) return { kind: 'url', url: location };
    throw unsayable('The URL must be https, http, or a data URL.', path);
  }
  const comma = location.indexOf(',');
  const header = location.slice('data:'.length, Math.max(comma, 0));
  if (comma < 0) throw unsayable('The data URL has no data.', path);
  const [declared = '', ...attributes] = header.split(';');
  const payload = location.slice(comma + 1);
  const base64 = attributes.includes('base64') ? payload : Buffer.from(decodeText(payload)).toString('base64');
  return inline(declared === '' ? fallbackType : declared.toLowerCase(), base64);
}

function decodeText(payload: string): string {
  try {
    return decodeURIComponent(payload);
  } catch {
    return payload;
  }
}

function inline(declared: string, base64: string): MediaSource {
  return { kind: 'inline', mimeType: sniffMimeType(base64) ?? (declared === 'image/jpg' ? 'image/jpeg' : declared), base64 };
}

function sniffMimeType(base64: string): string | undefined {
  const known = SIGNATURES.find(([prefix]) => base64.startsWith(prefix));
  if (known) return known[1];
  if (!base64.startsWith('UklGR')) return undefined;
  const container = Buffer.from(base64.slice(0, 16), 'base64').toString('latin1', 8, 12);
  return container === 'WEBP' ? 'image/webp' : container === 'WAVE' ? 'audio/wav' : undefined;
}
