/**
 * The ENDs that were just written, in memory, so that shipping reads the disk only when it has fallen behind: a start, an outage, a
 * resend. Bounded; the oldest are forgotten first, because the files have them. Never holds what the disk has not taken yet.
 */
export interface RecentEnd {
  readonly sequence: number;
  readonly json: string;
  /** Of the JSON in UTF-8. */
  readonly bytes: number;
}

/** Two turns of shipping at 10,000 requests a second. */
const MOST_ENDS = 2_048;

export class RecentEnds {
  #ends: RecentEnd[] = [];
  /** Of the ENDs, how many are on the disk. */
  #written = 0;

  add(end: RecentEnd): void {
    this.#ends.push(end);
    if (this.#ends.length >= MOST_ENDS * 2 && this.#written > 0) this.#forget(Math.min(this.#written, this.#ends.length - MOST_ENDS));
  }

  /** All that was added is on the disk now. */
  wrote(): void {
    this.#written = this.#ends.length;
  }

  /** Those from `sequence` on, up to `most` of them and about `mostBytes`. Empty when the first of them is not here. */
  take(sequence: number, most: number, mostBytes: number): readonly RecentEnd[] {
    const at = sequence - (this.#ends[0]?.sequence ?? Number.POSITIVE_INFINITY);
    if (at < 0 || at >= this.#written) return [];
    let to = at;
    for (let bytes = 0; to < this.#written && to - at < most && bytes < mostBytes; to++) bytes += this.#ends[to]?.bytes ?? 0;
    const taken = this.#ends.slice(at, to);
    this.#forget(to);
    return taken;
  }

  #forget(count: number): void {
    this.#ends = this.#ends.slice(count);
    this.#written -= count;
  }
}
