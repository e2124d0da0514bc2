/**
 * `npm run ledger -- export <database url> <file>` writes the ledger; `npm run ledger -- verify <file>` proves the file, offline.
 * Exits with 1 and one line that names what is wrong.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import { formatUsd } from '../../../shared/money.js';
import { exportLedger } from './export-ledger.js';
import { verifyLedger } from './verify-ledger.js';

const [command, ...rest] = process.argv.slice(2);
const [first, second] = rest;
try {
  if (command === 'export' && first !== undefined && second !== undefined) await exportTo(first, second);
  else if (command === 'verify' && first !== undefined) await verifyFile(first);
  else throw new Error('usage: ledger export <database url> <file> | ledger verify <file>');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function exportTo(databaseUrl: string, file: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const output = createWriteStream(file);
  try {
    await exportLedger(pool, async (text) => {
      if (!output.write(text)) await once(output, 'drain');
    });
    output.end();
    await finished(output);
  } finally {
    await pool.end();
  }
}

async function verifyFile(file: string): Promise<void> {
  const summary = await verifyLedger(linesOf(createReadStream(file, 'utf8')));
  process.stdout.write(`right: ${summary.accounts} accounts, ${summary.journals} journals, ${summary.settlements} settlements\n`);
  for (const [name, amount] of summary.totals) process.stdout.write(`  ${name} ${formatUsd(amount)}\n`);
}

/** By line feeds alone: readline would also split at characters that a reason may contain. What follows the last one is no line. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
