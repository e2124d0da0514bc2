import { describe, expect, test } from 'vitest';
import { beginTimeMs, nextWaitMs } from '../../../data-plane/upstream/time-budget.js';

const UNKNOWN = { slowMs: undefined, hungBefore: false, sync: false, outputTokens: 0 };

describe('how long a vendor may take to begin', () => {
  test('its own limit, when there is time and nobody is known', () => {
    expect(beginTimeMs(60_000, 600_000, true, UNKNOWN)).toBe(60_000);
    expect(beginTimeMs(60_000, 600_000, false, UNKNOWN)).toBe(60_000);
  });

  test('a share of what is left while others could answer, all of it for the last', () => {
    expect(beginTimeMs(60_000, 2_000, true, UNKNOWN)).toBe(800);
    expect(beginTimeMs(60_000, 2_000, false, { ...UNKNOWN, hungBefore: true })).toBe(2_000);
  });

  test('much less than its limit when it is usually fast and others could answer', () => {
    expect(beginTimeMs(60_000, 600_000, true, { ...UNKNOWN, slowMs: 400 })).toBe(10_000);
    expect(beginTimeMs(60_000, 600_000, true, { ...UNKNOWN, slowMs: 3_000 })).toBe(24_000);
  });

  test('the only one that is left, silent as it never is, is asked a second time, which may take what is left', () => {
    const usual = { ...UNKNOWN, slowMs: 400 };
    expect(beginTimeMs(60_000, 20_000, false, usual)).toBe(10_000);
    expect(beginTimeMs(60_000, 10_000, false, { ...usual, hungBefore: true })).toBe(10_000);
    expect(beginTimeMs(60_000, 12_000, false, usual)).toBe(8_400);
    expect(beginTimeMs(60_000, 12_000, false, { ...usual, slowMs: 2_000 })).toBe(8_400);
    expect(beginTimeMs(60_000, 2_000, false, UNKNOWN)).toBe(1_400);
    // Slow as ever: a second try would fare no better.
    expect(beginTimeMs(60_000, 20_000, false, { ...usual, slowMs: 7_000 })).toBe(20_000);
  });

  test('a sync answer has the time to be written', () => {
    expect(beginTimeMs(60_000, 600_000, false, { ...UNKNOWN, sync: true, outputTokens: 3_000 })).toBe(320_000);
    expect(beginTimeMs(60_000, 600_000, true, { ...UNKNOWN, slowMs: 500, sync: true, outputTokens: 3_000 })).toBe(210_000);
  });
});

describe('how long to wait before asking again', () => {
  test('jitter between the base and three times the last wait, with a cap', () => {
    expect(nextWaitMs(0, undefined, 60_000, () => 0.99)).toBe(100);
    expect(nextWaitMs(1_000, undefined, 60_000, () => 0)).toBe(100);
    expect(nextWaitMs(1_000, undefined, 60_000, () => 1)).toBe(3_000);
  });

  test('retry-after when it is longer', () => {
    expect(nextWaitMs(0, 2_500, 60_000, () => 0)).toBe(2_500);
  });

  test('not at all past the deadline, nor longer than anybody waits in silence', () => {
    expect(nextWaitMs(0, 2_500, 2_000, () => 0)).toBeUndefined();
    expect(nextWaitMs(0, 48_000, 600_000, () => 0)).toBeUndefined();
  });
});
