import { sleep } from '../../db/leader.js';

export interface Followed<T> {
  read(): Promise<T>;
  /** Resolves when it may have changed, when it should be looked at anyway, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** Equal texts are not sent twice. */
  textOf(value: T): string;
}

/** Nobody reads faster than this, and a burst of changes is read once. */
const MIN_GAP_MS = 500;

/** The whole value whenever it differs from the one before: a reader that was slow or cut off has missed nothing. */
export async function* follow<T>(followed: Followed<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  let last: string | undefined;
  while (!signal.aborted) {
    const value = await followed.read();
    const text = followed.textOf(value);
    if (text !== last && !signal.aborted) yield value;
    last = text;
    await Promise.all([followed.wait(signal), sleep(MIN_GAP_MS, signal)]);
  }
}
