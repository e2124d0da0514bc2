/**
 * The whole ledger as text, for an auditor who has nothing but the file: `verify-ledger.ts` proves it offline.
 * One record a line, a letter and a tab first: H header, P price revision, J journal (its hash, then what was hashed), S each settlement
 * of the journal above, W wallet, F footer with the SHA-256 of every byte before it.
 * Read in one REPEATABLE READ transaction, a few accounts at a time: money goes on moving meanwhile, memory stays flat.
 */
import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { type JournalEntry, type JournalKind, journalText, LEDGER_FORMAT, type LedgerAccount, settlementText } from './ledger-chain.js';
import type { PriceRow } from './price-sheet.js';
import { readSettlement, SETTLEMENT_COLUMNS, type SettlementRecord } from './read-settlement.js';
import { inTransaction } from './transaction.js';

const ACCOUNTS_AT_ONCE = 200;
const JOURNALS_AT_ONCE = 2_000;

interface WalletRow {
  account_id: string;
  available: string;
  leased: string;
  debt: string;
  position: string;
  head: string;
}

interface JournalRow {
  position: string;
  kind: JournalKind;
  ref_type: string;
  ref_id: string;
  reason: string;
  balance_after: string;
  debt_after: string;
  settlements: string;
  created_at: Date;
  hash: string;
  postings: [LedgerAccount, string][];
}

/** `write` may apply backpressure. */
export async function exportLedger(pool: Pool, write: (text: string) => Promise<void>): Promise<void> {
  const digest = createHash('sha256');
  const put = async (text: string) => {
    digest.update(text);
    await write(text);
  };
  await inTransaction(pool, async (client) => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await put(`H\t${JSON.stringify({ format: LEDGER_FORMAT })}\n`);
    await exportPrices(client, put);
    for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
      const wallets = await client.query<WalletRow>(
        `SELECT account_id, available, leased, debt, position, encode(head, 'hex') AS head FROM wallet
         WHERE account_id > $1 ORDER BY account_id LIMIT $2`,
        [after, ACCOUNTS_AT_ONCE],
      );
      for (const wallet of wallets.rows) await exportAccount(client, wallet, put);
      const last = wallets.rows.at(-1);
      if (!last) break;
      after = last.account_id;
    }
  });
  await write(`F\t${JSON.stringify({ sha256: digest.digest('hex') })}\n`);
}

async function exportPrices(client: PoolClient, put: (text: string) => Promise<void>): Promise<void> {
  const { rows } = await client.query<PriceRow>(
    `SELECT revision, model_id, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, tiers
     FROM model_price ORDER BY revision`,
  );
  for (const row of rows) await put(`P\t${JSON.stringify(row)}\n`);
}

async function exportAccount(client: PoolClient, wallet: WalletRow, put: (text: string) => Promise<void>): Promise<void> {
  const last = Number(wallet.position);
  for (let from = 1; from <= last; from += JOURNALS_AT_ONCE) {
    const to = from + JOURNALS_AT_ONCE - 1;
    const journals = await readJournals(client, wallet.account_id, from, to);
    const lines = await readLines(client, wallet.account_id, from, to);
    let text = '';
    for (const { hash, entry } of journals) {
      text += `J\t${hash}\t${journalText(entry)}\n`;
      for (const line of lines.get(entry.position) ?? []) text += `S\t${line}\n`;
    }
    await put(text);
  }
  await put(
    `W\t${JSON.stringify([wallet.account_id, wallet.available, wallet.leased, wallet.debt, Number(wallet.position), wallet.head])}\n`,
  );
}

async function readJournals(client: PoolClient, accountId: string, from: number, to: number) {
  const { rows } = await client.query<JournalRow>(
    `SELECT position, kind, ref_type, ref_id, reason, balance_after, debt_after, settlements, created_at, encode(hash, 'hex') AS hash,
       ARRAY(SELECT ARRAY[ledger_account, amount::text] FROM posting
             WHERE posting.account_id = journal.account_id AND posting.position = journal.position) AS postings
     FROM journal WHERE account_id = $1 AND position BETWEEN $2 AND $3 ORDER BY position`,
    [accountId, from, to],
  );
  return rows.map((row) => ({ hash: row.hash, entry: readJournal(accountId, row) }));
}

function readJournal(accountId: string, row: JournalRow): JournalEntry {
  return {
    accountId,
    position: Number(row.position),
    kind: row.kind,
    refType: row.ref_type,
    refId: row.ref_id,
    reason: row.reason,
    postings: row.postings.map(([ledgerAccount, amount]) => ({ ledgerAccount, amount: BigInt(amount) })),
    balanceAfter: BigInt(row.balance_after),
    debtAfter: BigInt(row.debt_after),
    settlements: row.settlements,
    createdAtMs: row.created_at.getTime(),
  };
}

/** Texts by journal, in their order. */
async function readLines(client: PoolClient, accountId: string, from: number, to: number): Promise<Map<number, string[]>> {
  const { rows } = await client.query<SettlementRecord & { position: string }>(
    `SELECT ${SETTLEMENT_COLUMNS} FROM settlement WHERE account_id = $1 AND position BETWEEN $2 AND $3 ORDER BY position, line`,
    [accountId, from, to],
  );
  const lines = new Map<number, string[]>();
  for (const row of rows) {
    const position = Number(row.position);
    const texts = lines.get(position) ?? [];
    texts.push(settlementText(readSettlement(row)));
    lines.set(position, texts);
  }
  return lines;
}
