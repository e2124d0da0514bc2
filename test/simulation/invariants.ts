/** The invariants of billing 4 that the lease core must keep, over the ledger and over what really happened. Each returns what is wrong. */
import { type NanoUsd, totalTokens } from '../../shared/money.js';
import type { History } from './history.js';
import type { Ledger, LedgerSettlement } from './ledger.js';
import type { SimulatedNode } from './node.js';
import { BYTES_PER_TOKEN } from './vendor.js';

/** At every moment. */
export function checkAlways(ledger: Ledger, nodes: readonly SimulatedNode[]): string | undefined {
  for (const node of nodes) {
    for (const lease of node.pool?.leases() ?? []) {
      const { granted, consumed, held } = lease;
      if (held < 0n || consumed < 0n || consumed + held > granted) return `I2 ${node.id} holds ${held} and used ${consumed} of ${granted}`;
    }
  }
  for (const [id, wallet] of ledger.wallets) {
    if (wallet.available < 0n || wallet.leased < 0n) return `I2 wallet ${id}: available ${wallet.available}, leased ${wallet.leased}`;
  }
  for (const lease of ledger.leases.values()) {
    if (lease.consumed > lease.granted || lease.consumed < 0n)
      return `I2 lease ${lease.id}: consumed ${lease.consumed} of ${lease.granted}`;
  }
  if (ledger.doubles.length > 0) return `I3 ${ledger.doubles[0]?.requestId} was settled twice`;
  return undefined;
}

/** When all is quiet: everything is up, everything was shipped, every lease is closed. */
export function checkQuiet(ledger: Ledger, history: History, nodes: readonly SimulatedNode[]): string | undefined {
  return (
    checkAlways(ledger, nodes) ??
    checkWallets(ledger) ??
    checkLeases(ledger, history) ??
    checkRequests(ledger, history) ??
    checkBudgets(ledger) ??
    checkRollups(ledger)
  );
}

function checkWallets(ledger: Ledger): string | undefined {
  for (const [id, wallet] of ledger.wallets) {
    let postings = 0n;
    for (const posting of ledger.journal) {
      if (posting.customer + posting.counterpart !== 0n) return `I1 a journal of ${id} sums to ${posting.customer + posting.counterpart}`;
      if (posting.accountId === id) postings += posting.customer;
    }
    if (wallet.available + wallet.leased !== postings)
      return `I1 wallet ${id} has ${wallet.available} + ${wallet.leased}, its postings ${postings}`;
    if (wallet.leased !== 0n) return `I8 wallet ${id} still has ${wallet.leased} leased`;
  }
  return undefined;
}

function checkLeases(ledger: Ledger, history: History): string | undefined {
  for (const lease of ledger.leases.values()) {
    if (lease.state === 'open') return `I8 lease ${lease.id} of ${lease.nodeId} is open`;
    if (lease.state === 'expired' && lease.settledCount > 0 && !history.lostDisks.has(lease.nodeId) && !history.longOutage)
      return `I8 lease ${lease.id} of ${lease.nodeId} expired, though its node was never lost`;
  }
  return undefined;
}

function checkRequests(ledger: Ledger, history: History): string | undefined {
  for (const [id, request] of history.requests) {
    const settlement = ledger.settlements.get(id);
    if (!settlement) {
      if (request.diskLost) continue;
      return `I3 ${id}, admitted by ${request.nodeId}, has no settlement`;
    }
    const wrong = checkSettlement(settlement, history, id);
    if (wrong) return wrong;
  }
  for (const id of ledger.settlements.keys()) if (!history.requests.has(id)) return `I3 ${id} was settled and never admitted`;
  return undefined;
}

function checkSettlement({ event, paid, loss, leaseState }: LedgerSettlement, history: History, id: string): string | undefined {
  const request = history.requests.get(id);
  if (!request) return undefined;
  const { script } = request;
  const { model } = script.plan.candidates[0] ?? {};
  const actual = BigInt(event.actualNano);
  const charge = BigInt(event.chargeNano);
  if (event.vendorId !== null && model) {
    const recomputed = recompute(event, model.price.rates);
    if (recomputed !== actual) return `I4 ${id} costs ${recomputed} by its buckets, not ${actual}`;
    if (!event.byok && event.priceRevision !== model.price.revision) return `I4 ${id} names price ${event.priceRevision}`;
  }
  if (charge > actual || paid + loss !== charge) return `I4 ${id}: paid ${paid}, loss ${loss}, charge ${charge}, actual ${actual}`;
  if (!event.estimated && script.reportedTokens !== undefined && totalTokens(event.buckets) > script.reportedTokens)
    return `I5 ${id} is charged for ${totalTokens(event.buckets)} tokens, reported were ${script.reportedTokens}`;
  if (
    event.estimated &&
    event.buckets.output > script.frames.reduce((bytes, { frame }) => bytes + frame.deliveredBytes, 0) / BYTES_PER_TOKEN + 1
  )
    return `I5 ${id} is charged for ${event.buckets.output} tokens of output, more than was ever delivered`;
  if (event.reason === 'node_crash' && !request.interrupted && !request.diskLost)
    return `I3 ${id} is settled as a crash, but ran to its end`;
  if (!request.interrupted && !request.diskLost) {
    const wrong = checkTable(event.reason, charge, request);
    if (wrong) return `${wrong}: ${id}`;
  }
  // A node never charges more than its lease has, and never gives back a lease that still owes a settlement.
  if (loss > 0n && leaseState === 'open' && !history.lostDisks.has(request.nodeId)) return `I9 ${id}: ${loss} beyond its open lease`;
  if (leaseState === 'released' && !history.lostDisks.has(request.nodeId)) return `I9 ${id} came after its lease's release`;
  if (loss > 0n && leaseState === 'expired' && !history.lostDisks.has(request.nodeId) && !history.longOutage)
    return `I9 ${id} came after its lease expired`;
  return undefined;
}

/** The published formula, written a second time: floor(sum(bucket * rate) * multiplier), pico to nano. */
function recompute(event: LedgerSettlement['event'], rates: { readonly [bucket: string]: bigint }): NanoUsd {
  const { numerator, denominator } = event.multiplier;
  let pico = 0n;
  for (const [bucket, tokens] of Object.entries(event.buckets)) {
    if (!event.byok) pico += BigInt(tokens) * (rates[bucket] ?? 0n);
    else if (bucket !== 'requests') pico += BigInt(tokens) * 500_000n;
  }
  return (pico * BigInt(numerator)) / BigInt(denominator) / 1_000n;
}

/** Rows of the settlement table that can be told from outside. */
function checkTable(
  reason: string,
  charge: NanoUsd,
  { script }: { script: { ending: string; committed: boolean; frames: readonly unknown[] } },
): string | undefined {
  if (!script.committed && charge > 0n) return 'a request that no vendor served is charged';
  if (reason === 'funds_ended') return undefined;
  if (script.ending === 'client_left' && reason !== 'client_closed') return `the client left, but the reason is ${reason}`;
  if (script.ending === 'completed' && !['completed', 'estimated', 'no_output'].includes(reason))
    return `completed, but the reason is ${reason}`;
  return undefined;
}

function checkBudgets(ledger: Ledger): string | undefined {
  for (const [keyId, budget] of ledger.budgets) {
    const paid = ledger.rollups.get(keyId)?.paid ?? 0n;
    if (paid > budget) return `I11 key ${keyId} spent ${paid} of a budget of ${budget}`;
  }
  return undefined;
}

function checkRollups(ledger: Ledger): string | undefined {
  const totals = new Map<string, NanoUsd>();
  for (const { event, paid } of ledger.settlements.values()) totals.set(event.keyId, (totals.get(event.keyId) ?? 0n) + paid);
  for (const [keyId, { paid }] of ledger.rollups)
    if (paid !== totals.get(keyId)) return `I12 rollup of ${keyId}: ${paid}, not ${totals.get(keyId)}`;
  return undefined;
}
