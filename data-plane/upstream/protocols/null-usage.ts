import type { AttemptTarget } from './protocol-adapter.js';

/**
 * The end of every chunk but the last: OpenAI says `usage: null` once usage was asked for. Nothing for clients whose schemas have
 * an optional usage but no null (`omitNullUsage`).
 */
export function nullUsage(target: AttemptTarget): string {
  return target.includeUsage && target.omitNullUsage !== true ? ',"usage":null' : '';
}
