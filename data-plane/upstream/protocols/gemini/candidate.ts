/** One candidate of a Gemini answer, read piece by piece: a sync answer is one piece, a stream is many. */
import type { ReasoningDetail, ToolCall } from '../../../../shared/chat.js';
import { asArray, asRecord, asText, type JsonRecord } from '../json.js';
import { malformed } from '../malformed.js';
import type { FunctionNames } from './function-names.js';
import { PartialArguments } from './partial-arguments.js';
import { GEMINI_REASONING } from './wire.js';

/** What one part says to the client. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'detail'; readonly detail: ReasoningDetail }
  | { readonly kind: 'call'; readonly call: ToolCall }
  | { readonly kind: 'image'; readonly image: { readonly type: 'image_url'; readonly image_url: { readonly url: string } } };

export class Candidate {
  readonly #names: FunctionNames;
  readonly #newCallId: () => string;
  readonly #callIds = new Set<string>();
  #details = 0;
  /** A call whose arguments are still coming. */
  #open: { readonly id: unknown; readonly name: string; readonly signature: unknown; readonly args: PartialArguments } | undefined;
  finishReason: string | undefined;
  calls = 0;

  constructor(names: FunctionNames, newCallId: () => string) {
    this.#names = names;
    this.#newCallId = newCallId;
  }

  /** Whether a call was begun and never ended. */
  get isCut(): boolean {
    return this.#open !== undefined;
  }

  read(candidate: JsonRecord): Piece[] {
    const pieces: Piece[] = [];
    for (const item of asArray(asRecord(candidate['content'])?.['parts'])) {
      const part = asRecord(item);
      if (part !== undefined) this.#readPart(part, pieces);
    }
    this.finishReason = asText(candidate['finishReason']) ?? this.finishReason;
    return pieces;
  }

  #readPart(part: JsonRecord, pieces: Piece[]): void {
    const call = asRecord(part['functionCall']);
    const text = asText(part['text']);
    const signature = asText(part['thoughtSignature']);
    if (call !== undefined) this.#readCall(call, signature, pieces);
    else if (part['thought'] === true) {
      if (text !== undefined) pieces.push({ kind: 'reasoning', text });
      // A signature may sit on a thought's own part, too.
      if (signature !== undefined) pieces.push({ kind: 'detail', detail: this.#detail(signature, undefined) });
    } else {
      if (text !== undefined) pieces.push({ kind: 'text', text });
      const media = asRecord(part['inlineData']);
      const data = asText(media?.['data']);
      const mimeType = asText(media?.['mimeType']) ?? 'image/png';
      if (data !== undefined && mimeType.startsWith('image/')) pieces.push(image(mimeType, data));
      if (signature !== undefined) pieces.push({ kind: 'detail', detail: this.#detail(signature, undefined) });
    }
  }

  #readCall(call: JsonRecord, signature: string | undefined, pieces: Piece[]): void {
    const name = asText(call['name']);
    if (this.#open === undefined) {
      if (name === undefined) throw malformed('a function call without a name');
      this.#open = { id: call['id'], name, signature, args: new PartialArguments() };
    }
    this.#open.args.merge(call['args']);
    this.#open.args.add(call['partialArgs']);
    if (call['willContinue'] !== true) this.#closeCall(this.#open, pieces);
  }

  #closeCall(open: { id: unknown; name: string; signature: unknown; args: PartialArguments }, pieces: Piece[]): void {
    this.#open = undefined;
    const given = asText(open.id);
    const id = given === undefined || this.#callIds.has(given) ? this.#newCallId() : given;
    this.#callIds.add(id);
    this.calls++;
    const signature = asText(open.signature);
    const called = { name: this.#names.fromGemini(open.name), arguments: open.args.toJson() };
    const extra = signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
    pieces.push({ kind: 'call', call: { id, type: 'function', function: called, ...extra } });
    if (signature !== undefined) pieces.push({ kind: 'detail', detail: this.#detail(signature, id) });
  }

  #detail(data: string, id: string | undefined): ReasoningDetail {
    return { type: 'reasoning.encrypted', data, ...(id === undefined ? {} : { id }), format: GEMINI_REASONING, index: this.#details++ };
  }
}

function image(mimeType: string, data: string): Piece {
  return { kind: 'image', image: { type: 'image_url', image_url: { url: `data:${mimeType};base64,${data}` } } };
}

/** Ids of calls that Gemini gave none: unique in a conversation, the same at each attempt, and known by their `call_` when they return. */
export function callIds(requestId: string): () => string {
  const stem = requestId.replace(/[^a-zA-Z0-9]/g, '').slice(-20);
  let next = 0;
  return () => `call_${stem}${(next++).toString(16).padStart(4, '0')}`;
}
