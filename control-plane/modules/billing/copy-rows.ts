/**
 * `COPY ... FROM STDIN`: for the tables that take a row a request. Half of what `INSERT ... SELECT FROM unnest` costs PostgreSQL: no
 * arrays to take apart, and whole pages are written to the log instead of rows. Same transaction, same constraints, same errors.
 * The driver has the messages but no function for it; this is its own kind of query, answered like any other.
 */
import type { ClientBase, Connection, Submittable } from 'pg';

/** The driver's connection, as far as its types do not tell. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

class CopyIn implements Submittable {
  #failure: Error | undefined;

  constructor(
    private readonly target: string,
    private readonly rows: string,
    readonly callback: (error: Error | undefined) => void,
  ) {}

  submit(connection: Connection): void {
    connection.query(`COPY ${this.target} FROM STDIN`);
  }

  handleCopyInResponse(connection: Connection): void {
    const copying = connection as CopyConnection;
    copying.sendCopyFromChunk(Buffer.from(this.rows));
    copying.endCopyFrom();
  }

  handleCommandComplete(): void {
    // The server says so once more when it is ready.
  }

  handleError(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.callback(error);
  }

  handleReadyForQuery(): void {
    if (!this.#failure) this.callback(undefined);
  }
}

/** `target`: `table (column, ...)`, a constant of ours. `rows`: lines of `copyLine`. */
export function copyRows(client: ClientBase, target: string, rows: readonly string[]): Promise<void> {
  if (rows.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(target, rows.join(''), (error) => (error ? reject(error) : resolve())));
  });
}

/** Numbers, booleans, UUIDs, dates: nothing to escape. Free text goes through `copyText`. Null becomes NULL. */
export function copyLine(values: readonly (number | bigint | boolean | string | null)[]): string {
  let line = '';
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    line += `${index === 0 ? '' : '\t'}${value === null ? '\\N' : value}`;
  }
  return `${line}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const SPECIAL = /[\\\t\n\r]/;

export function copyText(text: string): string;
export function copyText(text: string | null): string | null;
export function copyText(text: string | null): string | null {
  return text !== null && SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character) : text;
}
