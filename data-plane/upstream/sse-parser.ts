/**
 * Server-sent events from socket reads (WHATWG HTML, "Parsing an event stream"), for all three protocols.
 * - Any split of the bytes gives the same events: UTF-8 and CRLF may be cut anywhere, a BOM may lead, the final blank line may be missing.
 * - One read gives all the events that it completed. Work per byte is native (`indexOf`, one UTF-8 decode per read); JavaScript runs per line.
 * - A vendor that breaks off into bare JSON (Gemini's error in mid-stream) yields that JSON as an event.
 * - An event over 10 MB is refused: UpstreamFailure `malformed`. The parser is of no use afterwards.
 * Called by `attempt.ts` alone; one parser a response.
 */
import { type SseEvent, UpstreamFailure } from './protocols/protocol-adapter.js';

/** No vendor's event comes near: inline images are the largest, at a few MB. Bounds a node's memory per stream. */
const MAX_EVENT_BYTES = 10 * 1024 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BOM = '\ufeff';
const NO_EVENTS: readonly SseEvent[] = [];

export class SseParser {
  /** Bytes after the last line end, in reads: joined once, when their line ends. */
  #carry: Buffer[] = [];
  #carryBytes = 0;
  #data: string | undefined;
  #event = '';
  #bare = false;
  #started = false;
  #skipLineFeed = false;

  /** The events that `chunk` completed. */
  push(chunk: Buffer): readonly SseEvent[] {
    let bytes = chunk;
    if (this.#skipLineFeed && bytes.length > 0) {
      this.#skipLineFeed = false;
      if (bytes[0] === LINE_FEED) bytes = bytes.subarray(1);
    }
    const end = Math.max(bytes.lastIndexOf(LINE_FEED), bytes.lastIndexOf(CARRIAGE_RETURN)) + 1;
    if (end === 0) {
      this.#keep(bytes);
      return NO_EVENTS;
    }
    this.#skipLineFeed = bytes[end - 1] === CARRIAGE_RETURN && end === bytes.length;
    const text = this.#carryBytes === 0 ? bytes.toString('utf8', 0, end) : this.#join(bytes.subarray(0, end));
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    return this.#readLines(text);
  }

  /** What the end of the body completes. */
  end(): readonly SseEvent[] {
    const events: SseEvent[] = [];
    if (this.#carryBytes > 0) this.#readLine(this.#withoutBom(this.#join(Buffer.alloc(0))), events);
    this.#dispatch(events);
    return events;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#carry.push(bytes);
    this.#carryBytes += bytes.length;
    if (this.#carryBytes > MAX_EVENT_BYTES) throw tooLarge();
  }

  #join(last: Buffer): string {
    this.#carry.push(last);
    const text = Buffer.concat(this.#carry).toString('utf8');
    this.#carry = [];
    this.#carryBytes = 0;
    return text;
  }

  #withoutBom(text: string): string {
    if (this.#started) return text;
    this.#started = true;
    return text.startsWith(BOM) ? text.slice(1) : text;
  }

  #readLines(raw: string): readonly SseEvent[] {
    const text = this.#withoutBom(raw);
    const events: SseEvent[] = [];
    if (text.includes('\r')) {
      const lines = text.split(/\r\n|\n|\r/);
      lines.pop();
      for (const line of lines) this.#readLine(line, events);
      return events;
    }
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start);
      // A whole event on one line, as nearly all are.
      if (text.charCodeAt(end + 1) === LINE_FEED && text.slice(start, start + 6) === 'data: ' && this.#isBetweenEvents()) {
        events.push({ event: '', data: text.slice(start + 6, end) });
        start = end + 2;
        continue;
      }
      this.#readLine(text.slice(start, end), events);
      start = end + 1;
    }
    return events;
  }

  #isBetweenEvents(): boolean {
    return this.#data === undefined && this.#event === '' && !this.#bare;
  }

  #readLine(line: string, events: SseEvent[]): void {
    if (line === '') this.#dispatch(events);
    else if (line.startsWith('data: ')) this.#append(line.slice(6));
    else if (this.#bare) this.#append(line);
    else if (line.startsWith('data:')) this.#append(line.slice(5));
    else if (line === 'data') this.#append('');
    else if (line.startsWith('event:')) this.#event = line.slice(line[6] === ' ' ? 7 : 6);
    else if (line.startsWith('{') || line.startsWith('[')) {
      this.#dispatch(events);
      this.#bare = true;
      this.#append(line);
    }
  }

  #append(data: string): void {
    this.#data = this.#data === undefined ? data : `${this.#data}\n${data}`;
    if (this.#data.length > MAX_EVENT_BYTES) throw tooLarge();
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#data !== undefined) events.push({ event: this.#event, data: this.#data });
    this.#data = undefined;
    this.#event = '';
    this.#bare = false;
  }
}

function tooLarge(): UpstreamFailure {
  return new UpstreamFailure('malformed', `an event of the stream is larger than ${MAX_EVENT_BYTES} bytes`, {
    retryable: false,
    failover: true,
  });
}
