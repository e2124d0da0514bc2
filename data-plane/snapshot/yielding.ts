/** Long work on the event loop in short pieces: nothing here holds it for more than a few milliseconds at a time. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** About 5 ms of hashing on a slow core. */
const HASH_SLICE_BYTES = 2 * 1024 * 1024;
/** About 5 ms of parsing or hashing small changes. */
const ITEMS_PER_TURN = 1_000;

/** Hex. */
export async function sha256InSlices(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASH_SLICE_BYTES) {
    if (at > 0) await nextTurn();
    hash.update(bytes.subarray(at, at + HASH_SLICE_BYTES));
  }
  return hash.digest('hex');
}

export async function forEachInTurns<Item>(items: readonly Item[], visit: (item: Item) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    if (++count % ITEMS_PER_TURN === 0) await nextTurn();
    visit(item);
  }
}
