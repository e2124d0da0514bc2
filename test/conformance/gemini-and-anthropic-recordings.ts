/** The recordings of ../shared/fixtures for the protocols that OpenAI does not speak. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const FIXTURES = resolve(import.meta.dirname, '../../../shared/fixtures');
export const HAS_FIXTURES = existsSync(FIXTURES);
if (!HAS_FIXTURES) console.warn(`SKIPPED: recordings are not at ${FIXTURES}`);

export interface Recording {
  /** `anthropic/vercel__anthropic-text.json#0`. */
  readonly name: string;
  readonly request: { readonly url: string; readonly body: Record<string, unknown> } | undefined;
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The sync body, or the stream, as bytes. */
  readonly bytes: Buffer;
  readonly stream: boolean;
}

interface Exchange {
  readonly request?: { readonly url: string; readonly body?: Record<string, unknown> };
  readonly response: { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };
}

export function recordings(vendor: string): Recording[] {
  if (!HAS_FIXTURES) return [];
  const directory = join(FIXTURES, vendor);
  const files = readdirSync(directory);
  return files.flatMap((file) => {
    const path = join(directory, file);
    if (file.endsWith('.sse')) {
      const inCassette = /\.\d+\.sse$/.test(file) && files.includes(file.replace(/\.\d+\.sse$/, '.json'));
      return inCassette ? [] : [bare(`${vendor}/${file}`, readFileSync(path), true)];
    }
    if (!file.endsWith('.json')) return [];
    const content = JSON.parse(readFileSync(path, 'utf8')) as { exchanges?: Exchange[] };
    if (content.exchanges === undefined) return [bare(`${vendor}/${file}`, Buffer.from(JSON.stringify(content)), false)];
    return content.exchanges.map((exchange, index) => fromExchange(`${vendor}/${file}`, index, exchange, path));
  });
}

function bare(name: string, bytes: Buffer, stream: boolean): Recording {
  return { name, request: undefined, status: 200, headers: {}, bytes, stream };
}

function fromExchange(name: string, index: number, exchange: Exchange, path: string): Recording {
  const { request, response } = exchange;
  const streamPath = path.replace(/\.json$/, `.${index}.sse`);
  const stream = existsSync(streamPath);
  return {
    name: `${name}#${index}`,
    request: request?.body === undefined ? undefined : { url: request.url, body: request.body },
    status: response.status ?? 200,
    headers: response.headers ?? {},
    bytes: stream
      ? readFileSync(streamPath)
      : Buffer.from(typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? null)),
    stream,
  };
}

/** For `test.each`: the whole name in the title. */
export function named(list: readonly Recording[]): (readonly [string, Recording])[] {
  return list.map((recording) => [recording.name, recording]);
}
