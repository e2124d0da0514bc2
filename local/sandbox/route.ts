/** Which vendor, wire and model a path means. */
import { anthropicWire } from './wires/anthropic.js';
import { geminiWire } from './wires/gemini.js';
import { openaiWire } from './wires/openai.js';
import type { Wire } from './wires/wire.js';

export interface Route {
  readonly vendor: string;
  readonly wire: Wire;
  readonly kind: 'complete' | 'count' | 'list';
  /** Gemini names the model and the mode in the path; the others in the body. */
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  readonly asArray: boolean;
}

const VENDOR_PREFIX = /^\/vendors\/([^/]+)(\/.*)$/;
const GEMINI_METHOD = /\/models\/([^/].*):(generateContent|streamGenerateContent|countTokens)$/;

/** Undefined for a path that no vendor has. */
export function readRoute(method: string, url: string): Route | undefined {
  const [whole = '', query = ''] = url.split('?', 2);
  const prefixed = VENDOR_PREFIX.exec(whole);
  const vendor = prefixed?.[1] ?? 'sandbox';
  const path = prefixed?.[2] ?? whole;
  const body = { vendor, model: undefined, stream: undefined, asArray: false };
  if (method === 'GET') return path.endsWith('/models') ? { ...body, wire: openaiWire, kind: 'list' } : undefined;
  if (method !== 'POST') return undefined;
  if (path.endsWith('/chat/completions')) return { ...body, wire: openaiWire, kind: 'complete' };
  if (path.endsWith('/messages')) return { ...body, wire: anthropicWire, kind: 'complete' };
  if (path.endsWith('/messages/count_tokens')) return { ...body, wire: anthropicWire, kind: 'count' };
  const gemini = GEMINI_METHOD.exec(path);
  if (!gemini) return undefined;
  const stream = gemini[2] === 'streamGenerateContent';
  return {
    vendor,
    wire: geminiWire,
    kind: gemini[2] === 'countTokens' ? 'count' : 'complete',
    model: decodeURIComponent(gemini[1] ?? ''),
    stream,
    asArray: stream && !query.includes('alt=sse'),
  };
}
