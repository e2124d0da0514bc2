/** Content parts of a message as Anthropic's blocks. Texts that say nothing are gone by now: the API refuses them with a 400. */
import type { ChatMessage, ContentPart } from '../../../../shared/chat.js';
import { partsOf } from '../conversation.js';
import { fileSource, imageSource, type MediaSource } from '../media-source.js';
import { unsayable } from '../unsayable.js';
import type { MediaReference, TextBlock, UserBlock } from './wire.js';

export function encodeContent(message: ChatMessage, path: string): UserBlock[] {
  const blocks = partsOf(message).map((part, index) => encodePart(part, `${path}.content[${index}]`));
  const last = blocks.at(-1);
  if (last !== undefined && message.cache_control != null) last.cache_control = message.cache_control;
  return blocks;
}

/** System, developer and assistant messages hold text only. */
export function encodeText(message: ChatMessage, path: string): TextBlock[] {
  return encodeContent(message, path).map((block, index) => {
    if (block.type === 'text') return block;
    throw unsayable(`A ${message.role} message can hold text only.`, `${path}.content[${index}]`);
  });
}

function encodePart(part: ContentPart, path: string): UserBlock {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text, ...cache(part) };
    case 'refusal':
      return { type: 'text', text: part.refusal };
    case 'image_url':
      return { ...image(imageSource(part, path), path), ...cache(part) };
    case 'file':
      return { ...document(fileSource(part, path), part.file.filename, path), ...cache(part) };
    case 'input_audio':
      throw unsayable('This model does not take audio.', path);
    default:
      throw unsayable('This kind of content is not known.', path);
  }
}

const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function image(source: MediaSource, path: string): UserBlock {
  if (source.kind === 'inline' && source.mimeType === 'application/pdf') return document(source, undefined, path);
  if (source.kind === 'inline' && !IMAGE_TYPES.includes(source.mimeType)) throw unsayable('An image must be PNG, JPEG, GIF or WebP.', path);
  return { type: 'image', source: reference(source) };
}

function document(source: MediaSource, filename: string | undefined, path: string): UserBlock {
  if (source.kind === 'inline' && source.mimeType.startsWith('image/')) return image(source, path);
  const title = !filename ? {} : { title: filename };
  if (source.kind === 'inline' && (source.mimeType.startsWith('text/') || source.mimeType === 'application/json')) {
    const data = Buffer.from(source.base64, 'base64').toString('utf8');
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data }, ...title };
  }
  return { type: 'document', source: reference(source), ...title };
}

function reference(source: MediaSource): MediaReference {
  return source.kind === 'url' ? { type: 'url', url: source.url } : { type: 'base64', media_type: source.mimeType, data: source.base64 };
}

function cache(part: ContentPart): Pick<TextBlock, 'cache_control'> {
  return 'cache_control' in part && part.cache_control != null ? { cache_control: part.cache_control } : {};
}
