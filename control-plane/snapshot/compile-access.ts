/**
 * Reads keys and accounts out of PostgreSQL as the access document wants them: all of them for a new base, or what some revisions
 * touched, as changes. A revoked or expired key, and every key of a closed account, is absent (`key: null` in a change); a suspended
 * account's keys stay, flagged, so that nodes can say why they refuse.
 */
import type { ClientBase } from 'pg';
import {
  ACCOUNT_ACTIVE,
  ACCOUNT_FROZEN,
  type AccessChange,
  type AccountPolicy,
  type AccountRecord,
  type ByokRow,
  encodeAccessBase,
  KEY_ACTIVE,
  KEY_PAUSED,
  KEY_TEST,
  type KeyPolicy,
  type KeyRecord,
} from '../../shared/access-document.js';

export interface AccessBaseBytes {
  readonly bytes: Buffer;
  readonly keyCount: number;
}

/** Rows per round trip: the whole table at once would be held twice. */
const BATCH_ROWS = 20_000;
const LIVE = `api_key.revoked_at IS NULL AND (api_key.expires_at IS NULL OR api_key.expires_at > now()) AND account.status <> 'closed'`;

interface KeyRow {
  readonly id: string;
  readonly account_id: string;
  readonly hash: Buffer;
  readonly test: boolean;
  readonly models: string[] | null;
  readonly ip_allowlist: string[] | null;
  readonly regions: string[] | null;
  readonly requests_per_minute: number | null;
  readonly tokens_per_minute: number | null;
  readonly concurrency: number | null;
  readonly expires_seconds: string | null;
  readonly paused: boolean;
  readonly live: boolean;
}

const KEY_COLUMNS = `api_key.id, api_key.account_id, api_key.hash, api_key.test, api_key.models, api_key.ip_allowlist, api_key.regions,
  api_key.requests_per_minute, api_key.tokens_per_minute, api_key.concurrency,
  ceil(extract(epoch FROM api_key.expires_at))::bigint::text AS expires_seconds, api_key.paused_at IS NOT NULL AS paused, ${LIVE} AS live`;

export async function compileAccessBase(client: ClientBase): Promise<AccessBaseBytes> {
  const byok = await readByok(client, null);
  const keys: KeyRecord[] = [];
  for (let after = Buffer.alloc(0); ; ) {
    const { rows } = await client.query<KeyRow>(
      `SELECT ${KEY_COLUMNS} FROM api_key JOIN account ON account.id = api_key.account_id
       WHERE ${LIVE} AND api_key.hash > $1 ORDER BY api_key.hash LIMIT ${BATCH_ROWS}`,
      [after],
    );
    for (const row of rows) keys.push(keyRecord(row, byok));
    const last = rows.at(-1);
    if (!last || rows.length < BATCH_ROWS) break;
    after = Buffer.from(last.hash);
  }
  const accounts = await readAccounts(client, null, byok);
  return { bytes: encodeAccessBase(keys, accounts), keyCount: keys.length };
}

export interface Touch {
  readonly revision: number;
  readonly kind: string;
  readonly subjectId: string;
}

export interface CompiledChanges {
  /** One per revision that touched a key or an account, ascending; each is the exact text that is hashed. */
  readonly changes: readonly { readonly revision: number; readonly json: string }[];
  /** Keys that these changes take away. */
  readonly removed: number;
}

/** What was touched several times goes out once, as it is now, with the last revision that touched it. */
export async function compileChanges(client: ClientBase, allTouches: readonly Touch[]): Promise<CompiledChanges> {
  const touches = allTouches.filter((touch) => touch.kind === 'key' || touch.kind === 'account');
  const lastRevision = new Map(touches.map((touch) => [`${touch.kind} ${touch.subjectId}`, touch.revision]));
  const idsOf = (kind: string) => [...new Set(touches.filter((touch) => touch.kind === kind).map((touch) => touch.subjectId))];
  const keyIds = idsOf('key');
  const accountIds = idsOf('account');
  const byok = await readByok(client, { keyIds, accountIds });
  const { rows } = await client.query<KeyRow>(
    `SELECT ${KEY_COLUMNS} FROM api_key JOIN account ON account.id = api_key.account_id WHERE api_key.id = ANY($1::uuid[]) ORDER BY api_key.id`,
    [keyIds],
  );
  const accounts = await readAccounts(client, accountIds, byok);

  const revisions = [...new Set(lastRevision.values())].sort((left, right) => left - right);
  const changes = revisions.map((revision) => {
    const change: AccessChange = {
      revision,
      keys: rows.filter((row) => lastRevision.get(`key ${row.id}`) === revision).map((row) => keyChange(row, byok)),
      accounts: accounts.filter((account) => lastRevision.get(`account ${account.accountId}`) === revision),
    };
    return { revision, json: JSON.stringify(change) };
  });
  return { changes, removed: rows.filter((row) => !row.live).length };
}

function keyChange(row: KeyRow, byok: ByokIndex): AccessChange['keys'][number] {
  const { hash, ...key } = keyRecord(row, byok);
  return { hash: hash.toString('hex'), key: row.live ? key : null };
}

function keyRecord(row: KeyRow, byok: ByokIndex): KeyRecord {
  return {
    hash: row.hash,
    keyId: row.id,
    accountId: row.account_id,
    expiresAt: row.expires_seconds === null ? 0 : Number(row.expires_seconds),
    flags: KEY_ACTIVE | (row.test ? KEY_TEST : 0) | (row.paused ? KEY_PAUSED : 0),
    policy: keyPolicy(row, byok.ofKey.get(row.id)),
  };
}

function keyPolicy(row: KeyRow, byok: readonly ByokRow[] | undefined): KeyPolicy {
  return {
    ...(row.models && { models: row.models }),
    ...(row.ip_allowlist && { ipRanges: row.ip_allowlist }),
    ...(row.regions && { regions: row.regions }),
    ...(row.requests_per_minute && { requestsPerMinute: row.requests_per_minute }),
    ...(row.tokens_per_minute && { tokensPerMinute: row.tokens_per_minute }),
    ...(row.concurrency && { concurrency: row.concurrency }),
    ...(byok && { byok }),
  };
}

interface AccountRow {
  readonly id: string;
  readonly status: string;
  readonly frozen: boolean;
  readonly requests_per_minute: number | null;
  readonly tokens_per_minute: number | null;
  readonly data_collection: 'allow' | 'deny' | null;
}

/** `ids` null: every account that has a live key. */
async function readAccounts(client: ClientBase, ids: readonly string[] | null, byok: ByokIndex): Promise<AccountRecord[]> {
  const which =
    ids === null ? `EXISTS (SELECT 1 FROM api_key WHERE api_key.account_id = account.id AND ${LIVE})` : 'account.id = ANY($1::uuid[])';
  const { rows } = await client.query<AccountRow>(
    `SELECT id, status, frozen_at IS NOT NULL AS frozen, requests_per_minute, tokens_per_minute, data_collection
     FROM account WHERE ${which} ORDER BY id`,
    ids === null ? [] : [ids],
  );
  return rows.map((row) => ({
    accountId: row.id,
    flags: (row.status === 'active' ? ACCOUNT_ACTIVE : 0) | (row.frozen ? ACCOUNT_FROZEN : 0),
    policy: accountPolicy(row, byok.ofAccount.get(row.id)),
  }));
}

function accountPolicy(row: AccountRow, byok: readonly ByokRow[] | undefined): AccountPolicy {
  return {
    ...(byok && { byok }),
    ...(row.requests_per_minute && { requestsPerMinute: row.requests_per_minute }),
    ...(row.tokens_per_minute && { tokensPerMinute: row.tokens_per_minute }),
    ...(row.data_collection && { dataCollection: row.data_collection }),
  };
}

interface ByokIndex {
  readonly ofKey: ReadonlyMap<string, readonly ByokRow[]>;
  readonly ofAccount: ReadonlyMap<string, readonly ByokRow[]>;
}

async function readByok(client: ClientBase, of: { keyIds: readonly string[]; accountIds: readonly string[] } | null): Promise<ByokIndex> {
  const which = of === null ? 'true' : '(api_key_id = ANY($1::uuid[]) OR (api_key_id IS NULL AND account_id = ANY($2::uuid[])))';
  const { rows } = await client.query(
    `SELECT id, account_id, api_key_id, vendor_id, mode, base_url, sealed FROM byok_credential WHERE deleted_at IS NULL AND ${which} ORDER BY id`,
    of === null ? [] : [of.keyIds, of.accountIds],
  );
  const ofKey = new Map<string, ByokRow[]>();
  const ofAccount = new Map<string, ByokRow[]>();
  for (const row of rows) {
    const byok: ByokRow = {
      id: row.id,
      vendorId: row.vendor_id,
      mode: row.mode,
      ...(row.base_url !== null && { baseUrl: row.base_url }),
      sealed: row.sealed,
    };
    const [index, owner]: [Map<string, ByokRow[]>, string] =
      row.api_key_id === null ? [ofAccount, row.account_id] : [ofKey, row.api_key_id];
    index.set(owner, [...(index.get(owner) ?? []), byok]);
  }
  return { ofKey, ofAccount };
}
