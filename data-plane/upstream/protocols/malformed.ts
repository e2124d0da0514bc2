import { UpstreamFailure } from './protocol-adapter.js';

/** A vendor sent with status 200 what is no answer. Another vendor may well succeed; asking the same one again seldom helps. */
export function malformed(message: string, cause?: unknown): UpstreamFailure {
  return new UpstreamFailure('malformed', message, { retryable: false, failover: true, cause });
}

/** The stream ended before the vendor said that it was finished. */
export function cut(message: string): UpstreamFailure {
  return new UpstreamFailure('cut', message, { retryable: true, failover: true });
}

/** Throws UpstreamFailure `malformed` for what is not JSON (HTML, truncated, empty). */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(`not JSON: ${text.slice(0, 200)}`, cause);
  }
}
