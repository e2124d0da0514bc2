/**
 * The people and keys of a local installation: the operator, who also owns the demo account, $25 in its wallet, a live and a test key.
 * Made once; later starts change nothing. Runs in the caller's transaction; returns what nodes must hear of.
 */
import type { ClientBase } from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import { newId } from '../control-plane/db/new-id.js';
import { PasswordHasher } from '../control-plane/modules/account/hash-password.js';
import { creditBonus } from '../control-plane/modules/billing/credit-account.js';
import { hashApiKey } from '../shared/api-key.js';
import { NANO_PER_USD } from '../shared/money.js';

/** A name that no mail system will ever deliver to (RFC 2606). */
export const OPERATOR_EMAIL = 'operator@modelapi.test';
const DEMO_CREDIT = 25n * NANO_PER_USD;

export interface DemoPeople {
  readonly operatorPassword: string;
  readonly apiKeyPepper: string;
  readonly apiKey: string;
  readonly testKey: string;
}

export async function seedAccounts(client: ClientBase, people: DemoPeople): Promise<ConfigTouch[]> {
  const known = await client.query('SELECT 1 FROM api_key WHERE hash = $1', [hashApiKey(people.apiKey, people.apiKeyPepper)]);
  if (known.rowCount !== 0) return [];
  const owner = (await findOwner(client, OPERATOR_EMAIL)) ?? (await foundDemo(client));
  // A database that outlived `.data` has the operator of another password.
  await setPassword(client, owner.userId, people.operatorPassword);
  const live = await insertKey(client, people, { ...owner, key: people.apiKey, test: false });
  const test = await insertKey(client, people, { ...owner, key: people.testKey, test: true });
  return [
    { kind: 'account', subjectType: 'account', subjectId: owner.accountId },
    { kind: 'key', subjectType: 'api_key', subjectId: live },
    { kind: 'key', subjectType: 'api_key', subjectId: test },
  ];
}

export interface Owner {
  readonly userId: string;
  readonly accountId: string;
}

export async function findOwner(client: ClientBase, email: string): Promise<Owner | undefined> {
  const { rows } = await client.query<Owner>(
    `SELECT app_user.id AS "userId", membership.account_id AS "accountId"
     FROM app_user JOIN membership ON membership.user_id = app_user.id
     WHERE lower(email) = $1 AND role = 'owner' ORDER BY membership.created_at LIMIT 1`,
    [email],
  );
  return rows[0];
}

async function foundDemo(client: ClientBase): Promise<Owner> {
  const owner = await foundOwner(client, OPERATOR_EMAIL, 'Demo');
  const { accountId } = owner;
  await creditBonus(client, { accountId, amount: DEMO_CREDIT, refType: 'seed', refId: accountId, reason: 'Credit of the local demo' });
  return owner;
}

/** An operator, still without a password, with an account. `email` in lower case. */
export async function foundOwner(client: ClientBase, email: string, accountName: string): Promise<Owner> {
  const [userId, accountId] = [newId(), newId()];
  await client.query(`INSERT INTO app_user (id, email, name, operator, email_verified_at) VALUES ($1, $2, 'Operator', true, now())`, [
    userId,
    email,
  ]);
  await client.query('INSERT INTO account (id, name) VALUES ($1, $2)', [accountId, accountName]);
  await client.query(`INSERT INTO membership (account_id, user_id, role) VALUES ($1, $2, 'owner')`, [accountId, userId]);
  return { userId, accountId };
}

export async function setPassword(client: ClientBase, userId: string, password: string): Promise<void> {
  await client.query('UPDATE app_user SET password_hash = $2 WHERE id = $1', [userId, await new PasswordHasher().hash(password)]);
}

interface NewKey {
  readonly accountId: string;
  readonly userId: string;
  readonly key: string;
  readonly test: boolean;
}

async function insertKey(client: ClientBase, people: DemoPeople, { accountId, userId, key, test }: NewKey): Promise<string> {
  const id = newId();
  await client.query(
    `INSERT INTO api_key (id, account_id, created_by, name, hash, prefix, last4, test) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      id,
      accountId,
      userId,
      test ? 'Demo test key' : 'Demo key',
      hashApiKey(key, people.apiKeyPepper),
      test ? 'sk-ama-test-' : 'sk-ama-',
      key.slice(-4),
      test,
    ],
  );
  return id;
}
