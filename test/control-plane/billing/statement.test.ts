import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { adjustAccount } from '../../../control-plane/modules/billing/credit-account.js';
import { readStatement, renderStatementCsv } from '../../../control-plane/modules/billing/monthly-statement.js';
import { renderStatementPdf } from '../../../control-plane/modules/billing/statement-pdf.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import { formatUsd } from '../../../shared/money.js';
import { createDatabase } from '../../support/database.js';
import { arrivalsOf, createCustomer, createNode, createPrice, grant, MODEL, usageEvent, walletOf } from './money-fixture.js';

const USD = 1_000_000_000n;

test('a statement’s closing balance is the ledger’s, and its lines explain it to the nano-dollar', async () => {
  const { pool } = await createDatabase();
  const price = await createPrice(pool);
  const customer = await createCustomer(pool, 3n * USD);
  const node = createNode();
  const { leaseId } = await grant(pool, node, customer, 5_000_000n);
  const events = [1, 2, 3].map((sequence) => usageEvent(node, sequence, customer, leaseId, price, { output: 33 * sequence }));
  await new UsageSettler(pool).settle(arrivalsOf(events));
  const movement = {
    accountId: customer.accountId,
    amount: -1n,
    refType: 'adjustment',
    refId: newId(),
    reason: '=HYPERLINK("x"), "quoted"',
  };
  await inTransaction(pool, (client) => adjustAccount(client, movement));

  const month = new Date().toISOString().slice(0, 7);
  const statement = await readStatement(pool, customer.accountId, month);
  const { available, leased } = await walletOf(pool, customer.accountId);
  expect(statement.closing).toBe(available + leased);
  expect(statement.lines.reduce((sum, line) => sum + line.amount, statement.opening)).toBe(statement.closing);
  expect(statement.lines.map((line) => [line.kind, line.description, line.requests, line.outputTokens])).toEqual([
    ['top_up', 'Top-up', 0, 0],
    ['usage', MODEL, 3, 198],
    ['adjustment', '=HYPERLINK("x"), "quoted"', 0, 0],
  ]);

  const csv = renderStatementCsv(statement);
  expect(csv).toContain(`"'=HYPERLINK(""x""), ""quoted"""`);
  expect(csv.trimEnd().split('\r\n').at(-1)).toBe(`,closing_balance,,,,,,,${formatUsd(statement.closing)}`);

  const pdf = await renderStatementPdf(statement);
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(textOf(pdf)).toContain(Buffer.from(formatUsd(statement.closing)).toString('hex'));

  const next = await readStatement(pool, customer.accountId, `${Number(month.slice(0, 4)) + 1}-01`);
  expect(next).toMatchObject({ opening: statement.closing, closing: statement.closing, lines: [] });
  const earlier = await readStatement(pool, customer.accountId, '2020-02');
  expect(earlier).toMatchObject({ opening: 0n, closing: 0n, lines: [] });
  await expect(readStatement(pool, customer.accountId, '2026-13')).rejects.toMatchObject({ param: 'month' });
});

/** The hex strings that a page draws, joined: kerning splits them. */
function textOf(pdf: Buffer): string {
  let text = '';
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 7)) {
    const end = pdf.indexOf('endstream', at);
    if (pdf.subarray(at - 3, at).toString() === 'end') continue;
    try {
      const page = inflateSync(pdf.subarray(at + 7, end)).toString('latin1');
      text += [...page.matchAll(/\[(.*?)\] TJ/g)]
        .map((match) => [...(match[1] ?? '').matchAll(/<([0-9a-f]*)>/g)].map((part) => part[1]).join(''))
        .join(' ');
    } catch {
      // Not a compressed stream: a font or an image.
    }
  }
  return text;
}
