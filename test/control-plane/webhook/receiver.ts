/** A customer's server on this machine: keeps every message that comes, answers as it is told. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterFile } from '../../support/after-file.js';

export interface Message {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly origin: string;
  readonly messages: readonly Message[];
  /** Those that came under this path. */
  of(path: string): Message[];
  /** From now on, under this path. */
  answer(path: string, status: number, manner?: Manner): void;
}

interface Manner {
  readonly headers?: Readonly<Record<string, string>>;
  /** How long it lets one wait. */
  readonly afterMs?: number;
}

/** Closed after the file. */
export async function startReceiver(): Promise<Receiver> {
  const messages: Message[] = [];
  const answers = new Map<string, Manner & { readonly status: number }>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const path = request.url ?? '';
    messages.push({ path, headers: request.headers, body });
    const { status, headers = {}, afterMs = 0 } = answers.get(path) ?? { status: 204 };
    setTimeout(() => response.writeHead(status, headers).end(), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterFile(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    of: (path) => messages.filter((message) => message.path === path),
    answer: (path, status, manner = {}) => void answers.set(path, { status, ...manner }),
  };
}
