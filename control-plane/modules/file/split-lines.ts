/** A stream of bytes as lines of text, numbered from 1; blank ones are passed over. Holds a piece and an unfinished line. */
import { GatewayError } from '../../../shared/errors.js';

export interface Line {
  readonly line: number;
  readonly text: string;
}

const NEWLINE = 10;

/** A line that cannot be read: which one, and why. */
export class UnreadableLine extends GatewayError {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super('invalid_request', message);
  }
}

/** Throws `UnreadableLine` for one of more than `maxBytes`, or that is not UTF-8. */
export async function* splitLines(content: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 0;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const read = (bytes: Buffer): Line => {
    line++;
    try {
      return { line, text: decoder.decode(bytes).trim() };
    } catch {
      throw new UnreadableLine(line, 'This line is not valid UTF-8.');
    }
  };
  for await (const piece of content) {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      const found = read(Buffer.concat([...begun, piece.subarray(from, end)]));
      if (found.text !== '') yield found;
      begun = [];
      begunBytes = 0;
      from = end + 1;
    }
    begun.push(piece.subarray(from));
    begunBytes += piece.length - from;
    if (begunBytes > maxBytes) throw new UnreadableLine(line + 1, `This line is longer than ${Math.floor(maxBytes / 1024 ** 2)} MB.`);
  }
  const last = read(Buffer.concat(begun));
  if (last.text !== '') yield last;
}
