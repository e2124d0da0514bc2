/**
 * Every movement of money in PostgreSQL goes through here: lock the wallets, change them in memory, write wallets and journals back,
 * all in the caller's transaction.
 *
 * - Lock order: node cursors, wallets by account id, leases by id. Rollups and journals of an account are changed only under its
 *   wallet's lock. So no two transactions can wait for each other.
 * - `appendJournal` refuses a journal whose postings do not sum to 0 or do not explain the change of the wallet (invariant I1).
 * - When PostgreSQL is away the caller's transaction fails whole; nothing here keeps state between calls.
 * Called by the modules billing and payment and by the workers.
 */
import type { ClientBase } from 'pg';
import type { NanoUsd } from '../../../shared/money.js';
import { bytesArray, plainArray, textArray } from './column-arrays.js';
import { hashJournal, type JournalEntry, journalText } from './ledger-chain.js';

/** A locked wallet. Money members may be changed; `writeWallets` stores them. */
export interface LockedWallet {
  readonly accountId: string;
  readonly status: 'active' | 'suspended' | 'closed';
  readonly frozen: boolean;
  available: NanoUsd;
  leased: NanoUsd;
  debt: NanoUsd;
  position: number;
  head: Buffer;
  /** What the last journal said of available + leased and of debt. */
  postedBalance: NanoUsd;
  postedDebt: NanoUsd;
}

export interface LockedWallets {
  /** The transaction's time, PostgreSQL's clock. */
  readonly nowMs: number;
  readonly wallets: ReadonlyMap<string, LockedWallet>;
}

export interface JournalRow extends JournalEntry {
  readonly previous: Buffer;
  readonly hash: Buffer;
}

type JournalDraft = Omit<JournalEntry, 'accountId' | 'position' | 'balanceAfter' | 'debtAfter'>;

interface WalletRow {
  account_id: string;
  status: LockedWallet['status'];
  frozen: boolean;
  available: string;
  leased: string;
  debt: string;
  position: string;
  head: Buffer;
  now_ms: string;
}

/** Locks until commit. An account without a wallet is absent from the answer. */
export async function lockWallets(client: ClientBase, accountIds: Iterable<string>): Promise<LockedWallets> {
  const { rows } = await client.query<WalletRow>({
    name: 'lock-wallets',
    text: `SELECT wallet.*, account.status, account.frozen_at IS NOT NULL AS frozen,
             floor(extract(epoch FROM now()) * 1000)::bigint AS now_ms
           FROM wallet JOIN account ON account.id = wallet.account_id
           WHERE account_id = ANY ($1::uuid[]) ORDER BY account_id FOR NO KEY UPDATE OF wallet`,
    values: [plainArray([...new Set(accountIds)])],
  });
  return { nowMs: Number(rows[0]?.now_ms ?? 0), wallets: new Map(rows.map((row) => [row.account_id, readWallet(row)])) };
}

function readWallet(row: WalletRow): LockedWallet {
  const [available, leased, debt] = [BigInt(row.available), BigInt(row.leased), BigInt(row.debt)];
  const { account_id: accountId, status, frozen, head } = row;
  const position = Number(row.position);
  return { accountId, status, frozen, available, leased, debt, position, head, postedBalance: available + leased, postedDebt: debt };
}

/** The next journal of the wallet's chain. Change the wallet first; throws RangeError when the postings do not explain the change. */
export function appendJournal(wallet: LockedWallet, draft: JournalDraft): JournalRow {
  const balanceAfter = wallet.available + wallet.leased;
  let [total, customer, debt] = [0n, 0n, 0n];
  for (const { ledgerAccount, amount } of draft.postings) {
    total += amount;
    if (ledgerAccount === 'customer') customer += amount;
    if (ledgerAccount === 'debt') debt += amount;
  }
  const explained = customer === balanceAfter - wallet.postedBalance && debt === wallet.postedDebt - wallet.debt;
  if (total !== 0n || !explained || wallet.available < 0n || wallet.leased < 0n)
    throw new RangeError(`journal of ${wallet.accountId} (${draft.kind} ${draft.refId}) does not balance`);
  const position = wallet.position + 1;
  const entry: JournalEntry = { ...draft, accountId: wallet.accountId, position, balanceAfter, debtAfter: wallet.debt };
  const previous = wallet.head;
  const hash = hashJournal(previous, journalText(entry));
  Object.assign(wallet, { position, head: hash, postedBalance: balanceAfter, postedDebt: wallet.debt });
  return { ...entry, previous, hash };
}

export async function writeWallets(client: ClientBase, wallets: readonly LockedWallet[]): Promise<void> {
  if (wallets.length === 0) return;
  await client.query({
    name: 'write-wallets',
    text: `UPDATE wallet SET available = moved.available, leased = moved.leased, debt = moved.debt,
             position = moved.position, head = moved.head
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
             AS moved (account_id, available, leased, debt, position, head)
           WHERE wallet.account_id = moved.account_id`,
    values: [
      plainArray(wallets.map((wallet) => wallet.accountId)),
      plainArray(wallets.map((wallet) => wallet.available)),
      plainArray(wallets.map((wallet) => wallet.leased)),
      plainArray(wallets.map((wallet) => wallet.debt)),
      plainArray(wallets.map((wallet) => wallet.position)),
      bytesArray(wallets.map((wallet) => wallet.head)),
    ],
  });
}

/** Journals with all their postings. A second journal of the same (kind, reference) fails the transaction. */
export async function writeJournals(client: ClientBase, journals: readonly JournalRow[]): Promise<void> {
  if (journals.length === 0) return;
  await client.query({
    name: 'write-journals',
    text: `INSERT INTO journal (account_id, position, kind, ref_type, ref_id, reason, balance_after, debt_after, settlements, created_at,
             prev_hash, hash)
           SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
             $9::text[], $10::timestamptz[], $11::bytea[], $12::bytea[])`,
    values: [
      plainArray(journals.map((journal) => journal.accountId)),
      plainArray(journals.map((journal) => journal.position)),
      plainArray(journals.map((journal) => journal.kind)),
      textArray(journals.map((journal) => journal.refType)),
      textArray(journals.map((journal) => journal.refId)),
      textArray(journals.map((journal) => journal.reason)),
      plainArray(journals.map((journal) => journal.balanceAfter)),
      plainArray(journals.map((journal) => journal.debtAfter)),
      textArray(journals.map((journal) => journal.settlements)),
      plainArray(journals.map((journal) => new Date(journal.createdAtMs).toISOString())),
      bytesArray(journals.map((journal) => journal.previous)),
      bytesArray(journals.map((journal) => journal.hash)),
    ],
  });
  const postings = journals.flatMap((journal) => journal.postings.map((posting) => ({ journal, posting })));
  if (postings.length === 0) return;
  await client.query({
    name: 'write-postings',
    text: `INSERT INTO posting (account_id, position, ledger_account, amount)
           SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[])`,
    values: [
      plainArray(postings.map(({ journal }) => journal.accountId)),
      plainArray(postings.map(({ journal }) => journal.position)),
      plainArray(postings.map(({ posting }) => posting.ledgerAccount)),
      plainArray(postings.map(({ posting }) => posting.amount)),
    ],
  });
}
