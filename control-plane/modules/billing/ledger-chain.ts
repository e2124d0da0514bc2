/**
 * The text of a ledger line and of a journal, and the hash chain over them. One definition for the ingestion that writes, the export
 * and the verifier that recomputes offline: what is hashed is exactly what is exported, so a changed byte shows.
 * A journal's hash covers the hash before it, its postings, and the SHA-256 of every settlement line that it posts. Pure.
 */
import { createHash } from 'node:crypto';
import type { Multiplier, NanoUsd, TokenBuckets } from '../../../shared/money.js';

export type JournalKind = 'usage' | 'top_up' | 'refund' | 'dispute' | 'dispute_won' | 'adjustment' | 'bonus';

export type LedgerAccount =
  | 'customer'
  | 'debt'
  | 'revenue'
  | 'byok_fees'
  | 'platform_loss'
  | 'payments_clearing'
  | 'adjustments'
  | 'promotions';

/** Signed nano-USD; the postings of a journal sum to 0. */
export interface Posting {
  readonly ledgerAccount: LedgerAccount;
  readonly amount: NanoUsd;
}

/** One settled request: everything that its charge can be recomputed from. */
export interface SettlementLine {
  readonly requestId: string;
  readonly keyId: string;
  readonly leaseId: string | null;
  readonly nodeId: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly model: string;
  readonly vendorId: string;
  readonly byok: boolean;
  readonly test: boolean;
  readonly buckets: TokenBuckets;
  readonly reasoningTokens: number;
  readonly priceRevision: number | null;
  readonly multiplier: Multiplier;
  readonly actual: NanoUsd;
  readonly charge: NanoUsd;
  readonly loss: NanoUsd;
  readonly reason: string;
  readonly estimated: boolean;
  readonly usageMismatch: boolean;
  readonly balanceAfter: NanoUsd;
  /** `YYYY-MM-DD`, UTC. */
  readonly usageDate: string;
  readonly batchItemId: string | null;
}

export interface JournalEntry {
  readonly accountId: string;
  readonly position: number;
  readonly kind: JournalKind;
  readonly refType: string;
  readonly refId: string;
  readonly reason: string;
  readonly postings: readonly Posting[];
  readonly balanceAfter: NanoUsd;
  readonly debtAfter: NanoUsd;
  /** `digestSettlements` of its lines; empty for other kinds. */
  readonly settlements: string;
  /** Milliseconds, PostgreSQL's clock. */
  readonly createdAtMs: number;
}

export const CHAIN_START = Buffer.alloc(32);
/** First line of an export. */
export const LEDGER_FORMAT = 'modelapi-ledger-1';
/** The settlement table charges nothing for these. */
export const FREE_REASONS: ReadonlySet<string> = new Set(['no_output', 'rejected']);

export function settlementText(line: SettlementLine): string {
  const { buckets, multiplier } = line;
  return JSON.stringify([
    line.requestId,
    line.keyId,
    line.leaseId,
    line.nodeId,
    line.epoch,
    line.sequence,
    line.model,
    line.vendorId,
    line.byok,
    line.test,
    [buckets.inputUncached, buckets.cacheRead, buckets.cacheWrite5m, buckets.cacheWrite1h, buckets.output, buckets.requests],
    line.reasoningTokens,
    line.priceRevision,
    [multiplier.numerator, multiplier.denominator],
    line.actual.toString(),
    line.charge.toString(),
    line.loss.toString(),
    line.reason,
    line.estimated,
    line.usageMismatch,
    line.balanceAfter.toString(),
    line.usageDate,
    line.batchItemId,
  ]);
}

export function journalText(entry: JournalEntry): string {
  return JSON.stringify([
    entry.accountId,
    entry.position,
    entry.kind,
    entry.refType,
    entry.refId,
    entry.reason,
    sortPostings(entry.postings).map((posting) => [posting.ledgerAccount, posting.amount.toString()]),
    entry.balanceAfter.toString(),
    entry.debtAfter.toString(),
    entry.settlements,
    new Date(entry.createdAtMs).toISOString(),
  ]);
}

/** SHA-256 (hex) of the lines' texts in their order, each ended by a newline. */
export function digestSettlements(lineTexts: readonly string[]): string {
  return lineTexts.length === 0
    ? ''
    : createHash('sha256')
        .update(`${lineTexts.join('\n')}\n`)
        .digest('hex');
}

/** 32 bytes. */
export function hashJournal(previous: Buffer, text: string): Buffer {
  return createHash('sha256').update(previous).update(text).digest();
}

function sortPostings(postings: readonly Posting[]): readonly Posting[] {
  return [...postings].sort((left, right) => (left.ledgerAccount < right.ledgerAccount ? -1 : 1));
}
