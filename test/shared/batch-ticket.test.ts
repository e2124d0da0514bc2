import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { readBatchTicket, signBatchTicket } from '../../shared/batch-ticket.js';

const NOW_MS = 1_800_000_000_000;
const ticket = { batchItemId: 'batch_1-item-7', keyHash: randomBytes(32), expiresAt: NOW_MS / 1_000 + 60 };
const text = signBatchTicket(ticket, 'secret');

test('a ticket says what was signed', () => {
  expect(readBatchTicket(text, 'secret', NOW_MS)).toEqual(ticket);
});

test.each([
  ['under another secret', () => readBatchTicket(text, 'other', NOW_MS)],
  ['when it is over', () => readBatchTicket(text, 'secret', NOW_MS + 60_000)],
  ['for another item', () => readBatchTicket(text.replace('item-7', 'item-8'), 'secret', NOW_MS)],
  ['with a longer life', () => readBatchTicket(text.replace(String(ticket.expiresAt), String(ticket.expiresAt + 9)), 'secret', NOW_MS)],
  ['with another key', () => readBatchTicket(text.replace(ticket.keyHash.toString('hex'), '0'.repeat(64)), 'secret', NOW_MS)],
  ['of nothing', () => readBatchTicket('', 'secret', NOW_MS)],
  ['without a signature', () => readBatchTicket(text.slice(0, text.lastIndexOf('.') + 1), 'secret', NOW_MS)],
])('a ticket is refused %s', (_name, read) => {
  expect(read()).toBeUndefined();
});
