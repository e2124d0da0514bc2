/**
 * Who pays what: checked events against the locked wallets and leases. Pure, but for moving the locked rows it is given.
 * The customer pays what the lease still has and never more; the rest of what the buckets cost is `platform_loss`. Events of one
 * account and batch share one journal, so a hot wallet costs one row of each table however many requests it served.
 */
import { decideSettlement } from '../../shared/lease-ledger.js';
import type { NanoUsd } from '../../shared/money.js';
import type { UsageEvent } from '../../shared/usage-event.js';
import type { Alert } from '../modules/billing/alert.js';
import {
  digestSettlements,
  type LedgerAccount,
  type Posting,
  type SettlementLine,
  settlementText,
} from '../modules/billing/ledger-chain.js';
import { appendJournal, type JournalRow, type LockedWallet, type LockedWallets } from '../modules/billing/wallet-ledger.js';
import { type CheckedEvent, type RefusedEvent, refuseEvent } from './ingest-usage-check.js';
import type { LockedLease } from './lease-row.js';

export interface SettlementRow extends SettlementLine {
  readonly accountId: string;
  readonly position: number;
  readonly line: number;
  readonly event: UsageEvent;
}

export interface Allocation {
  readonly settlements: SettlementRow[];
  readonly journals: JournalRow[];
  readonly refused: RefusedEvent[];
  readonly alerts: Alert[];
  /** Items charged by this batch. */
  readonly batchItems: ChargedItem[];
}

export interface ChargedItem {
  readonly batchItemId: string;
  readonly requestId: string;
  /** What the same tokens cost interactively. */
  readonly interactive: NanoUsd;
}

/** A long request counts on the day that it began; a node's clock moves it no further. */
const USAGE_DATE_SPAN_MS = 48 * 3_600_000;

export function allocate(
  events: readonly CheckedEvent[],
  locked: LockedWallets,
  leases: ReadonlyMap<string, LockedLease>,
  chargedItems: ReadonlySet<string>,
): Allocation {
  const allocation: Allocation = { settlements: [], journals: [], refused: [], alerts: [], batchItems: [] };
  const charged = new Set(chargedItems);
  for (const [accountId, group] of Map.groupBy(events, ({ event }) => event.accountId)) {
    const wallet = locked.wallets.get(accountId);
    if (!wallet) throw new Error(`account ${accountId} has a key and no wallet`);
    allocateToAccount(allocation, wallet, group, leases, charged, locked.nowMs);
  }
  return allocation;
}

function allocateToAccount(
  allocation: Allocation,
  wallet: LockedWallet,
  events: readonly CheckedEvent[],
  leases: ReadonlyMap<string, LockedLease>,
  charged: Set<string>,
  nowMs: number,
): void {
  const lines: SettlementLine[] = [];
  const settled: UsageEvent[] = [];
  for (const checked of events) {
    const { event, actual } = checked;
    const lease = event.leaseId === null ? undefined : leases.get(event.leaseId);
    const refused = event.leaseId === null ? undefined : refuseLease(event, lease);
    if (refused) {
      allocation.refused.push(refused);
      continue;
    }
    const charge = lease ? chargeLease(allocation, wallet, lease, checked, charged) : 0n;
    lines.push(lineOf(event, actual, charge, wallet.available + wallet.leased, nowMs));
    settled.push(event);
  }
  const first = settled[0];
  if (!first) return;
  const journal = appendJournal(wallet, {
    kind: 'usage',
    refType: 'request',
    refId: first.requestId,
    reason: 'usage',
    postings: postingsOf(lines),
    settlements: digestSettlements(lines.map(settlementText)),
    createdAtMs: nowMs,
  });
  allocation.journals.push(journal);
  const { accountId } = wallet;
  lines.forEach((line, index) => {
    const event = settled[index];
    if (event) allocation.settlements.push({ ...line, accountId, position: journal.position, line: index, event });
  });
}

function refuseLease(event: UsageEvent, lease: LockedLease | undefined): RefusedEvent | undefined {
  const arrival = { nodeId: event.nodeId, epoch: event.epoch, raw: event };
  if (!lease) return refuseEvent(arrival, 'unknown_lease', `lease ${event.leaseId}`);
  const own = lease.accountId === event.accountId && lease.keyId === event.keyId && lease.nodeId === event.nodeId;
  // A later epoch settles what an earlier one left in its spool; an earlier one cannot know of a later one's lease.
  if (own && event.epoch >= lease.nodeEpoch) return undefined;
  return refuseEvent(arrival, 'foreign_lease', `lease ${lease.id} is of key ${lease.keyId} on ${lease.nodeId}/${lease.nodeEpoch}`);
}

/** Takes the charge from the lease. Returns what the customer pays. */
function chargeLease(
  allocation: Allocation,
  wallet: LockedWallet,
  lease: LockedLease,
  { event, actual, claimed, interactive }: CheckedEvent,
  charged: Set<string>,
): NanoUsd {
  lease.settledCount += 1;
  lease.settledSum += claimed;
  if (claimed === 0n) return 0n;
  const { accountId } = wallet;
  if (lease.state !== 'open') {
    const detail = `request ${event.requestId} came after its lease had ${lease.state}: ${claimed} nano-USD are a platform loss`;
    allocation.alerts.push({ kind: 'late_settlement', subject: lease.nodeId, detail, accountId });
    return 0n;
  }
  if (event.batchItemId !== null) {
    if (charged.has(event.batchItemId)) {
      const detail = `batch item ${event.batchItemId} was charged before request ${event.requestId}`;
      allocation.alerts.push({ kind: 'batch_item_repeated', subject: event.batchItemId, detail, accountId });
      return 0n;
    }
    charged.add(event.batchItemId);
    allocation.batchItems.push({ batchItemId: event.batchItemId, requestId: event.requestId, interactive: interactive ?? actual });
  }
  const { paid, loss } = decideSettlement(lease, claimed);
  if (loss > 0n) {
    const detail = `request ${event.requestId} charged ${claimed} nano-USD on a lease that had ${paid}`;
    allocation.alerts.push({ kind: 'lease_overdrawn', subject: lease.nodeId, detail, accountId });
  }
  lease.consumed += paid;
  wallet.leased -= paid;
  return paid;
}

function lineOf(event: UsageEvent, actual: NanoUsd, charge: NanoUsd, balanceAfter: NanoUsd, nowMs: number): SettlementLine {
  return {
    requestId: event.requestId,
    keyId: event.keyId,
    leaseId: event.leaseId,
    nodeId: event.nodeId,
    epoch: event.epoch,
    sequence: event.sequence,
    model: event.model ?? '',
    vendorId: event.vendorId ?? '',
    byok: event.byok,
    test: event.test,
    buckets: event.buckets,
    reasoningTokens: event.reasoningTokens,
    priceRevision: event.priceRevision,
    multiplier: event.multiplier,
    actual,
    charge,
    loss: actual - charge,
    reason: event.reason,
    estimated: event.estimated,
    usageMismatch: event.usageMismatch,
    balanceAfter,
    usageDate: utcDate(Math.min(Math.max(event.startedAtMs, nowMs - USAGE_DATE_SPAN_MS), nowMs)),
    batchItemId: event.batchItemId,
  };
}

function utcDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function postingsOf(lines: readonly SettlementLine[]): Posting[] {
  const totals: Record<'customer' | 'revenue' | 'byok_fees' | 'platform_loss', NanoUsd> = {
    customer: 0n,
    revenue: 0n,
    byok_fees: 0n,
    platform_loss: 0n,
  };
  for (const line of lines) {
    totals.customer -= line.charge;
    totals.platform_loss -= line.loss;
    totals[line.byok ? 'byok_fees' : 'revenue'] += line.actual;
  }
  return Object.entries(totals)
    .filter(([, amount]) => amount !== 0n)
    .map(([ledgerAccount, amount]) => ({ ledgerAccount: ledgerAccount as LedgerAccount, amount }));
}
