/**
 * What a person pastes or uploads as a batch: a JSON array of requests, an object with `requests`, or JSON Lines; also OpenAI's batch
 * files, whose lines keep the request in `body`. The gateway checks each request; this only finds them. Throws SyntaxError.
 */
export function readRequests(text: string): unknown[] {
  return rowsOf(text.trim()).map((row) => {
    if (!isObject(row) || !isObject(row['body'])) return row;
    return { custom_id: row['custom_id'], ...row['body'] };
  });
}

function rowsOf(text: string): unknown[] {
  if (text.startsWith('[')) return JSON.parse(text) as unknown[];
  const whole = parseWhole(text);
  if (isObject(whole) && Array.isArray(whole['requests'])) return whole['requests'];
  if (whole !== undefined) return [whole];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}

function parseWhole(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // JSON Lines: each line is read by itself.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
