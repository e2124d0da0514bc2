import PDFDocument from 'pdfkit';
import { formatUsd, type NanoUsd } from '../../../shared/money.js';

export interface Receipt {
  readonly topUpId: string;
  readonly accountName: string;
  readonly accountId: string;
  readonly method: string;
  readonly paidAt: Date;
  readonly credited: NanoUsd;
  readonly refunded: NanoUsd;
}

/** A page for one payment, as it stands now: what went back is on it. */
export async function renderReceiptPdf(receipt: Receipt): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', margin: 50, info: { Title: `Receipt ${receipt.topUpId}` } });
  document.font('Helvetica-Bold').fontSize(18).text('Receipt').moveDown(0.5).font('Helvetica').fontSize(11);
  const rows: readonly (readonly [string, string])[] = [
    ['Number', receipt.topUpId],
    ['Account', `${latin(receipt.accountName)} (${receipt.accountId})`],
    ['Paid', `${receipt.paidAt.toISOString().slice(0, 19).replace('T', ' ')} UTC, by ${receipt.method.replace('_', ' ')}`],
    ['For', 'Prepaid credit for API use'],
    ['Amount', `${formatUsd(receipt.credited)} USD`],
    ...(receipt.refunded > 0n ? [['Refunded', `${formatUsd(receipt.refunded)} USD`] as const] : []),
  ];
  for (const [name, value] of rows) document.text(`${name}:  ${value}`).moveDown(0.4);
  return await bytesOf(document);
}

/** Ends the document and collects it. */
export async function bytesOf(document: PDFKit.PDFDocument): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', resolve);
    document.on('error', reject);
  });
  document.end();
  await finished;
  return Buffer.concat(chunks);
}

/** The built-in fonts know Latin-1 only. */
export function latin(text: string): string {
  return text.replace(/[^\u0020-\u00ff]/g, '?');
}
