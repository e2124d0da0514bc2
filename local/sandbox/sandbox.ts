/**
 * A vendor that is not one: a real HTTP server that speaks OpenAI's, Anthropic's and Gemini's wire protocols, sync and streamed, with
 * each vendor's framing, and fails on command. It serves test keys, the demo, the tests and the benchmark; it never runs in production.
 *
 * Paths (after an optional `/vendors/<vendorId>`, so that one sandbox plays many vendors, each with its dialect):
 *   POST .../chat/completions   POST .../messages   POST .../messages/count_tokens   GET .../models
 *   POST .../models/<model>:generateContent | :streamGenerateContent[?alt=sse] | :countTokens   (Gemini and Vertex)
 * A credential must be present in `authorization`, `x-api-key`, `x-goog-api-key` or `api-key`; one that begins with `invalid` gets a 401.
 *
 * Script of a call: words in the model's name after `~` (`m~first=200~chunks=20`), in the header `x-sandbox`, in the prompt
 * (`[[sandbox pace=20 error-mid=3]]`) or in a fault rule; later ones win.
 *   time: latency=ms first=ms pace=ms     shape: chunks=n size=characters words=n echo     content: reasoning=words calls=n
 *   usage: cached=n cache-write=n no-usage usage-twice usage-negative usage-mismatch
 *   faults: 400 401 402 403 404 413 429 500 502 503 504 529 quota context (with retry-after=s), hang reset html empty malformed
 *           error-200 cut=byte, in streams error-mid=n hang-mid=n malformed-mid=n end-mid=n (after n good chunks)
 * Tools given: one call (`calls=n` for more) whose arguments satisfy the schema, until a tool's result ends the conversation.
 *
 * Control: POST /__sandbox/faults {match: {path?, model?, vendor?}, fault: "<words>", times? | probability?, seed?}; GET and DELETE
 * [?id=] likewise. GET /__sandbox/requests [?vendor= &model= &limit=] shows what came in and whether the caller left; DELETE forgets.
 * Models named `bench-...` answer with near-zero work: `bench-answers.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeAnswer, countInput } from './answer.js';
import { asksForStream, BenchAnswers, benchModelIn } from './bench-answers.js';
import { answerControl } from './control.js';
import { deliverStream, deliverWhole, pause } from './deliver.js';
import { dialectOf, type ErrorFamily } from './dialects.js';
import { FaultRules } from './fault-rules.js';
import { asObject, asString, isObject, type JsonObject } from './json-value.js';
import { keepBody, type LoggedCall, maskHeaders, RequestLog } from './request-log.js';
import { type Route, readRoute } from './route.js';
import { applyWords, defaultScript, isStatusFault, type Script, wordsOfModel, wordsOfPrompt } from './script.js';
import { type VendorError, vendorError } from './vendor-errors.js';
import { type Call, RefusedRequest } from './wires/wire.js';

export interface Sandbox {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on `port` (0 is any free one) of loopback. Rejects when the port is taken. */
export async function startSandbox(options: { readonly port: number; readonly host?: string }): Promise<Sandbox> {
  const handle = new SandboxHandler();
  const server: Server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    collect(request)
      .then((body) => handle.answer(request, response, body))
      .catch((error: unknown) => fail(response, error));
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class SandboxHandler {
  readonly #faults = new FaultRules();
  readonly #log = new RequestLog();
  readonly #bench = new BenchAnswers();
  #sequence = 0;

  async answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const receivedAt = Date.now();
    const url = request.url ?? '/';
    if (url.startsWith('/__sandbox/')) {
      const control = answerControl(request.method ?? 'GET', new URL(url, 'http://sandbox'), parseJson(body), this.#faults, this.#log);
      sendJson(response, control.status, control.body);
      return;
    }
    const route = readRoute(request.method ?? 'GET', url);
    if (route === undefined) {
      sendJson(response, 404, { error: { message: `sandbox: no such path ${url}`, code: 'not_found' } });
      return;
    }

    if (this.#faults.isEmpty && route.kind === 'complete') {
      const model = benchModelIn(body) ?? route.model;
      if (model?.startsWith('bench-') && credentialOf(request) !== '') {
        return this.#bench.send(response, { vendor: route.vendor, model, stream: route.stream ?? asksForStream(body), wire: route.wire });
      }
    }
    return this.#serve(request, response, body, route, receivedAt);
  }

  async #serve(request: IncomingMessage, response: ServerResponse, bytes: Buffer, route: Route, receivedAt: number): Promise<void> {
    const parsed = parseJson(bytes);
    const body = asObject(parsed);
    const call = this.#openCall(request, route, body, receivedAt);
    const logged = this.#logCall(request, response, route, call, keepBody(bytes, parsed), receivedAt);
    const refuse = (error: VendorError): void => {
      logged.status = error.status;
      sendJson(response, error.status, error.body, error.headers);
    };
    const family = route.wire.errorFamily(call);
    const credential = credentialOf(request);
    if (credential === '' || credential.startsWith('invalid')) return refuse(vendorError(family, '401'));
    if (route.kind === 'list')
      return sendJson(response, 200, { object: 'list', data: [{ id: 'sandbox-echo', object: 'model', owned_by: 'sandbox' }] });
    if (!isObject(parsed)) return refuse(vendorError(family, '400', undefined, 'We could not parse the JSON body of your request.'));

    const { script } = call;
    logged.fault = script.fault ?? null;
    if (script.latencyMs > 0) await pause(script.latencyMs);
    if (script.fault !== undefined && isStatusFault(script.fault)) return refuse(vendorError(family, script.fault, script.retryAfter));
    if (failsWhole(response, script, call.stream, family)) return;
    try {
      const prompt = route.wire.readPrompt(body, call);
      if (route.kind === 'count') return sendJson(response, 200, countAnswer(route, countInput(prompt)));
      const answer = composeAnswer(prompt, script);
      await (call.stream ? deliverStream : deliverWhole)(response, route.wire, answer, prompt, call);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      refuse(vendorError(family, '400', undefined, error.message));
    }
  }

  #openCall(request: IncomingMessage, route: Route, body: JsonObject, receivedAt: number): Call {
    const model = route.model ?? asString(body['model']);
    const script = defaultScript();
    applyWords(script, wordsOfModel(model));
    applyWords(script, asString(request.headers['x-sandbox']));
    applyWords(script, wordsOfPrompt(JSON.stringify(body['messages'] ?? body['contents'] ?? '')));
    applyWords(script, this.#faults.wordsFor({ path: request.url ?? '', model, vendor: route.vendor }));
    return {
      vendor: route.vendor,
      dialect: dialectOf(route.vendor),
      sequence: ++this.#sequence,
      createdAt: Math.floor(receivedAt / 1000),
      script,
      model,
      stream: route.stream ?? body['stream'] === true,
      asArray: route.asArray,
    };
  }

  #logCall(request: IncomingMessage, response: ServerResponse, route: Route, call: Call, body: unknown, receivedAt: number): LoggedCall {
    const logged: LoggedCall = {
      sequence: call.sequence,
      at: receivedAt,
      vendor: route.vendor,
      model: call.model,
      method: request.method ?? '',
      path: request.url ?? '',
      headers: maskHeaders(request.headers),
      body,
      stream: call.stream,
      status: 200,
      fault: null,
      bytesSent: 0,
      finishedAfterMs: null,
      abortedAfterMs: null,
    };
    const sentBefore = request.socket.bytesWritten;
    response.once('close', () => {
      logged.bytesSent = request.socket.bytesWritten - sentBefore;
      const elapsed = Date.now() - receivedAt;
      if (response.writableFinished) logged.finishedAfterMs = elapsed;
      else logged.abortedAfterMs = elapsed;
    });
    this.#log.add(logged);
    return logged;
  }
}

/** The faults that replace the whole answer. True when one was played. */
function failsWhole(response: ServerResponse, script: Script, stream: boolean, family: ErrorFamily): boolean {
  switch (script.fault) {
    case 'hang':
      return true;
    case 'reset':
      response.socket?.resetAndDestroy();
      return true;
    case 'html':
      response.writeHead(script.faultAt ?? 200, { 'content-type': 'text/html' });
      response.end('<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>');
      return true;
    case 'empty':
      response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json', 'content-length': 0 });
      response.end();
      return true;
    case 'malformed':
      if (!stream) return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('data: {"id": "chatcmpl-bro\n\n');
      return true;
    case 'error-200': {
      const error = vendorError(family, '500').body;
      if (stream) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${JSON.stringify(error)}\n\n`);
      } else sendJson(response, 200, error);
      return true;
    }
    default:
      return false;
  }
}

function countAnswer(route: Route, tokens: number): JsonObject {
  return route.model === undefined ? { input_tokens: tokens } : { totalTokens: tokens };
}

function credentialOf(request: IncomingMessage): string {
  const { headers } = request;
  const given = headers.authorization ?? headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers['api-key'] ?? '';
  return String(given).replace(/^Bearer\s+/i, '');
}

function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) response.destroy();
  else sendJson(response, error instanceof TypeError ? 400 : 500, { error: { message: `sandbox: ${String(error)}` } });
}
