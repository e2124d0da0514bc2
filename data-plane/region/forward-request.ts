/**
 * Hands a request to another region's node and streams its answer back, byte for byte, with backpressure both ways.
 * Tries the nodes in order until one answers with headers: a node that dies before that has delivered nothing and so has charged
 * nothing. After the headers there is no second try. Resolves false when no node answered: the caller serves the request at home.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Agent, Dispatcher } from 'undici';
import type { PeerNode } from './region-directory.js';

/** Hop by hop (RFC 9110 7.6.1), or set anew. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
]);

export interface ForwardedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | undefined;
  /** Added: the hop's mark. */
  readonly mark: readonly [name: string, value: string];
}

export async function forwardRequest(
  request: ForwardedRequest,
  nodes: readonly PeerNode[],
  response: ServerResponse,
  agent: Agent,
  onFailed: (nodeId: string) => void,
): Promise<boolean> {
  for (const node of nodes) {
    if (await tryNode(request, node, response, agent)) return true;
    if (response.destroyed) return true;
    onFailed(node.nodeId);
  }
  return false;
}

/** Resolves true once the answer is over (or broke after its headers), false when the node gave none. */
function tryNode(request: ForwardedRequest, node: PeerNode, response: ServerResponse, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let answered = false;
    const leave = () => controller?.abort(new Error('the client closed the connection'));
    response.once('close', leave);
    const finish = (served: boolean) => {
      response.off('close', leave);
      resolve(served);
    };
    agent.dispatch(
      {
        origin: node.url,
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: forwardedHeaders(request),
        body: request.body ?? null,
      },
      {
        onRequestStart(started) {
          controller = started;
          if (response.destroyed) leave();
        },
        onResponseStart(_controller, status, headers) {
          if (status < 200) return;
          answered = true;
          response.writeHead(status, returnedHeaders(headers));
        },
        onResponseData(current, chunk) {
          if (response.write(chunk)) return;
          current.pause();
          response.once('drain', () => current.resume());
        },
        onResponseEnd() {
          response.end();
          finish(true);
        },
        onResponseError() {
          if (answered) response.destroy();
          finish(answered);
        },
      },
    );
  });
}

function forwardedHeaders(request: ForwardedRequest): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !NOT_FORWARDED.has(name) && !name.startsWith('x-modelapi-hop') && !name.startsWith('x-forwarded-'))
      headers[name] = value;
  headers[request.mark[0]] = request.mark[1];
  return headers;
}

function returnedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !HOP_BY_HOP_ANSWER.has(entry[0]),
    ),
  );
}

const HOP_BY_HOP_ANSWER = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'proxy-authenticate']);
