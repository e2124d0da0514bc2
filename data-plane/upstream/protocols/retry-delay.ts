/** When a vendor says to come back (conformance 49): seconds, milliseconds, an HTTP date, or a duration such as `34.4s` or `1m2s`. */

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export function headerText(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Milliseconds; where two headers disagree the later moment counts (Azure sends `retry-after-ms: 0` beside `retry-after: 1`). */
export function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const exact = Number(headerText(headers, 'retry-after-ms') ?? Number.NaN);
  const general = readGeneral(headerText(headers, 'retry-after'), nowMs);
  const known = [exact, general].filter((value) => Number.isFinite(value) && value >= 0);
  return known.length === 0 ? undefined : Math.max(...known);
}

function readGeneral(text: string | undefined, nowMs: number): number {
  if (text === undefined) return Number.NaN;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds * 1000;
  return readDuration(text) ?? Math.max(0, Date.parse(text) - nowMs);
}

/** `34.4s`, `644ms`, `1m2s`, `2h`: milliseconds. */
export function readDuration(text: string): number | undefined {
  const match = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(text.trim());
  if (match === null || text.trim() === '') return undefined;
  const [, hours = '0', minutes = '0', seconds = '0', milliseconds = '0'] = match;
  return Math.ceil((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000 + Number(milliseconds));
}
