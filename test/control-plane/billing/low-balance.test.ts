import { expect, test } from 'vitest';
import { newId } from '../../../control-plane/db/new-id.js';
import { adjustAccount } from '../../../control-plane/modules/billing/credit-account.js';
import { findLowBalanceAlert, setLowBalanceAlert, tellLowBalances } from '../../../control-plane/modules/billing/low-balance.js';
import { renderReceiptPdf } from '../../../control-plane/modules/billing/receipt-pdf.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import type { Mail } from '../../../control-plane/modules/mail/mailer.js';
import type { Actor } from '../../../control-plane/modules/permissions.js';
import { createDatabase } from '../../support/database.js';
import { createCustomer } from './money-fixture.js';

const USD = 1_000_000_000n;

test('owners hear once of a low balance, and again only after it was a quarter above the threshold', async () => {
  const { pool } = await createDatabase();
  const { accountId } = await createCustomer(pool, 10n * USD);
  const userId = newId();
  await pool.query("INSERT INTO app_user (id, email) VALUES ($1, 'owner@test.example')", [userId]);
  await pool.query("INSERT INTO membership (account_id, user_id, role) VALUES ($1, $2, 'owner')", [accountId, userId]);
  const actor: Actor = { userId, accountId, sessionId: newId(), role: 'owner', operator: false, accountStatus: 'active', address: '' };
  const mails: Mail[] = [];
  const mailer = { send: (mail: Mail) => void mails.push(mail) };
  const tell = () => tellLowBalances(pool, mailer, 'https://console.test/billing');
  const move = (usd: bigint) =>
    inTransaction(pool, (client) =>
      adjustAccount(client, { accountId, amount: usd * USD, refType: 'adjustment', refId: newId(), reason: 'test' }),
    );

  await pool.query(`INSERT INTO webhook_endpoint (id, account_id, url, event_types) VALUES ($1, $2, 'https://customer.test/', '{}')`, [
    newId(),
    accountId,
  ]);

  await setLowBalanceAlert(pool, actor, '8');
  expect(await findLowBalanceAlert(pool, accountId)).toBe('8');
  expect(await tell()).toBe(0);
  await move(-3n);
  expect(await Promise.all([tell(), tell(), tell()])).toEqual(expect.arrayContaining([1, 0, 0]));
  expect(mails).toMatchObject([{ to: 'owner@test.example', subject: 'Low balance: $7' }]);
  const { rows: webhooks } = await pool.query('SELECT event_type, payload FROM webhook_delivery WHERE account_id = $1', [accountId]);
  expect(webhooks).toEqual([{ event_type: 'balance.low', payload: expect.stringContaining('"balance_usd":"7"') }]);
  await move(2n);
  await tell();
  await move(-2n);
  expect(await tell()).toBe(0);
  await move(3n);
  await tell();
  await move(-3n);
  expect(await tell()).toBe(1);
  await setLowBalanceAlert(pool, actor, null);
  expect(await findLowBalanceAlert(pool, accountId)).toBe(null);
});

test.each(['0', '-1', 'NaN', '1e3', ''])('a threshold of %j is refused', async (threshold) => {
  const { pool } = await createDatabase();
  const actor: Actor = {
    userId: newId(),
    accountId: newId(),
    sessionId: newId(),
    role: 'owner',
    operator: false,
    accountStatus: 'active',
    address: '',
  };
  await expect(setLowBalanceAlert(pool, actor, threshold)).rejects.toMatchObject({ param: 'thresholdUsd' });
});

test('a receipt is a PDF', async () => {
  const receipt = { topUpId: newId(), accountName: 'Łódź ✓', accountId: newId(), method: 'wechat_pay', paidAt: new Date() };
  const pdf = await renderReceiptPdf({ ...receipt, credited: 5n * USD, refunded: USD });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.subarray(-6).toString().trim()).toBe('%%EOF');
});
