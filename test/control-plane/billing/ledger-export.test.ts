import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { adjustAccount, reversePayment } from '../../../control-plane/modules/billing/credit-account.js';
import { exportLedger } from '../../../control-plane/modules/billing/export-ledger.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import { type LedgerSummary, verifyLedger } from '../../../control-plane/modules/billing/verify-ledger.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import { NO_TOKENS } from '../../../shared/money.js';
import { createDatabase } from '../../support/database.js';
import { arrivalsOf, createCustomer, createNode, createPrice, grant, usageEvent } from './money-fixture.js';

const USD = 1_000_000_000n;
let text: string;

beforeAll(async () => {
  const { pool } = await createDatabase();
  const price = await createPrice(pool);
  for (let account = 0; account < 3; account++) {
    const customer = await createCustomer(pool, 2n * USD);
    const node = createNode();
    const { leaseId } = await grant(pool, node, customer, 5_000_000n);
    const byok = (150n * 500n).toString();
    const half = { numerator: 1, denominator: 2 };
    const events = [
      usageEvent(node, 1, customer, leaseId, price, { buckets: { ...NO_TOKENS, inputUncached: 1_003, cacheRead: 77, output: 13 } }),
      usageEvent(node, 2, customer, leaseId, price, { batchItemId: `item-${newId()}`, multiplier: half }),
      { ...usageEvent(node, 3, customer, leaseId, price, { output: 150 }), byok: true, actualNano: byok, chargeNano: byok },
      { ...usageEvent(node, 4, customer, leaseId, price), reason: 'no_output' as const, actualNano: '0', chargeNano: '0' },
      { ...usageEvent(node, 5, customer, leaseId, price), chargeNano: '1000' },
    ];
    const settler = new UsageSettler(pool);
    await settler.settle(arrivalsOf(events.slice(0, 2)));
    await settler.settle(arrivalsOf(events.slice(2)));
    const movement = { accountId: customer.accountId, refType: 'payment', refId: newId(), reason: 'said "no"\u2028, \\ and so on ✓' };
    await inTransaction(pool, (client) => adjustAccount(client, { ...movement, amount: -7n }));
    await inTransaction(pool, (client) => reversePayment(client, 'dispute', { ...movement, amount: 3n * USD }));
  }
  const parts: string[] = [];
  await exportLedger(pool, async (part) => {
    parts.push(part);
  });
  text = parts.join('');
});

async function* linesOf(whole: string): AsyncGenerator<string> {
  const lines = whole.split('\n');
  if (lines.at(-1) === '') lines.pop();
  yield* lines;
}

function verify(whole: string): Promise<LedgerSummary> {
  return verifyLedger(linesOf(whole));
}

/** As a forger would: the footer is made anew after the change. */
async function forge(change: (lines: string[]) => string[]): Promise<LedgerSummary> {
  const { createHash } = await import('node:crypto');
  const body = change(text.trimEnd().split('\n').slice(0, -1))
    .map((line) => `${line}\n`)
    .join('');
  return await verify(`${body}F\t${JSON.stringify({ sha256: createHash('sha256').update(body).digest('hex') })}\n`);
}

describe('an exported ledger', () => {
  test('is proved offline: every charge, balance and hash', async () => {
    const summary = await verify(text);
    expect(summary).toMatchObject({ accounts: 3, journals: 15, settlements: 15 });
    expect([...summary.totals.values()].reduce((sum, amount) => sum + amount, 0n)).toBe(0n);
    expect(summary.totals.get('platform_loss')).toBe(-3n * 199_000n);
  });

  test('is rejected with any one byte changed', async () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 17) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(verify(changed.toString()), `byte ${at}`).rejects.toThrow();
    }
  });

  test('is rejected when it is cut short', async () => {
    const lines = text.trimEnd().split('\n');
    await expect(verify(lines.slice(0, -1).join('\n'))).rejects.toThrow('cut short');
    await expect(verify(lines.slice(0, -4).join('\n'))).rejects.toThrow('cut short');
  });

  const forgeries: [name: string, change: (lines: string[]) => string[]][] = [
    ['a charge', (lines) => lines.map((line) => line.replace('"1000","199000"', '"999","199001"'))],
    ['token counts', (lines) => lines.map((line) => line.replace('[1003,77,0,0,13,0]', '[1003,77,0,0,14,0]'))],
    ['a price', (lines) => lines.map((line) => line.replace('"output":"2000000"', '"output":"2100000"'))],
    ['a reason', (lines) => lines.map((line) => line.replace('said', 'told'))],
    ['a settlement left out', (lines) => lines.filter((line, index) => !line.startsWith('S') || lines[index - 1]?.startsWith('S'))],
    ['a settlement twice', (lines) => lines.flatMap((line) => (line.startsWith('S') ? [line, line] : [line]))],
    ['a journal left out', (lines) => lines.filter((line) => !line.includes('"dispute"'))],
    ['a wallet', (lines) => lines.map((line) => (line.startsWith('W') ? line.replace(/"(\d+)",/, '"1",') : line))],
    ['an account without its wallet', (lines) => lines.filter((line) => !line.startsWith('W'))],
  ];
  test.each(forgeries)('is rejected with %s forged, even under a new checksum', async (_, change) => {
    await expect(forge((lines) => lines)).resolves.toBeDefined();
    await expect(forge(change)).rejects.toThrow(/line \d+/);
  });
});
