/** Counts as vendors report them, made safe for money: non-negative integers, and a flag when one had to be bent. */

/** No context window comes near: a larger count is a fault, not usage. */
const ABSURD_TOKENS = 100_000_000;

export class TokenCounts {
  /** A count was negative, fractional, absurd or not a number. */
  clamped = false;

  /** Absent and null are 0. */
  read(value: unknown): number {
    if (value === undefined || value === null) return 0;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < ABSURD_TOKENS) return value;
    this.clamped = true;
    return typeof value === 'number' && value > 0 && value < ABSURD_TOKENS ? Math.floor(value) : 0;
  }

  /** A part that cannot be larger than its whole. */
  within(value: unknown, whole: number): number {
    const part = this.read(value);
    if (part <= whole) return part;
    this.clamped = true;
    return whole;
  }
}
