/**
 * Money into and out of a wallet, other than usage. Each posting names what it is for; the same (kind, reference) posts once, however
 * often it is asked for (I7).
 *
 * - A credit pays the account's debt first. A debit takes what is available, never what nodes hold in leases; what a reversal cannot
 *   take becomes debt, and the account is frozen until the debt is paid: no balance is ever negative.
 * - Runs in the caller's transaction and locks the wallet; throws when PostgreSQL is away, with nothing moved.
 * Called by the module payment, by the operator's adjustments and by the seed of the demo.
 */
import type { ClientBase } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { MAX_NANO_USD, type NanoUsd } from '../../../shared/money.js';
import { freezeAccount, unfreezeAccount } from './freeze-account.js';
import type { JournalKind, LedgerAccount, Posting } from './ledger-chain.js';
import { appendJournal, type LockedWallet, lockWallets, writeJournals, writeWallets } from './wallet-ledger.js';

export interface Movement {
  readonly accountId: string;
  readonly amount: NanoUsd;
  /** What it is for: `payment`, `refund`, `adjustment`, ... and its id there. */
  readonly refType: string;
  readonly refId: string;
  /** Shown to the customer. */
  readonly reason: string;
}

/** `repeated`: this reference was posted before, and nothing moved now. */
export type Posted = 'posted' | 'repeated';

/** A payment that has arrived. `refId` is the top-up's id: credited at most once. */
export async function creditPayment(client: ClientBase, movement: Movement): Promise<Posted> {
  return await move(client, 'top_up', movement, (wallet) => creditWallet(wallet, movement.amount, 'payments_clearing'));
}

/** Money that the house gives, for example to a new account. */
export async function creditBonus(client: ClientBase, movement: Movement): Promise<Posted> {
  return await move(client, 'bonus', movement, (wallet) => creditWallet(wallet, movement.amount, 'promotions'));
}

/** A payment that went back (`refund`) or was disputed: what is already spent becomes debt. */
export async function reversePayment(client: ClientBase, kind: 'refund' | 'dispute', movement: Movement): Promise<Posted> {
  return await move(client, kind, movement, (wallet) => debitWallet(wallet, movement.amount, 'payments_clearing'));
}

/** A dispute that was decided for us. */
export async function restorePayment(client: ClientBase, movement: Movement): Promise<Posted> {
  return await move(client, 'dispute_won', movement, (wallet) => creditWallet(wallet, movement.amount, 'payments_clearing'));
}

/** By an operator, with a reason. `amount` may be negative, down to what is available; throws `unprocessable` below that. */
export async function adjustAccount(client: ClientBase, movement: Movement): Promise<Posted> {
  const { amount } = movement;
  if (amount === 0n) throw new GatewayError('unprocessable', 'An adjustment of 0 changes nothing.', { param: 'amountUsd' });
  return await move(client, 'adjustment', { ...movement, amount: amount < 0n ? -amount : amount }, (wallet) => {
    if (amount > 0n) return creditWallet(wallet, amount, 'adjustments');
    if (wallet.available < -amount)
      throw new GatewayError('unprocessable', 'The account has less than that available.', { param: 'amountUsd' });
    return debitWallet(wallet, -amount, 'adjustments');
  });
}

async function move(
  client: ClientBase,
  kind: JournalKind,
  movement: Movement,
  change: (wallet: LockedWallet) => readonly Posting[],
): Promise<Posted> {
  const { accountId, amount, refType, refId, reason } = movement;
  if (amount <= 0n || amount > MAX_NANO_USD) throw new RangeError(`amount out of range: ${amount}`);
  const { wallets, nowMs } = await lockWallets(client, [accountId]);
  const wallet = wallets.get(accountId);
  if (!wallet) throw new GatewayError('not_found', 'There is no such account.');
  if (await isPosted(client, kind, movement)) return 'repeated';
  const postings = change(wallet);
  if (wallet.available + wallet.leased > MAX_NANO_USD)
    throw new GatewayError('unprocessable', 'The balance would pass what a wallet can hold.');
  const journal = appendJournal(wallet, { kind, refType, refId, reason, postings, settlements: '', createdAtMs: nowMs });
  await writeJournals(client, [journal]);
  await writeWallets(client, [wallet]);
  if (wallet.debt > 0n) await freezeAccount(client, accountId, 'debt');
  else await unfreezeAccount(client, accountId, 'debt');
  return 'posted';
}

async function isPosted(client: ClientBase, kind: JournalKind, { refType, refId, accountId }: Movement): Promise<boolean> {
  const { rows } = await client.query<{ account_id: string }>(
    'SELECT account_id FROM journal WHERE kind = $1 AND ref_type = $2 AND ref_id = $3',
    [kind, refType, refId],
  );
  const [row] = rows;
  if (row && row.account_id !== accountId) throw new Error(`${kind} ${refType} ${refId} was posted to another account`);
  return row !== undefined;
}

function creditWallet(wallet: LockedWallet, amount: NanoUsd, from: LedgerAccount): Posting[] {
  const paysDebt = amount < wallet.debt ? amount : wallet.debt;
  wallet.debt -= paysDebt;
  wallet.available += amount - paysDebt;
  return nonZero([
    { ledgerAccount: 'customer', amount: amount - paysDebt },
    { ledgerAccount: 'debt', amount: paysDebt },
    { ledgerAccount: from, amount: -amount },
  ]);
}

function debitWallet(wallet: LockedWallet, amount: NanoUsd, to: LedgerAccount): Posting[] {
  const taken = amount < wallet.available ? amount : wallet.available;
  wallet.available -= taken;
  wallet.debt += amount - taken;
  return nonZero([
    { ledgerAccount: 'customer', amount: -taken },
    { ledgerAccount: 'debt', amount: taken - amount },
    { ledgerAccount: to, amount },
  ]);
}

function nonZero(postings: readonly Posting[]): Posting[] {
  return postings.filter((posting) => posting.amount !== 0n);
}
