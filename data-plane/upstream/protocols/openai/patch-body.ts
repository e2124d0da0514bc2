/**
 * Changes top-level members of a JSON body in its bytes, so that a conversation of megabytes is not stringified to change a model id.
 * Exact or not at all: undefined means "stringify instead". A member is looked for near both ends of the body only, where SDKs write the
 * members around `messages`, and counts when the brackets between it and that end say that it stands at the top level, with the value
 * that was parsed. A key may be written twice: JSON.parse takes the last, a vendor's parser perhaps the first. So the member found must be
 * the first of its name; a later twin can only say what was parsed, and planned for.
 */

export interface MemberEdit {
  readonly key: string;
  /** The member's new JSON; null removes it. */
  readonly text: string | null;
  /** What the body was parsed to; undefined adds the member. */
  readonly value: unknown;
}

interface Cut {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** How far from either end a member is looked for: what stands around `messages` is short. */
const WINDOW_BYTES = 2_048;
/** The colon, a scalar without escapes, and the comma after it. */
const VALUE = /[ \t\r\n]*:[ \t\r\n]*("[^"\\]*"|-?[0-9][0-9.eE+-]*|true|false|null)[ \t\r\n]*(,?)/y;

export function patchBody(raw: Buffer, edits: readonly MemberEdit[]): Buffer | undefined {
  if (edits.length === 0) return raw;
  const start = raw.toString('latin1', 0, WINDOW_BYTES);
  const endAt = Math.max(0, raw.length - WINDOW_BYTES);
  const end = endAt === 0 ? start : raw.toString('latin1', endAt);
  const open = start.indexOf('{');
  if (open === -1) return undefined;
  const cuts: Cut[] = [];
  let added = '';
  for (const edit of edits) {
    if (edit.value === undefined) {
      if (edit.text !== null) added += `${JSON.stringify(edit.key)}:${edit.text},`;
      continue;
    }
    const cut = findCut(raw, edit, start, end, endAt);
    if (cut === undefined) return undefined;
    cuts.push(cut);
  }
  if (added !== '') cuts.unshift({ from: open + 1, to: open + 1, text: added });
  if (cuts.length > 1) cuts.sort((left, right) => left.from - right.from);
  return splice(raw, cuts);
}

function findCut(raw: Buffer, edit: MemberEdit, start: string, end: string, endAt: number): Cut | undefined {
  const literal = `"${edit.key}"`;
  for (let at = start.indexOf(literal); at !== -1; at = start.indexOf(literal, at + 1)) {
    if (depthOver(start, 0, at) === 1) return cutMember(start, at, literal, edit);
  }
  for (let at = end.lastIndexOf(literal); at > 0; at = end.lastIndexOf(literal, at - 1)) {
    if (depthOver(end, at, end.length) !== -1) continue;
    const cut = isFirstOfItsName(raw, edit.key, endAt + at) ? cutMember(end, at, literal, edit) : undefined;
    return cut && { ...cut, from: cut.from + endAt, to: cut.to + endAt };
  }
  return undefined;
}

/** No earlier one, however spelled: a small letter can only be hidden as \u006x or \u007x. Needles begin with a rare byte on purpose. */
function isFirstOfItsName(raw: Buffer, key: string, at: number): boolean {
  return raw.indexOf(`${key}"`) === at + 1 && !raw.includes('\\u006') && !raw.includes('\\u007');
}

function cutMember(text: string, at: number, literal: string, edit: MemberEdit): Cut | undefined {
  VALUE.lastIndex = at + literal.length;
  const match = VALUE.exec(text);
  if (match === null) return undefined;
  const [whole, value, comma] = match;
  if (value === undefined || Buffer.from(value, 'latin1').toString() !== JSON.stringify(edit.value)) return undefined;
  const to = at + literal.length + whole.length;
  if (edit.text !== null) return { from: at, to, text: `${literal}:${edit.text}${comma ?? ''}` };
  if (comma === ',') return { from: at, to, text: '' };
  // The last member: the comma before it goes too.
  const before = text.slice(0, at).trimEnd();
  return before.endsWith(',') ? { from: before.length - 1, to, text: '' } : undefined;
}

/** Opened minus closed brackets outside strings; undefined when a string does not end. Both ends lie outside strings. */
function depthOver(text: string, from: number, to: number): number | undefined {
  let depth = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at);
      if (at === -1) return undefined;
    } else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return depth;
}

/** The closing quote of the string that opens at `open`; -1 when there is none. */
function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** Undefined when two cuts share a comma. */
function splice(raw: Buffer, cuts: readonly Cut[]): Buffer | undefined {
  let length = raw.length;
  let position = 0;
  for (const { from, to, text } of cuts) {
    if (from < position) return undefined;
    length += Buffer.byteLength(text) - (to - from);
    position = to;
  }
  const patched = Buffer.allocUnsafe(length);
  let at = 0;
  position = 0;
  for (const { from, to, text } of cuts) {
    at += raw.copy(patched, at, position, from);
    at += patched.write(text, at);
    position = to;
  }
  raw.copy(patched, at, position);
  return patched;
}
