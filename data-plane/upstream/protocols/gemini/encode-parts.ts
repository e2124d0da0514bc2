/** Content parts of a message as Gemini's parts. Media travels as bytes, or by reference where Google holds it (remote-media.ts). */
import type { ChatMessage, ContentPart } from '../../../../shared/chat.js';
import { partsOf } from '../conversation.js';
import { audioSource, fileSource, imageSource, type MediaSource } from '../media-source.js';
import { isGoogleFile } from '../remote-media.js';
import { unsayable } from '../unsayable.js';
import type { Part } from './wire.js';

export function encodeParts(message: ChatMessage, path: string): Part[] {
  return partsOf(message).map((part, index) => encodePart(part, `${path}.content[${index}]`));
}

function encodePart(part: ContentPart, path: string): Part {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'refusal':
      return { text: part.refusal };
    case 'image_url':
      return encodeMedia(imageSource(part, path), path);
    case 'file':
      return encodeMedia(fileSource(part, path), path);
    case 'input_audio':
      return encodeMedia(audioSource(part), path);
    default:
      throw unsayable('This kind of content is not known.', path);
  }
}

function encodeMedia(source: MediaSource, path: string): Part {
  if (source.kind === 'inline') {
    // Gemini reads text of many types, but refuses JSON under its own name.
    const mimeType = source.mimeType === 'application/json' ? 'text/plain' : source.mimeType;
    return { inlineData: { mimeType, data: source.base64 } };
  }
  if (isGoogleFile(source.url)) return { fileData: { fileUri: source.url } };
  throw unsayable('This vendor takes media only as data URLs.', path);
}
