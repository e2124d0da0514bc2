/**
 * Changes top-level members of a JSON body in its bytes, so that a conversation of megabytes is not stringified to change a model id.
 * Exact or not at all: undefined means "stringify instead". A member is patched only when its key can stand at one place in the bytes:
 * the literal occurs once, and no letter of any key is written as a \u escape (which could hide a second, later one).
 */

/** `text`: the member's new JSON; null removes it; members that are not there yet are added. */
export interface MemberEdit {
  readonly key: string;
  readonly text: string | null;
  /** The body that these bytes parsed to has this member. */
  readonly present: boolean;
}

/** `\u005f` is `_`; `\u006x` and `\u007x` are small letters: nothing else can spell a key of ours. */
const LETTER_ESCAPES = ['\\u005', '\\u006', '\\u007'];
/** A scalar without escapes, and the comma after it. */
const MEMBER = /^"[a-z_]+"[ \t\r\n]*:[ \t\r\n]*("[^"\\]*"|-?[0-9][0-9.eE+-]*|true|false|null)[ \t\r\n]*(,?)/;
/** Longer values than this are no scalars of ours. */
const WINDOW_BYTES = 400;

export function patchBody(raw: Buffer, edits: readonly MemberEdit[]): Buffer | undefined {
  if (edits.length === 0) return raw;
  if (LETTER_ESCAPES.some((spelling) => raw.includes(spelling))) return undefined;
  const open = raw.indexOf('{');
  if (open === -1) return undefined;
  const cuts: { from: number; to: number; text: string }[] = [];
  let added = '';
  for (const edit of edits) {
    if (!edit.present) {
      if (edit.text !== null) added += `${JSON.stringify(edit.key)}:${edit.text},`;
      continue;
    }
    const cut = cutMember(raw, edit);
    if (cut === undefined) return undefined;
    cuts.push(cut);
  }
  if (added !== '') cuts.push({ from: open + 1, to: open + 1, text: added });
  // What is added stands where the first member does, and goes before it.
  cuts.sort((left, right) => left.from - right.from || left.to - right.to);
  return splice(raw, cuts);
}

function cutMember(raw: Buffer, edit: MemberEdit): { from: number; to: number; text: string } | undefined {
  const literal = `"${edit.key}"`;
  const at = raw.indexOf(literal);
  if (at === -1 || raw.indexOf(literal, at + literal.length) !== -1) return undefined;
  const match = MEMBER.exec(raw.toString('latin1', at, at + WINDOW_BYTES));
  if (match === null) return undefined;
  const [whole, , comma] = match;
  if (edit.text === null) {
    // The last member: the comma before it would dangle.
    if (comma !== ',') return undefined;
    return { from: at, to: at + whole.length, text: '' };
  }
  return { from: at, to: at + whole.length, text: `${literal}:${edit.text}${comma ?? ''}` };
}

function splice(raw: Buffer, cuts: readonly { from: number; to: number; text: string }[]): Buffer {
  const parts: Buffer[] = [];
  let position = 0;
  for (const cut of cuts) {
    parts.push(raw.subarray(position, cut.from), Buffer.from(cut.text));
    position = cut.to;
  }
  parts.push(raw.subarray(position));
  return Buffer.concat(parts);
}
