import type { PoolClient } from 'pg';
import { type GrantAnswer, type GrantRefusal, type GrantRequest, LEASE_TTL_MS } from '../../shared/lease.js';
import { decideGrant } from '../../shared/lease-ledger.js';
import { plainArray } from '../modules/billing/column-arrays.js';
import { type LockedWallet, lockWallets, writeWallets } from '../modules/billing/wallet-ledger.js';
import { insertLeases, type LockedLease, lockLeases, writeLeases } from './lease-row.js';

export interface GrantingNode {
  readonly id: string;
  readonly epoch: number;
  readonly liveNodes: number;
}

interface KeyState {
  readonly usable: boolean;
  readonly lineageId: string;
  /** The least of what its budgets leave, open leases counted as spent, over all keys of its lineage; null is unlimited. */
  budgetLeft: bigint | null;
}

/** All grants of one account in the caller's transaction. The wallet is locked first: everything read after it is the newest. */
export async function grantToAccount(
  client: PoolClient,
  node: GrantingNode,
  accountId: string,
  requests: readonly GrantRequest[],
): Promise<GrantAnswer[]> {
  const { wallets } = await lockWallets(client, [accountId]);
  const wallet = wallets.get(accountId);
  const leases = await lockLeases(
    client,
    requests.map((request) => request.leaseId),
  );
  const known = new Set(leases.keys());
  const keys = await findKeys(client, accountId, requests);
  const changed = new Set<LockedLease>();

  const answers = requests.map((request): GrantAnswer => {
    const key = keys.get(request.keyId);
    const lease = leases.get(request.leaseId);
    const refusal = refuse(wallet, key, lease, request, node);
    if (!wallet || !key || refusal) return refused(request, refusal ?? 'unknown_key', wallet);
    const sizing = {
      estimate: BigInt(request.estimateNano),
      burnPerSecond: BigInt(request.burnPerSecondNano),
      liveNodes: node.liveNodes,
      budgetLeft: key.budgetLeft,
    };
    const decision = decideGrant(wallet, lease, sizing);
    if (!decision.granted) return refused(request, decision.refusal, wallet);
    if (decision.amount === 0n) return refused(request, 'insufficient_quota', wallet);
    wallet.available -= decision.added;
    wallet.leased += decision.added;
    for (const kin of keys.values()) if (kin.lineageId === key.lineageId && kin.budgetLeft !== null) kin.budgetLeft -= decision.added;
    const holder = lease ?? openLease(request, node);
    Object.assign(holder, { granted: decision.amount, strict: decision.strict });
    leases.set(holder.id, holder);
    if (decision.added > 0n) changed.add(holder);
    return { leaseId: holder.id, granted: true, amountNano: decision.amount.toString(), strict: decision.strict };
  });

  if (wallet && changed.size > 0) {
    await writeWallets(client, [wallet]);
    const { fresh = [], raised = [] } = Object.groupBy(changed, (lease) => (known.has(lease.id) ? 'raised' : 'fresh'));
    await insertLeases(client, fresh, LEASE_TTL_MS);
    await writeLeases(client, raised);
  }
  return answers;
}

function refuse(
  wallet: LockedWallet | undefined,
  key: KeyState | undefined,
  lease: LockedLease | undefined,
  request: GrantRequest,
  node: GrantingNode,
): GrantRefusal | undefined {
  if (!wallet || !key?.usable) return 'unknown_key';
  if (lease && (lease.accountId !== request.accountId || lease.keyId !== request.keyId || lease.nodeId !== node.id)) return 'unknown_key';
  if (wallet.status !== 'active') return 'account_suspended';
  return wallet.frozen ? 'account_frozen' : undefined;
}

function refused(request: GrantRequest, refusal: GrantRefusal, wallet: LockedWallet | undefined): GrantAnswer {
  return { leaseId: request.leaseId, granted: false, refusal, availableNano: (wallet?.available ?? 0n).toString() };
}

function openLease({ leaseId, accountId, keyId }: GrantRequest, node: GrantingNode): LockedLease {
  const nothing = { granted: 0n, consumed: 0n, settledCount: 0, settledSum: 0n };
  return { id: leaseId, accountId, keyId, nodeId: node.id, nodeEpoch: node.epoch, ...nothing, strict: false, state: 'open' };
}

/**
 * Spending is read from the rollups, which settle in the same transaction as the wallet; the sums run only for keys with a budget, over
 * the whole lineage: a key that was rotated goes on where the old one was. Days and months are UTC by PostgreSQL's clock.
 */
async function findKeys(client: PoolClient, accountId: string, requests: readonly GrantRequest[]): Promise<Map<string, KeyState>> {
  const { rows } = await client.query<{ id: string; lineage_id: string; usable: boolean; budget_left: string | null }>({
    name: 'find-key-budgets',
    text: `SELECT api_key.id, lineage_id,
             revoked_at IS NULL AND paused_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AND NOT test AS usable,
             least(daily_nano - spent.day, monthly_nano - spent.month, total_nano - spent.total) - open.leased AS budget_left
           FROM api_key LEFT JOIN LATERAL (
             SELECT coalesce(sum(charge) FILTER (WHERE day >= (now() AT TIME ZONE 'UTC')::date), 0)::bigint AS day,
               coalesce(sum(charge) FILTER (WHERE day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0)::bigint AS month,
               coalesce(sum(charge), 0)::bigint AS total
             FROM api_key AS kin JOIN usage_rollup ON usage_rollup.key_id = kin.id
             WHERE kin.lineage_id = api_key.lineage_id
               AND (api_key.total_nano IS NOT NULL OR day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date)
           ) AS spent ON daily_nano IS NOT NULL OR monthly_nano IS NOT NULL OR total_nano IS NOT NULL
           LEFT JOIN LATERAL (
             SELECT coalesce(sum(granted - consumed), 0)::bigint AS leased FROM api_key AS kin JOIN lease ON lease.key_id = kin.id
             WHERE kin.lineage_id = api_key.lineage_id AND lease.state = 'open'
           ) AS open ON daily_nano IS NOT NULL OR monthly_nano IS NOT NULL OR total_nano IS NOT NULL
           WHERE api_key.account_id = $1 AND api_key.id = ANY ($2::uuid[])`,
    values: [accountId, plainArray([...new Set(requests.map((request) => request.keyId))])],
  });
  return new Map(
    rows.map(({ id, usable, lineage_id: lineageId, budget_left: left }) => [
      id,
      { usable, lineageId, budgetLeft: left === null ? null : BigInt(left) },
    ]),
  );
}
