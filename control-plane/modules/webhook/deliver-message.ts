/**
 * One attempt at one message: signs it, sends it through the guarded client, records what came of it, and writes to the owners when
 * their endpoint was disabled for it. Never throws for what the receiver does; throws when PostgreSQL or the KMS is away, and then the
 * claim runs out and the message comes again under the same id.
 */
import type { Pool } from 'pg';
import type { Kms } from '../byok/kms.js';
import { type EgressClient, EgressRefused } from '../egress/egress-client.js';
import type { Mailer } from '../mail/mailer.js';
import type { ClaimedDelivery } from './claim-deliveries.js';
import { publicMessageId } from './event-types.js';
import { type AttemptOutcome, type DisabledReason, recordAttempt } from './record-attempt.js';
import { signMessage } from './sign-message.js';
import { loadSecrets } from './webhook-secrets.js';

/** Of the answer, for the customer's log of deliveries. */
const KEPT_CHARACTERS = 1_000;

export interface DeliveryDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly egress: EgressClient;
  readonly mailer: Mailer;
}

export async function deliverMessage(dependencies: DeliveryDependencies, delivery: ClaimedDelivery): Promise<void> {
  const { pool, kms } = dependencies;
  const secrets = await loadSecrets(pool, kms, delivery);
  const headers = signMessage(publicMessageId(delivery.id), delivery.payload, secrets, new Date());
  const outcome = await send(dependencies.egress, delivery, headers);
  const disabled = await recordAttempt(pool, delivery, outcome);
  if (disabled) await tellOwners(dependencies, delivery, disabled);
}

async function send(egress: EgressClient, { url, payload }: ClaimedDelivery, headers: Record<string, string>): Promise<AttemptOutcome> {
  try {
    const { status, body } = await egress.request(url, { method: 'POST', headers, body: payload });
    // PostgreSQL's text takes no NUL.
    return { status, body: body.toString('utf8').replaceAll('\0', '').slice(0, KEPT_CHARACTERS), problem: null };
  } catch (error) {
    return { status: null, body: null, problem: describeFailure(error) };
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof EgressRefused) return error.message;
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return `no answer (${code})`;
}

async function tellOwners({ pool, mailer }: DeliveryDependencies, delivery: ClaimedDelivery, reason: DisabledReason): Promise<void> {
  const { rows } = await pool.query<{ email: string }>(
    `SELECT email FROM membership JOIN app_user ON app_user.id = user_id
     WHERE account_id = $1 AND role IN ('owner', 'admin') AND disabled_at IS NULL`,
    [delivery.accountId],
  );
  const why = reason === 'gone' ? 'It answered 410 Gone.' : 'It has taken no message for days.';
  for (const { email } of rows)
    mailer.send({
      to: email,
      subject: 'A webhook endpoint was disabled',
      text: `We send nothing more to ${delivery.url}. ${why}\n\nEnable it again when it works: messages that were not delivered can be sent again from the list of deliveries.`,
    });
}
