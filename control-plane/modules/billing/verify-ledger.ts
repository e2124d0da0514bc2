/**
 * Proves an exported ledger offline, from the text alone: every charge recomputed from its buckets and price revision, every balance
 * followed line by line, every journal's postings summed, every hash recomputed, every wallet at the head of its chain, the trial
 * balance 0. Pure; throws `LedgerProblem` at the first thing that is wrong, naming the line.
 */
import { createHash, type Hash } from 'node:crypto';
import { byokChargeFor, chargeFor, type NanoUsd, type PriceSheet, type TokenBuckets } from '../../../shared/money.js';
import { CHAIN_START, FREE_REASONS, hashJournal, LEDGER_FORMAT } from './ledger-chain.js';
import { type PriceRow, readSheet } from './price-sheet.js';

export class LedgerProblem extends Error {
  constructor(
    readonly line: number,
    problem: string,
  ) {
    super(`line ${line}: ${problem}`);
    this.name = 'LedgerProblem';
  }
}

export interface LedgerSummary {
  accounts: number;
  journals: number;
  settlements: number;
  /** Sum of postings by ledger account, nano-USD. */
  readonly totals: Map<string, NanoUsd>;
}

export async function verifyLedger(lines: AsyncIterable<string>): Promise<LedgerSummary> {
  const verifier = new Verifier();
  for await (const line of lines) verifier.take(line);
  return verifier.finish();
}

interface OpenJournal {
  readonly settlements: string;
  readonly digest: Hash;
  lines: number;
  spent: NanoUsd;
  lost: NanoUsd;
  earned: NanoUsd;
  readonly postings: ReadonlyMap<string, NanoUsd>;
  readonly kind: string;
  readonly balanceAfter: NanoUsd;
}

class Verifier {
  readonly #summary: LedgerSummary = { accounts: 0, journals: 0, settlements: 0, totals: new Map() };
  readonly #file = createHash('sha256');
  readonly #prices = new Map<number, { modelId: string; sheet: PriceSheet }>();
  readonly #requests = new Set<string>();
  readonly #references = new Set<string>();
  #line = 0;
  #finished = false;
  #account: string | undefined;
  #position = 0;
  #head: Buffer = CHAIN_START;
  #balance: NanoUsd = 0n;
  #debt: NanoUsd = 0n;
  #journal: OpenJournal | undefined;

  take(text: string): void {
    this.#line += 1;
    this.#expect(!this.#finished, 'something follows the footer');
    const [kind, rest = ''] = [text.slice(0, 1), text.slice(2)];
    this.#expect(text[1] === '\t', 'not a record');
    if (kind === 'F') {
      this.#footer(rest);
      return;
    }
    this.#file.update(`${text}\n`);
    if (kind === 'H') this.#expect(this.#line === 1 && this.#parse(rest).format === LEDGER_FORMAT, 'unknown format');
    else if (kind === 'P') this.#price(this.#parse(rest));
    else if (kind === 'J') this.#journalRecord(rest);
    else if (kind === 'S') this.#settlement(rest);
    else if (kind === 'W') this.#wallet(this.#parse(rest));
    else this.#fail('unknown record');
  }

  finish(): LedgerSummary {
    this.#line += 1;
    this.#expect(this.#finished, 'the file is cut short');
    const total = [...this.#summary.totals.values()].reduce((sum, amount) => sum + amount, 0n);
    this.#expect(total === 0n, `the trial balance is ${total}`);
    return this.#summary;
  }

  #price(row: PriceRow): void {
    this.#prices.set(Number(row.revision), { modelId: row.model_id, sheet: readSheet(row) });
  }

  #journalRecord(rest: string): void {
    this.#closeJournal();
    const [hash = '', text = ''] = [rest.slice(0, 64), rest.slice(65)];
    const fields: unknown[] = this.#parse(text);
    const [account, position, kind, refType, refId, , postings, balanceAfter, debtAfter, settlements] = fields;
    if (this.#account === undefined) this.#account = String(account);
    this.#expect(account === this.#account, 'a journal of another account before the wallet');
    this.#expect(position === this.#position + 1, `journal ${position} follows ${this.#position}`);
    const reference = JSON.stringify([kind, refType, refId]);
    this.#expect(!this.#references.has(reference), `${reference} was posted before`);
    this.#references.add(reference);
    this.#position += 1;
    this.#head = hashJournal(this.#head, text);
    this.#expect(this.#head.toString('hex') === hash, 'the hash is another');
    const amounts = new Map((postings as [string, string][]).map(([name, amount]) => [name, BigInt(amount)]));
    this.#post(amounts);
    this.#summary.journals += 1;
    const balance = this.#balance + (amounts.get('customer') ?? 0n);
    this.#debt -= amounts.get('debt') ?? 0n;
    this.#expect(balance === BigInt(String(balanceAfter)) && balance >= 0n, `the balance after it is ${balance}`);
    this.#expect(this.#debt === BigInt(String(debtAfter)) && this.#debt >= 0n, `the debt after it is ${this.#debt}`);
    const digest = createHash('sha256');
    const open = { settlements: String(settlements), digest, lines: 0, spent: 0n, lost: 0n, earned: 0n };
    this.#journal = { ...open, postings: amounts, kind: String(kind), balanceAfter: balance };
  }

  #post(amounts: ReadonlyMap<string, NanoUsd>): void {
    let total = 0n;
    for (const [name, amount] of amounts) {
      total += amount;
      this.#summary.totals.set(name, (this.#summary.totals.get(name) ?? 0n) + amount);
    }
    this.#expect(total === 0n, `postings sum to ${total}`);
  }

  #settlement(text: string): void {
    const journal = this.#journal ?? this.#fail('a settlement without its journal');
    const fields: unknown[] = this.#parse(text);
    const [requestId, , , , , , model, , byok, test, counts, , revision, multiplier, actual, charge, loss, reason, , , after] = fields;
    this.#expect(!this.#requests.has(String(requestId)), `request ${requestId} was settled before`);
    this.#requests.add(String(requestId));
    const [paid, lost, full] = [BigInt(String(charge)), BigInt(String(loss)), BigInt(String(actual))];
    const price = this.#recompute(String(model), byok === true, test === true || FREE_REASONS.has(String(reason)), {
      counts: counts as number[],
      revision: revision as number | null,
      multiplier: multiplier as [number, number],
    });
    this.#expect(full === price, `request ${requestId} cost ${price}, not ${full}`);
    this.#expect(paid >= 0n && lost >= 0n && paid + lost === full, `request ${requestId}: ${paid} + ${lost} is not ${full}`);
    this.#balance -= paid;
    this.#expect(this.#balance === BigInt(String(after)), `the balance after ${requestId} is ${this.#balance}`);
    journal.spent += paid;
    journal.lost += lost;
    journal.earned += full;
    journal.lines += 1;
    journal.digest.update(`${text}\n`);
    this.#summary.settlements += 1;
  }

  #recompute(
    model: string,
    byok: boolean,
    free: boolean,
    { counts, revision, multiplier: [numerator, denominator] }: { counts: number[]; revision: number | null; multiplier: [number, number] },
  ): NanoUsd {
    if (free) return 0n;
    const [inputUncached = 0, cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0, output = 0, requests = 0] = counts;
    const buckets: TokenBuckets = { inputUncached, cacheRead, cacheWrite5m, cacheWrite1h, output, requests };
    if (byok) return byokChargeFor(buckets, { numerator, denominator });
    if (counts.every((count) => count === 0)) return 0n;
    const price = revision === null ? undefined : this.#prices.get(revision);
    if (price?.modelId !== model) return this.#fail(`price revision ${revision} of ${model} is not in the file`);
    return chargeFor(buckets, price.sheet, { numerator, denominator });
  }

  #closeJournal(): void {
    const journal = this.#journal;
    if (!journal) return;
    const digest = journal.lines === 0 ? '' : journal.digest.digest('hex');
    this.#expect(digest === journal.settlements, 'the settlements of the journal above are others');
    if (journal.kind === 'usage') {
      const of = (name: string) => journal.postings.get(name) ?? 0n;
      this.#expect(journal.spent === -of('customer') && journal.lost === -of('platform_loss'), 'the journal above posts other charges');
      this.#expect(journal.earned === of('revenue') + of('byok_fees'), 'the journal above posts another revenue');
    }
    this.#balance = journal.balanceAfter;
    this.#journal = undefined;
  }

  #wallet(fields: unknown[]): void {
    this.#closeJournal();
    const [account, available, leased, debt, position, head] = fields;
    this.#expect(this.#account === undefined || account === this.#account, 'the wallet is of another account');
    this.#expect(position === this.#position && head === this.#head.toString('hex'), 'the wallet is not at the head of its chain');
    const balance = BigInt(String(available)) + BigInt(String(leased));
    this.#expect(balance === this.#balance && BigInt(String(debt)) === this.#debt, `the wallet holds ${balance}, not ${this.#balance}`);
    this.#summary.accounts += 1;
    this.#account = undefined;
    [this.#position, this.#head, this.#balance, this.#debt] = [0, CHAIN_START, 0n, 0n];
  }

  #footer(rest: string): void {
    this.#closeJournal();
    this.#expect(this.#account === undefined, 'an account has no wallet');
    this.#expect(rest === JSON.stringify({ sha256: this.#file.digest('hex') }), 'the file is not what was exported');
    this.#finished = true;
  }

  #parse(text: string) {
    try {
      return JSON.parse(text);
    } catch {
      return this.#fail('not JSON');
    }
  }

  #expect(condition: boolean, problem: string): void {
    if (!condition) this.#fail(problem);
  }

  #fail(problem: string): never {
    throw new LedgerProblem(this.#line, problem);
  }
}
