/**
 * Puts an answer on the socket at its pace, and goes wrong where the script says so. Resolves when nothing more will be sent;
 * a `hang` leaves the socket open and resolves at once.
 */
import type { ServerResponse } from 'node:http';
import type { Answer, Prompt } from './answer.js';
import type { Fault } from './script.js';
import type { Call, Wire } from './wires/wire.js';

const SUCCESS_HEADERS = { 'x-request-id': 'req_sandbox', 'openai-processing-ms': '1' };

export async function deliverWhole(response: ServerResponse, wire: Wire, answer: Answer, prompt: Prompt, call: Call): Promise<void> {
  const text = JSON.stringify(wire.renderWhole(answer, prompt, call));
  const body = Buffer.from(call.script.fault === 'malformed' ? text.slice(0, text.length >> 1) : text);
  response.writeHead(200, { ...SUCCESS_HEADERS, 'content-type': 'application/json', 'content-length': body.length });
  if (call.script.fault === 'cut') return cutAt(response, body.subarray(0, call.script.faultAt ?? body.length >> 1));
  response.end(body);
}

export async function deliverStream(response: ServerResponse, wire: Wire, answer: Answer, prompt: Prompt, call: Call): Promise<void> {
  const { script } = call;
  response.writeHead(200, {
    ...SUCCESS_HEADERS,
    'content-type': call.asArray ? 'application/json; charset=UTF-8' : 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  response.flushHeaders();
  if (script.firstTokenMs > 0) await pause(script.firstTokenMs);

  let deltas = 0;
  let bytes = 0;
  for (const frame of wire.renderFrames(answer, prompt, call)) {
    if (response.destroyed) return;
    if (frame.delta) {
      if (deltas > 0 && script.paceMs > 0) await pause(script.paceMs);
      if (breaksAt(script.fault, script.faultAt, deltas)) return breakOff(response, wire, call);
      deltas += 1;
    }
    if (script.fault === 'cut' && bytes + Buffer.byteLength(frame.data) > (script.faultAt ?? 200)) {
      return cutAt(response, Buffer.from(frame.data).subarray(0, Math.max(0, (script.faultAt ?? 200) - bytes)));
    }
    bytes += Buffer.byteLength(frame.data);
    if (!response.write(frame.data)) await drained(response);
  }
  response.end();
}

const MID_FAULTS: ReadonlySet<string> = new Set(['error-mid', 'hang-mid', 'malformed-mid', 'end-mid']);
/** Chunks that go well before a `-mid` fault, unless the script says how many. */
const GOOD_CHUNKS = 2;

function breaksAt(fault: Fault | undefined, at: number | undefined, deltas: number): boolean {
  return fault !== undefined && MID_FAULTS.has(fault) && deltas === (at ?? GOOD_CHUNKS);
}

function breakOff(response: ServerResponse, wire: Wire, call: Call): void {
  switch (call.script.fault) {
    case 'error-mid':
      response.end(wire.renderErrorFrame(call));
      return;
    case 'malformed-mid':
      response.end(wire.renderMalformedFrame());
      return;
    case 'end-mid':
      response.end();
      return;
  }
}

/** The bytes arrive, then the connection breaks. */
function cutAt(response: ServerResponse, bytes: Buffer): void {
  if (bytes.length === 0) response.socket?.destroy();
  else response.write(bytes, () => response.socket?.destroy());
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves when the socket takes more, or never will. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}
