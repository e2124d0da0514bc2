/**
 * Bugs, one edit each, that the simulation must catch: the four of billing 5 first. `from` stands once in `file`. A mutation whose text no
 * longer exists fails loudly, so this list follows the code.
 */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'no dedupe: an event delivered again is settled again',
    file: 'test/simulation/ledger.ts',
    from: `    if (this.settlements.has(event.requestId)) return;
    this.#post(event);`,
    to: '    this.#post(event);',
  },
  {
    name: 'early release: a lease comes back before its settlements did',
    file: 'shared/lease-ledger.ts',
    from: "if (lease.settledCount !== count || lease.settledSum !== sum) return { state: 'pending', refund: 0n };",
    to: '',
  },
  {
    name: 'no recovery: open requests of a killed process are forgotten',
    file: 'data-plane/metering/spool-state.ts',
    from: 'return [...this.open.values()].map(',
    to: 'return [...this.open.values()].slice(0, 0).map(',
  },
  {
    name: 'release by sum only: a late settlement of 0 slips in',
    file: 'shared/lease-ledger.ts',
    from: 'lease.settledCount !== count || ',
    to: '',
  },
  {
    name: 'the charge is not bounded by the hold and the lease',
    file: 'shared/lease-hold.ts',
    from: 'const charge = smaller(actual, lease.free);',
    to: 'const charge = actual;',
  },
  {
    name: 'what was charged stays free',
    file: 'shared/lease-hold.ts',
    from: 'lease.consumed += charge;',
    to: '',
  },
  {
    name: 'a settlement of 0 is not counted',
    file: 'shared/lease-hold.ts',
    from: 'lease.settledCount++;',
    to: 'if (charge > 0n) lease.settledCount++;',
  },
  {
    name: 'an extension takes nothing from the lease',
    file: 'shared/lease-hold.ts',
    from: 'this.lease.held += taken;',
    to: '',
  },
  {
    name: 'a hold for less than was asked is booked in full',
    file: 'shared/lease-purse.ts',
    from: 'smaller(lease.free, waiter.amount)',
    to: 'waiter.amount',
  },
  {
    name: 'a lease whose release may have been read is spent again',
    file: 'shared/lease-pool.ts',
    from: 'if (lease.mayBeGone || lease.strict || this.#draining) return;',
    to: 'if (lease.strict || this.#draining) return;',
  },
  {
    name: 'a restarted node forgets what its leases have already paid',
    file: 'shared/lease-pool.ts',
    from: 'lease.consumed = inherited.settledSum;',
    to: '',
  },
  {
    name: 'a raised lease takes nothing from the wallet',
    file: 'shared/lease-ledger.ts',
    from: 'return { granted: true, amount: lease.granted + added, added, strict',
    to: 'return { granted: true, amount: lease.granted + added, added: 0n, strict',
  },
  {
    name: 'a settlement on a closed lease is taken from the wallet',
    file: 'shared/lease-ledger.ts',
    from: "if (lease?.state !== 'open') return { paid: 0n, loss: charge };",
    to: 'if (!lease) return { paid: 0n, loss: charge };',
  },
  {
    name: 'a wallet that cannot cover the estimate leases it all the same',
    file: 'shared/lease.ts',
    from: 'if (limit < estimate || limit <= 0n) return undefined;',
    to: 'if (limit <= 0n) return undefined;',
  },
  {
    name: "a key's budget is ignored",
    file: 'shared/lease.ts',
    from: 'const limit = budgetLeft !== null && budgetLeft < available ? budgetLeft : available;',
    to: 'const limit = budgetLeft !== null && budgetLeft < 0n ? budgetLeft : available;',
  },
  {
    name: 'the multiplier is applied twice',
    file: 'shared/money.ts',
    from: 'return checkAmount((pico * BigInt(multiplier.numerator)) / (PICO_PER_NANO * BigInt(multiplier.denominator)));',
    to: 'return checkAmount((pico * BigInt(multiplier.numerator)) / (PICO_PER_NANO * BigInt(multiplier.denominator ** 2)));',
  },
  {
    name: 'cached tokens are charged as uncached ones too',
    file: 'shared/money.ts',
    from: 'cost(buckets.inputUncached, rates.inputUncached) +',
    to: 'cost(buckets.inputUncached + buckets.cacheRead, rates.inputUncached) +',
  },
  {
    name: 'a charge is rounded up',
    file: 'shared/money.ts',
    from: 'if (multiplier === INTERACTIVE) return checkAmount(pico / PICO_PER_NANO);',
    to: 'if (multiplier === INTERACTIVE) return checkAmount(pico / PICO_PER_NANO + 1n);',
  },
  {
    name: "a vendor's count is believed",
    file: 'data-plane/metering/count-usage.ts',
    from: 'return Number.isFinite(given) ? Math.min(Math.max(0, Math.floor(given)), most) : 0;',
    to: 'return most > 0 ? given : 0;',
  },
  {
    name: 'an interrupted answer is charged for what might have come',
    file: 'data-plane/metering/count-usage.ts',
    from: 'output: tokensOfBytes(facts.deliveredBytes, candidate),',
    to: 'output: facts.estimate.outputUpper,',
  },
  {
    name: 'an ended request stays open in the spool',
    file: 'data-plane/metering/spool-state.ts',
    from: `    this.open.delete(requestId);
    const range`,
    to: '    const range',
  },
  {
    name: 'a restarted node sends a wrong sum with its releases',
    file: 'data-plane/metering/spool-state.ts',
    from: 'lease.settledSum += charge;',
    to: '',
  },
  {
    name: 'a restart forgets the events that were not acknowledged',
    file: 'data-plane/metering/spool-state.ts',
    from: 'this.#dropIfDone(this.epoch);\n    this.epoch = epoch;',
    to: 'this.epochs.delete(this.epoch);\n    this.epoch = epoch;',
  },
  {
    name: 'an acknowledgement covers a hole',
    file: 'test/simulation/ledger.ts',
    from: 'while (ahead.delete(next + 1)) next++;',
    to: 'next = event.sequence;',
  },
  {
    name: 'a new disk begins with the epoch of an old one',
    file: 'data-plane/metering/spool-state.ts',
    from: 'return Math.floor(nowMs / 1_000) * EPOCHS_PER_SECOND + chance;',
    to: 'return 1;',
  },
];
