/**
 * Mail to owners and billing members about automatic top-ups that did not come: a decline, the end after several, the month's cap. The
 * row that says so is marked first, so of several control planes one sends; a mail that cannot be sent is logged by the mailer.
 */
import type { Pool } from 'pg';
import { formatUsd } from '../../../shared/money.js';
import type { Mailer } from '../mail/mailer.js';

interface FailedCharge {
  name: string;
  amount: string;
  failure: string;
  enabled: boolean;
  emails: string[];
}

const EMAILS = `ARRAY(SELECT email FROM app_user JOIN membership ON membership.user_id = app_user.id
  WHERE membership.account_id = account.id AND role IN ('owner', 'billing') AND disabled_at IS NULL ORDER BY email) AS emails`;

export async function tellFailedCharges(pool: Pool, mailer: Mailer, billingUrl: string): Promise<void> {
  const { rows } = await pool.query<FailedCharge>(
    `WITH failed AS (
       SELECT id FROM top_up WHERE automatic AND status = 'failed' AND told_at IS NULL ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED)
     UPDATE top_up SET told_at = now() FROM failed, account, auto_top_up
     WHERE top_up.id = failed.id AND account.id = top_up.account_id AND auto_top_up.account_id = top_up.account_id
     RETURNING account.name, top_up.amount, failure, enabled, ${EMAILS}`,
  );
  for (const { name, amount, failure, enabled, emails } of rows) {
    const what = `Your card was to be charged $${formatUsd(BigInt(amount))} for ${name}, and the bank declined (${failure}).`;
    const next = enabled
      ? 'We will try again later.'
      : 'Automatic top-ups are now off: requests will be refused when the balance is used up. Check the card and turn them on again.';
    const subject = enabled ? 'Your card was declined' : 'Automatic top-ups are off: your card was declined';
    for (const to of emails) mailer.send({ to, subject, text: `${what}\n\n${next}\n\n${billingUrl}\n` });
  }
}

/** Once a month for an account whose cap is reached. */
export async function tellReachedCaps(pool: Pool, mailer: Mailer, billingUrl: string): Promise<void> {
  const { rows } = await pool.query<{ name: string; monthly_cap: string; emails: string[] }>(
    `UPDATE auto_top_up SET cap_told_at = capped_at FROM account
     WHERE account.id = auto_top_up.account_id AND capped_at IS NOT NULL AND cap_told_at IS DISTINCT FROM capped_at
     RETURNING account.name, monthly_cap, ${EMAILS}`,
  );
  for (const { name, monthly_cap: cap, emails } of rows) {
    const text = `The balance of ${name} is low, and this month's automatic top-ups have reached their cap of $${formatUsd(BigInt(cap))}.\n\nTop up by hand, or raise the cap: ${billingUrl}\n`;
    for (const to of emails) mailer.send({ to, subject: 'Automatic top-ups have reached their monthly cap', text });
  }
}
