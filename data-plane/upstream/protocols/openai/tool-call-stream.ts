/**
 * Tool calls of one streamed choice in OpenAI's shape, whatever shape the vendor's deltas have (table in conformance 3; pitfalls 27, 30,
 * 31): index dense from 0; id, type and name in the first delta only; arguments as string pieces, `{}` when none came.
 */
import { asRecord, asText, type JsonRecord } from '../json.js';
import { malformed } from '../malformed.js';
import { readArguments, syntheticToolCallId } from './content.js';

interface OpenCall {
  /** The vendor's index; undefined where it sends none. */
  readonly index: number | undefined;
  id: string | undefined;
  /** Ours; undefined until the name came. */
  position: number | undefined;
  /** OpenAI's custom tools: free text under `custom.input` instead of JSON under `function.arguments`. */
  readonly custom: boolean;
  /** Arguments that came before the name. */
  pending: string;
  hasArguments: boolean;
}

export interface ToolCallDeltas {
  readonly deltas: readonly Record<string, unknown>[];
  readonly bytes: number;
  /** A new call began. */
  readonly opened: boolean;
}

const NOTHING: ToolCallDeltas = { deltas: [], bytes: 0, opened: false };

export class ToolCallStream {
  readonly #requestId: string;
  readonly #choice: number;
  readonly #calls: OpenCall[] = [];
  #opened = 0;

  constructor(requestId: string, choice: number) {
    this.#requestId = requestId;
    this.#choice = choice;
  }

  get called(): boolean {
    return this.#calls.length > 0;
  }

  read(entries: readonly unknown[]): ToolCallDeltas {
    if (entries.length === 0) return NOTHING;
    const deltas: Record<string, unknown>[] = [];
    const openedBefore = this.#opened;
    let bytes = 0;
    for (const value of entries) {
      const entry = asRecord(value);
      if (entry === undefined) continue;
      const custom = asRecord(entry['custom']);
      const called = asRecord(entry['function']) ?? custom ?? {};
      const text = readArguments(called[custom === undefined ? 'arguments' : 'input']);
      const call = this.#find(entry, asText(called['name']));
      bytes += Buffer.byteLength(text);
      if (text !== '') call.hasArguments = true;
      const delta = this.#advance(call, entry, asText(called['name']), text);
      if (delta !== undefined) deltas.push(delta);
    }
    return { deltas, bytes, opened: this.#opened > openedBefore };
  }

  /** What the choice's end still owes. Throws UpstreamFailure for a call that never got a name. */
  close(): readonly Record<string, unknown>[] {
    return this.#calls.flatMap((call) => {
      if (call.position === undefined) throw malformed('a tool call of the stream has no name');
      return call.hasArguments || call.custom ? [] : [{ index: call.position, function: { arguments: '{}' } }];
    });
  }

  /** By index, then by id, else the last. An id that is repeated starts nothing; another id with a name of its own does. */
  #find(entry: JsonRecord, name: string | undefined): OpenCall {
    const id = asText(entry['id']);
    const index = typeof entry['index'] === 'number' ? entry['index'] : undefined;
    const known =
      index === undefined
        ? (this.#calls.find((call) => id !== undefined && call.id === id) ?? (name === undefined ? this.#calls.at(-1) : undefined))
        : this.#calls.findLast((call) => call.index === index);
    const isAnother = known !== undefined && id !== undefined && known.id !== undefined && known.id !== id && name !== undefined;
    if (known !== undefined && !isAnother) return known;
    const call: OpenCall = {
      index,
      id,
      custom: asRecord(entry['custom']) !== undefined,
      position: undefined,
      pending: '',
      hasArguments: false,
    };
    this.#calls.push(call);
    return call;
  }

  #advance(call: OpenCall, entry: JsonRecord, name: string | undefined, text: string): Record<string, unknown> | undefined {
    call.id ??= asText(entry['id']);
    if (call.position !== undefined) return text === '' ? undefined : { index: call.position, ...said(call, text) };
    call.pending += text;
    if (name === undefined) return undefined;
    call.position = this.#opened++;
    call.id ??= syntheticToolCallId(this.#requestId, this.#choice, call.position);
    const extra = entry['extra_content'];
    return {
      index: call.position,
      id: call.id,
      type: call.custom ? 'custom' : 'function',
      ...said(call, call.pending, { name }),
      ...(extra != null && { extra_content: extra }),
    };
  }
}

function said(call: OpenCall, text: string, opening: { readonly name?: string } = {}): Record<string, unknown> {
  return call.custom ? { custom: { ...opening, input: text } } : { function: { ...opening, arguments: text } };
}
