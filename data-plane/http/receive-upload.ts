/**
 * A multipart upload of one file, passed on while it arrives: nothing of it is kept here, and a slow receiver slows the sender down.
 * OpenAI's SDKs send `purpose` before or after the file, so the fields are judged when all has come.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Busboy, type BusboyFileStream, type BusboyHeaders } from '@fastify/busboy';
import { GatewayError } from '../../shared/errors.js';

const MAX_FIELDS = 10;
const MAX_FIELD_BYTES = 1_024;
/** A sender who falls silent for this long has gone. */
const SILENCE_MS = 60_000;

export interface ReceivedUpload<Passed> {
  readonly fields: ReadonlyMap<string, string>;
  /** What `pass` gave; undefined when there was no file. */
  readonly passed: Passed | undefined;
}

/** `pass` reads the file to its end. Rejects with what `pass` rejects with, `request_too_large`, or `invalid_request` for a torn body. */
export function receiveUpload<Passed>(
  request: IncomingMessage,
  maxBytes: number,
  pass: (filename: string, content: Readable) => Promise<Passed>,
): Promise<ReceivedUpload<Passed>> {
  return new Promise((resolve, reject) => {
    const headers = request.headers as BusboyHeaders;
    const limits = { fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES, files: 1, fileSize: maxBytes };
    const form = openForm(headers, limits, reject);
    if (!form) return;
    const fields = new Map<string, string>();
    let passed: Promise<Passed> | undefined;
    let content: BusboyFileStream | undefined;
    const fail = (error: unknown): void => {
      clearTimeout(silence);
      request.unpipe(form);
      content?.destroy(error instanceof Error ? error : new Error(String(error)));
      reject(error);
    };
    const silence = setTimeout(() => request.destroy(), SILENCE_MS);
    form.on('field', (name, value) => fields.set(name, value));
    form.on('file', (name, stream, filename) => {
      if (name !== 'file') {
        stream.resume();
        return;
      }
      content = stream;
      stream.on('limit', () => fail(tooLarge(maxBytes)));
      // Of what destroys it the other listeners tell.
      stream.on('error', () => undefined);
      passed = pass(filename, stream);
      passed.catch(fail);
    });
    form.on('error', (cause) => fail(new GatewayError('invalid_request', 'The body is not valid multipart/form-data.', { cause })));
    form.on('finish', () => {
      clearTimeout(silence);
      Promise.resolve(passed).then((value) => resolve({ fields, passed: value }), reject);
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      if (!request.complete) fail(new GatewayError('invalid_request', 'The upload broke off. Send it again.'));
    });
    request.on('data', () => silence.refresh());
    request.pipe(form);
  });
}

function openForm(headers: BusboyHeaders, limits: object, reject: (error: unknown) => void): InstanceType<typeof Busboy> | undefined {
  try {
    return new Busboy({ headers, limits });
  } catch (cause) {
    reject(new GatewayError('invalid_request', 'The body is not valid multipart/form-data.', { cause }));
    return undefined;
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('request_too_large', `The file is larger than ${Math.floor(maxBytes / 1024 ** 2)} MB.`, { param: 'file' });
}
