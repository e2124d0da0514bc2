/**
 * What messages are signed with: 32 random bytes of each endpoint, and of each account for messages without an endpoint. Sealed by the
 * KMS, bound to account and owner: a row copied elsewhere does not open. Shown once, when made. After a rotation the old one signs
 * beside the new one for a day.
 */
import { randomBytes } from 'node:crypto';
import type { Kms } from '../byok/kms.js';
import type { Queries } from './queue-event.js';

const SECRET_BYTES = 32;
const OVERLAP_HOURS = 24;

export interface SecretOwner {
  readonly accountId: string;
  /** Null: the account itself. */
  readonly endpointId: string | null;
}

interface SecretRow {
  readonly secret: string;
  readonly previous: string | null;
}

/** Makes the owner's secret, or replaces it. Returns it as receivers enter it: `whsec_` and base64. */
export async function rotateSecret(client: Queries, kms: Kms, owner: SecretOwner): Promise<string> {
  const secret = randomBytes(SECRET_BYTES);
  await client.query(
    `INSERT INTO webhook_secret AS known (owner_id, account_id, secret) VALUES ($1, $2, $3)
     ON CONFLICT (owner_id) DO UPDATE SET secret = excluded.secret, previous = known.secret,
       previous_until = now() + interval '${OVERLAP_HOURS} hours', created_at = now()`,
    [idOf(owner), owner.accountId, await kms.wrap(secret, boundTo(owner))],
  );
  return written(secret);
}

/** Newest first. An account that never asked for its secret gets one now. Throws for an endpoint that was deleted. */
export async function loadSecrets(client: Queries, kms: Kms, owner: SecretOwner): Promise<string[]> {
  const row = (await findRow(client, owner)) ?? (await createRow(client, kms, owner));
  const sealed = row.previous === null ? [row.secret] : [row.secret, row.previous];
  return Promise.all(sealed.map(async (one) => written(await kms.unwrap(one, boundTo(owner)))));
}

async function findRow(client: Queries, owner: SecretOwner): Promise<SecretRow | undefined> {
  const { rows } = await client.query<SecretRow>(
    `SELECT secret, CASE WHEN previous_until > now() THEN previous END AS previous FROM webhook_secret WHERE owner_id = $1 AND account_id = $2`,
    [idOf(owner), owner.accountId],
  );
  return rows[0];
}

/** Two workers at once: the first one's stays. */
async function createRow(client: Queries, kms: Kms, owner: SecretOwner): Promise<SecretRow> {
  if (owner.endpointId !== null) throw new Error(`endpoint ${owner.endpointId} has no secret: it was deleted`);
  await client.query('INSERT INTO webhook_secret (owner_id, account_id, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    idOf(owner),
    owner.accountId,
    await kms.wrap(randomBytes(SECRET_BYTES), boundTo(owner)),
  ]);
  const row = await findRow(client, owner);
  if (!row) throw new Error(`no webhook secret of ${idOf(owner)}`);
  return row;
}

function idOf({ accountId, endpointId }: SecretOwner): string {
  return endpointId ?? accountId;
}

function boundTo(owner: SecretOwner): string {
  return `webhook ${owner.accountId} ${idOf(owner)}`;
}

function written(secret: Buffer): string {
  return `whsec_${secret.toString('base64')}`;
}
