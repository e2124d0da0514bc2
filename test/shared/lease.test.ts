import { describe, expect, test } from 'vitest';
import { isStrict, sizeGrant } from '../../shared/lease.js';
import { decideGrant, decideRelease, decideSettlement, type LeaseState } from '../../shared/lease-ledger.js';
import { NANO_PER_USD } from '../../shared/money.js';

const CENT = NANO_PER_USD / 100n;
const sizing = { estimate: 1_000_000n, burnPerSecond: 0n, available: 100n * NANO_PER_USD, liveNodes: 2, budgetLeft: null };
const wallet = { available: NANO_PER_USD, leased: 0n, debt: 0n };
const lease: LeaseState = { granted: 1_000n, consumed: 400n, settledCount: 2, settledSum: 400n, strict: false, state: 'open' };

describe('how much a grant is', () => {
  test('a cent at least, ten seconds of burn, a dollar at most', () => {
    expect(sizeGrant(sizing)?.amount).toBe(CENT);
    expect(sizeGrant({ ...sizing, burnPerSecond: CENT })?.amount).toBe(10n * CENT);
    expect(sizeGrant({ ...sizing, burnPerSecond: NANO_PER_USD })?.amount).toBe(NANO_PER_USD);
  });

  test('a large estimate is covered whatever the ceiling', () => {
    expect(sizeGrant({ ...sizing, estimate: 3n * NANO_PER_USD })?.amount).toBe(3n * NANO_PER_USD);
  });

  test('no node takes more than its share of what is there', () => {
    const amount = sizeGrant({ ...sizing, available: 2n * NANO_PER_USD, burnPerSecond: NANO_PER_USD, liveNodes: 10 })?.amount;
    expect(amount).toBe(NANO_PER_USD / 10n);
  });

  test('whole requests: no remainder lies idle while another node refuses', () => {
    const amount = sizeGrant({ ...sizing, estimate: 7_000_000n, burnPerSecond: CENT })?.amount ?? 0n;
    expect(amount % 7_000_000n).toBe(0n);
  });

  test('below half a dollar, or four estimates, exactly the estimate', () => {
    expect(isStrict(49n * CENT, 1n)).toBe(true);
    expect(isStrict(NANO_PER_USD, NANO_PER_USD / 3n)).toBe(true);
    expect(sizeGrant({ ...sizing, available: 49n * CENT })).toEqual({ amount: 1_000_000n, strict: true });
  });

  test('nothing when wallet or budget cannot cover the estimate', () => {
    expect(sizeGrant({ ...sizing, available: 999_999n })).toBeUndefined();
    expect(sizeGrant({ ...sizing, budgetLeft: 999_999n })).toBeUndefined();
    expect(sizeGrant({ ...sizing, budgetLeft: -5n, estimate: 0n })).toBeUndefined();
  });

  test('never past the budget of the key', () => {
    expect(sizeGrant({ ...sizing, burnPerSecond: NANO_PER_USD, budgetLeft: 3_500_000n })?.amount).toBe(3_000_000n);
  });
});

describe('what a grant does', () => {
  const ask = { estimate: 1_500n, burnPerSecond: 0n, liveNodes: 1, budgetLeft: null };

  test('asked again: the same, and nothing more is taken', () => {
    expect(decideGrant(wallet, lease, { ...ask, estimate: 1_000n })).toMatchObject({ granted: true, amount: 1_000n, added: 0n });
  });

  test('asked for more: raised, as far as the wallet and the budget go', () => {
    expect(decideGrant(wallet, lease, ask)).toMatchObject({ amount: 1_500n, added: 500n });
    expect(decideGrant({ ...wallet, available: 20n }, lease, ask)).toMatchObject({ amount: 1_020n, added: 20n });
    expect(decideGrant(wallet, lease, { ...ask, budgetLeft: 7n })).toMatchObject({ amount: 1_007n, added: 7n });
    expect(decideGrant(wallet, lease, { ...ask, budgetLeft: -7n })).toMatchObject({ amount: 1_000n, added: 0n });
  });

  test('a closed lease, a debt, a budget that is used up are each refused by name', () => {
    expect(decideGrant(wallet, { ...lease, state: 'released' }, ask)).toEqual({ granted: false, refusal: 'lease_closed' });
    expect(decideGrant({ ...wallet, debt: 1n }, undefined, ask)).toEqual({ granted: false, refusal: 'account_frozen' });
    expect(decideGrant(wallet, undefined, { ...ask, budgetLeft: 1n })).toEqual({ granted: false, refusal: 'key_budget_exceeded' });
    expect(decideGrant({ ...wallet, available: 1n }, undefined, ask)).toEqual({ granted: false, refusal: 'insufficient_quota' });
  });
});

describe('what comes back', () => {
  test('a settlement is paid from its lease; beyond it, and on a closed one, the platform pays', () => {
    expect(decideSettlement(lease, 600n)).toEqual({ paid: 600n, loss: 0n });
    expect(decideSettlement(lease, 601n)).toEqual({ paid: 600n, loss: 1n });
    expect(decideSettlement({ ...lease, state: 'expired' }, 5n)).toEqual({ paid: 0n, loss: 5n });
    expect(decideSettlement(undefined, 5n)).toEqual({ paid: 0n, loss: 5n });
  });

  test('a release needs count and sum; again it changes nothing', () => {
    expect(decideRelease(lease, 2, 400n)).toEqual({ state: 'released', refund: 600n });
    expect(decideRelease(lease, 3, 400n)).toEqual({ state: 'pending', refund: 0n });
    expect(decideRelease(lease, 2, 401n)).toEqual({ state: 'pending', refund: 0n });
    expect(decideRelease({ ...lease, state: 'released' }, 2, 400n)).toEqual({ state: 'released', refund: 0n });
    expect(decideRelease(undefined, 0, 0n)).toEqual({ state: 'unknown', refund: 0n });
  });
});
