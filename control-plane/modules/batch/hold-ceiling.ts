/**
 * The money that a batch sets aside: a lease of its own (id = batch id, node `batch`), so that wallet and leases stay what the
 * invariants say. An item's share goes back to the wallet at the moment when the item is sent, and the node that serves it leases what
 * it needs like any other request; what is left goes back when the batch ends. Runs in the caller's transaction, wallet locked first.
 */
import type { PoolClient } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd, type NanoUsd } from '../../../shared/money.js';
import { lockWallets, writeWallets } from '../billing/wallet-ledger.js';

const HOLDER = 'batch';
/** The expiry job must not take it: the batch ends by itself before. */
const HELD_HOURS = 48;

/** Throws 402 with the figures, 403 when the account may not spend. */
export async function holdCeiling(client: PoolClient, batchId: string, accountId: string, keyId: string, ceiling: NanoUsd): Promise<void> {
  const { wallets } = await lockWallets(client, [accountId]);
  const wallet = wallets.get(accountId);
  if (wallet?.status !== 'active' || wallet.frozen)
    throw new GatewayError('account_suspended', 'This account cannot start new work. Contact support.');
  if (ceiling === 0n) return;
  if (wallet.available < ceiling)
    throw new GatewayError(
      'insufficient_quota',
      `This batch may cost ${formatUsd(ceiling)} USD and ${formatUsd(wallet.available)} USD is available. Top up, or lower max_tokens.`,
      {
        extra: { balance_usd: formatUsd(wallet.available), needed_usd: formatUsd(ceiling) },
      },
    );
  wallet.available -= ceiling;
  wallet.leased += ceiling;
  await writeWallets(client, [wallet]);
  await client.query(
    `INSERT INTO lease (id, account_id, key_id, node_id, node_epoch, granted, strict, expires_at)
     VALUES ($1, $2, $3, '${HOLDER}', 0, $4, true, now() + $5 * interval '1 hour')`,
    [batchId, accountId, keyId, ceiling, HELD_HOURS],
  );
}

/** Gives `amount` back to the wallet; `null` gives back all that is left and closes the hold. */
export async function releaseHold(client: PoolClient, batchId: string, accountId: string, amount: NanoUsd | null): Promise<void> {
  if (amount === 0n) return;
  const { wallets } = await lockWallets(client, [accountId]);
  const wallet = wallets.get(accountId);
  const { rows } = await client.query<{ granted: string }>(`SELECT granted FROM lease WHERE id = $1 AND state = 'open' FOR NO KEY UPDATE`, [
    batchId,
  ]);
  const left = rows[0] && BigInt(rows[0].granted);
  if (!wallet || left === undefined) return;
  const returned = amount === null || amount >= left ? left : amount;
  wallet.available += returned;
  wallet.leased -= returned;
  await writeWallets(client, [wallet]);
  if (returned === left) await client.query(`UPDATE lease SET state = 'released', closed_at = now() WHERE id = $1`, [batchId]);
  else await client.query('UPDATE lease SET granted = granted - $2 WHERE id = $1', [batchId, returned]);
}
