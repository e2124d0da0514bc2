import type { PoolClient } from 'pg';
import type { LeaseState } from '../../shared/lease-ledger.js';
import type { NanoUsd } from '../../shared/money.js';
import { plainArray } from '../modules/billing/column-arrays.js';

/** A lease under its wallet's lock. Its money may be changed; `writeLeases` stores it. */
export interface LockedLease extends LeaseState {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly nodeId: string;
  readonly nodeEpoch: number;
  granted: NanoUsd;
  consumed: NanoUsd;
  settledCount: number;
  settledSum: NanoUsd;
  strict: boolean;
  state: 'open' | 'released' | 'expired';
}

interface LeaseRow {
  id: string;
  account_id: string;
  key_id: string;
  node_id: string;
  node_epoch: string;
  granted: string;
  consumed: string;
  settled_count: string;
  settled_sum: string;
  strict: boolean;
  state: LockedLease['state'];
}

/** Lock the wallets first. `silentMs`: only those that nobody renewed for so long after they were due. */
export async function lockLeases(
  client: PoolClient,
  leaseIds: Iterable<string>,
  silentMs: number | null = null,
): Promise<Map<string, LockedLease>> {
  const { rows } = await client.query<LeaseRow>({
    name: 'lock-leases',
    text: `SELECT id, account_id, key_id, node_id, node_epoch, granted, consumed, settled_count, settled_sum, strict, state FROM lease
           WHERE id = ANY ($1::uuid[]) AND ($2::bigint IS NULL OR expires_at < now() - $2 * interval '1 millisecond')
           ORDER BY id FOR NO KEY UPDATE`,
    values: [plainArray([...leaseIds]), silentMs],
  });
  return new Map(rows.map((row) => [row.id, readLease(row)]));
}

function readLease(row: LeaseRow): LockedLease {
  return {
    id: row.id,
    accountId: row.account_id,
    keyId: row.key_id,
    nodeId: row.node_id,
    nodeEpoch: Number(row.node_epoch),
    granted: BigInt(row.granted),
    consumed: BigInt(row.consumed),
    settledCount: Number(row.settled_count),
    settledSum: BigInt(row.settled_sum),
    strict: row.strict,
    state: row.state,
  };
}

export async function writeLeases(client: PoolClient, leases: readonly LockedLease[]): Promise<void> {
  if (leases.length === 0) return;
  await client.query({
    name: 'write-leases',
    text: `UPDATE lease SET granted = moved.granted, consumed = moved.consumed, settled_count = moved.settled_count,
             settled_sum = moved.settled_sum, strict = moved.strict, state = moved.state,
             closed_at = CASE WHEN moved.state <> 'open' THEN coalesce(closed_at, now()) END
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[], $7::text[])
             AS moved (id, granted, consumed, settled_count, settled_sum, strict, state)
           WHERE lease.id = moved.id`,
    values: [
      plainArray(leases.map((lease) => lease.id)),
      plainArray(leases.map((lease) => lease.granted)),
      plainArray(leases.map((lease) => lease.consumed)),
      plainArray(leases.map((lease) => lease.settledCount)),
      plainArray(leases.map((lease) => lease.settledSum)),
      plainArray(leases.map((lease) => lease.strict)),
      plainArray(leases.map((lease) => lease.state)),
    ],
  });
}

/** `ttlMs` from now, by PostgreSQL's clock. */
export async function insertLeases(client: PoolClient, leases: readonly LockedLease[], ttlMs: number): Promise<void> {
  if (leases.length === 0) return;
  await client.query({
    name: 'insert-leases',
    text: `INSERT INTO lease (id, account_id, key_id, node_id, node_epoch, granted, strict, expires_at)
           SELECT fresh.*, now() + $1 * interval '1 millisecond'
           FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::boolean[]) AS fresh`,
    values: [
      ttlMs,
      plainArray(leases.map((lease) => lease.id)),
      plainArray(leases.map((lease) => lease.accountId)),
      plainArray(leases.map((lease) => lease.keyId)),
      // Node ids are letters, digits, dots and dashes: checked where the call comes in.
      plainArray(leases.map((lease) => lease.nodeId)),
      plainArray(leases.map((lease) => lease.nodeEpoch)),
      plainArray(leases.map((lease) => lease.granted)),
      plainArray(leases.map((lease) => lease.strict)),
    ],
  });
}
