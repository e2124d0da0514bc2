/** How a lease lives on or ends: renewed by heartbeat, released by its node, expired when its node is silent. */
import type { Pool, PoolClient } from 'pg';
import { LEASE_EXPIRY_MS, LEASE_TTL_MS, type LeaseAnswer, type ReleaseRequest } from '../../shared/lease.js';
import { decideExpiry, decideRelease } from '../../shared/lease-ledger.js';
import type { NanoUsd } from '../../shared/money.js';
import { raiseAlerts } from '../modules/billing/alert.js';
import { plainArray } from '../modules/billing/column-arrays.js';
import { inTransaction } from '../modules/billing/transaction.js';
import { type LockedWallet, lockWallets, writeWallets } from '../modules/billing/wallet-ledger.js';
import { type LockedLease, lockLeases, writeLeases } from './lease-row.js';

/** So many leases expire in one transaction: a lost node's must not lock every wallet at once. */
const EXPIRE_AT_ONCE = 500;

interface LockedLeases {
  readonly wallets: ReadonlyMap<string, LockedWallet>;
  readonly leases: ReadonlyMap<string, LockedLease>;
}

/** The leases that live on. Those of a frozen or suspended account do not: the node admits no more on them. */
export async function renewLeases(pool: Pool, nodeId: string, leaseIds: readonly string[]): Promise<string[]> {
  if (leaseIds.length === 0) return [];
  const { rows } = await pool.query<{ id: string }>({
    name: 'renew-leases',
    text: `WITH living AS (
             SELECT lease.id FROM lease JOIN account ON account.id = lease.account_id
             WHERE lease.id = ANY ($2::uuid[]) AND node_id = $3 AND state = 'open'
               AND account.status = 'active' AND account.frozen_at IS NULL
             ORDER BY lease.id FOR NO KEY UPDATE OF lease)
           UPDATE lease SET expires_at = now() + $1 * interval '1 millisecond' FROM living WHERE lease.id = living.id
           RETURNING lease.id`,
    values: [LEASE_TTL_MS, plainArray(leaseIds), nodeId],
  });
  return rows.map((row) => row.id);
}

export async function releaseLeases(pool: Pool, nodeId: string, releases: readonly ReleaseRequest[]): Promise<LeaseAnswer['releases']> {
  if (releases.length === 0) return [];
  return inTransaction(pool, async (client) => {
    const { wallets, leases } = await lockWithWallets(
      client,
      releases.map((release) => release.leaseId),
    );
    const closed: LockedLease[] = [];
    const answers = releases.map(({ leaseId, count, sumNano }) => {
      const found = leases.get(leaseId);
      const lease = found?.nodeId === nodeId ? found : undefined;
      const { state, refund } = decideRelease(lease, count, BigInt(sumNano));
      if (lease?.state === 'open' && state === 'released') closed.push(closeLease(wallets, lease, 'released', refund));
      return { leaseId, state };
    });
    await writeClosed(client, wallets, closed);
    return answers;
  });
}

/** Refunds the leases of nodes that were silent for LEASE_EXPIRY_MS. Returns how many. Run every few seconds. */
export async function expireLeases(pool: Pool): Promise<number> {
  await inTransaction(pool, excuseOutage);
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM lease WHERE state = 'open' AND expires_at < now() - $1 * interval '1 millisecond' ORDER BY expires_at LIMIT $2`,
      [LEASE_EXPIRY_MS - LEASE_TTL_MS, EXPIRE_AT_ONCE],
    );
    if (rows.length === 0) return 0;
    const { wallets, leases } = await lockWithWallets(
      client,
      rows.map((row) => row.id),
      LEASE_EXPIRY_MS - LEASE_TTL_MS,
    );
    const ended = [...leases.values()]
      .filter((lease) => lease.state === 'open')
      .map((lease) => closeLease(wallets, lease, 'expired', decideExpiry(lease).refund));
    await writeClosed(client, wallets, ended);
    const nodes = Map.groupBy(ended, (lease) => lease.nodeId);
    await raiseAlerts(
      client,
      [...nodes].map(([node, lost]) => ({
        kind: 'lease_expired',
        subject: node,
        detail: `node ${node} was silent for ${LEASE_EXPIRY_MS / 60_000} minutes: ${lost.length} leases refunded`,
        accountId: null,
      })),
    );
    return ended.length;
  });
}

/** Nobody looked for longer than a TTL: no control plane was up, so no node could renew. That time is given back. */
async function excuseOutage(client: PoolClient): Promise<void> {
  await client.query(
    `WITH before AS (SELECT looked_at FROM lease_watch FOR UPDATE),
       watch AS (UPDATE lease_watch SET looked_at = now() FROM before RETURNING now() - before.looked_at AS gap),
       waiting AS (
         SELECT lease.id, watch.gap FROM lease, watch WHERE state = 'open' AND watch.gap > $1 * interval '1 millisecond'
         ORDER BY lease.id FOR NO KEY UPDATE OF lease)
     UPDATE lease SET expires_at = expires_at + waiting.gap FROM waiting WHERE lease.id = waiting.id`,
    [LEASE_TTL_MS],
  );
}

/** Locks the wallets of these leases, then reads the leases as they are under that lock. */
async function lockWithWallets(client: PoolClient, leaseIds: readonly string[], silentMs: number | null = null): Promise<LockedLeases> {
  const owners = await client.query<{ account_id: string }>('SELECT DISTINCT account_id FROM lease WHERE id = ANY ($1::uuid[])', [
    plainArray(leaseIds),
  ]);
  const { wallets } = await lockWallets(
    client,
    owners.rows.map((row) => row.account_id),
  );
  return { wallets, leases: await lockLeases(client, leaseIds, silentMs) };
}

function closeLease(
  wallets: ReadonlyMap<string, LockedWallet>,
  lease: LockedLease,
  state: 'released' | 'expired',
  refund: NanoUsd,
): LockedLease {
  const wallet = wallets.get(lease.accountId);
  if (!wallet) throw new Error(`lease ${lease.id} has no wallet`);
  wallet.available += refund;
  wallet.leased -= refund;
  lease.state = state;
  return lease;
}

async function writeClosed(client: PoolClient, wallets: ReadonlyMap<string, LockedWallet>, leases: readonly LockedLease[]): Promise<void> {
  if (leases.length === 0) return;
  await writeWallets(client, [...wallets.values()]);
  await writeLeases(client, leases);
}
