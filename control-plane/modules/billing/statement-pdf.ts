import PDFDocument from 'pdfkit';
import { formatUsd } from '../../../shared/money.js';
import type { MonthlyStatement } from './monthly-statement.js';
import { bytesOf, latin } from './receipt-pdf.js';

/** Points from the left: date, kind, description, requests, tokens, amount. */
const COLUMNS = [
  { at: 50, width: 60, align: 'left' },
  { at: 112, width: 62, align: 'left' },
  { at: 176, width: 160, align: 'left' },
  { at: 338, width: 50, align: 'right' },
  { at: 390, width: 75, align: 'right' },
  { at: 467, width: 78, align: 'right' },
] as const;
const ROW_HEIGHT = 14;
const PAGE_END = 770;

/** A4. The figures are those of the CSV. */
export async function renderStatementPdf(statement: MonthlyStatement): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', margin: 50, info: { Title: `Statement ${statement.month}` } });

  document.font('Helvetica-Bold').fontSize(18).text(`Statement ${statement.month}`);
  document.font('Helvetica').fontSize(10).moveDown(0.5);
  document.text(`${latin(statement.accountName)}   (account ${statement.accountId})`);
  document.text(`Opening balance   ${formatUsd(statement.opening)} USD`);
  document.text(`Closing balance   ${formatUsd(statement.closing)} USD`);
  document.moveDown();

  let y = document.y;
  const row = (cells: readonly string[], font: string) => {
    if (y > PAGE_END) {
      document.addPage();
      y = 50;
    }
    document.font(font).fontSize(8);
    cells.forEach((cell, index) => {
      const column = COLUMNS[index];
      if (column) document.text(latin(cell), column.at, y, { width: column.width, align: column.align, lineBreak: false, ellipsis: true });
    });
    y += ROW_HEIGHT;
  };
  row(['Date', 'Kind', 'Description', 'Requests', 'Tokens', 'Amount USD'], 'Helvetica-Bold');
  for (const line of statement.lines) {
    const tokens = line.inputTokens + line.outputTokens;
    const counts = line.kind === 'usage' ? [String(line.requests), String(tokens)] : ['', ''];
    row([line.day, line.kind, line.description, ...counts, formatUsd(line.amount)], 'Helvetica');
  }
  row(['', '', 'Closing balance', '', '', formatUsd(statement.closing)], 'Helvetica-Bold');
  return await bytesOf(document);
}
