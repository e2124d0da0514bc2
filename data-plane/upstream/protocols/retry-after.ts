/** When a vendor says that it may be asked again (conformance 7.49). Pure: an HTTP date is read against the response's own `date`. */
import type { ErrorFacts } from './error-envelope.js';
import type { ErrorResponse } from './protocol-adapter.js';

/** Milliseconds; undefined when the vendor gave none. The larger of `retry-after` and `retry-after-ms` (Azure sends 1 and 0). */
export function parseRetryAfter(headers: ErrorResponse['headers'], facts?: Pick<ErrorFacts, 'message' | 'retryDelay'>): number | undefined {
  const found = [
    readSecondsOrDate(headerText(headers['retry-after']), headerText(headers['date'])),
    readNumber(headerText(headers['retry-after-ms'])),
    facts?.retryDelay === undefined ? undefined : readDuration(facts.retryDelay),
  ].filter((delay) => delay !== undefined);
  if (found.length > 0) return Math.max(...found);
  // OpenAI, Groq: "Please try again in 1m2s"; Gemini: "Please retry in 48.9s".
  const said = /(?:try again|retry) in ((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)/i.exec(facts?.message ?? '')?.[1];
  return said === undefined ? undefined : readDuration(said);
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function readNumber(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return value >= 0 ? value : undefined;
}

function readSecondsOrDate(text: string | undefined, date: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = readNumber(text);
  if (seconds !== undefined) return seconds * 1000;
  const delay = Date.parse(text) - Date.parse(date ?? '');
  return Number.isNaN(delay) ? undefined : Math.max(0, delay);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "644ms", "9.8s", "1m2s", "2m59.56s" in milliseconds, rounded up. */
function readDuration(text: string): number | undefined {
  let total: number | undefined;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    total = (total ?? 0) + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return total === undefined ? undefined : Math.ceil(total);
}
