/**
 * Watches a chain for USDT that comes to our addresses. Seen -> confirming -> credited, and credited only when the block is final.
 *
 * - The cursor stands on a final block; everything after it is read again each time, so a reorganisation is seen as it is.
 * - At finality the block's hash is compared with what was seen: a transfer whose block is gone is orphaned, never credited.
 * - Only transfers of the one configured contract count; any other token, and a transfer of 0, is nothing.
 * - (network, transaction, log) is credited once, however often it is read and by however many control planes.
 * - When the chain's node is away the pass fails and the next begins where the cursor is.
 */
import type { Pool, PoolClient } from 'pg';
import { createPublicClient, getAddress, http, type PublicClient, parseAbiItem } from 'viem';
import { MAX_NANO_USD, NANO_PER_MICRO_USD } from '../../../shared/money.js';
import { creditPayment } from '../billing/credit-account.js';
import { inTransaction } from '../billing/transaction.js';
import { tellTopUpCredited } from '../webhook/tell-top-up-credited.js';
import { parseAddress } from './deposit-address.js';
import type { UsdtNetwork, UsdtSettings } from './payments.js';

const TRANSFER = parseAbiItem('event Transfer(address indexed from, address indexed to, uint256 value)');
/** Providers refuse longer ranges of `eth_getLogs`. */
const BLOCKS_AT_ONCE = 1_000n;
/** Addresses in one filter. */
const ADDRESSES_AT_ONCE = 500;
const RPC_TIMEOUT_MS = 15_000;

export interface DepositPass {
  readonly seen: number;
  readonly credited: number;
  readonly orphaned: number;
}

interface Transfer {
  readonly txHash: string;
  readonly logIndex: number;
  readonly blockNumber: bigint;
  readonly blockHash: string;
  readonly address: string;
  readonly micro: bigint;
}

export function openChain(settings: UsdtSettings): PublicClient {
  return createPublicClient({ transport: http(settings.rpcUrl, { timeout: RPC_TIMEOUT_MS, retryCount: 1 }) });
}

export async function watchDeposits(
  pool: Pool,
  network: UsdtNetwork,
  settings: UsdtSettings,
  chain: PublicClient,
  blocksAtOnce = BLOCKS_AT_ONCE,
): Promise<DepositPass> {
  // Finality first: what is read afterwards at or below it cannot change.
  const [final, latest] = [(await chain.getBlock({ blockTag: 'finalized' })).number, await chain.getBlockNumber({ cacheTime: 0 })];
  const cursor = await readCursor(pool, network, final);
  const to = smallest(latest, cursor + blocksAtOnce);
  const settled = smallest(final, to);
  if (to <= cursor) return { seen: 0, credited: 0, orphaned: 0 };
  const transfers = await readTransfers(pool, network, settings, chain, cursor + 1n, to);
  await recordTransfers(pool, network, transfers);
  const pass = await settleFinal(pool, network, chain, settled);
  await pool.query('UPDATE chain_cursor SET block = greatest(block, $2) WHERE network = $1', [network, settled]);
  return { seen: transfers.length, ...pass };
}

/** A chain that is watched for the first time begins where it is final now. */
async function readCursor(pool: Pool, network: UsdtNetwork, final: bigint): Promise<bigint> {
  await pool.query('INSERT INTO chain_cursor (network, block) VALUES ($1, $2) ON CONFLICT DO NOTHING', [network, final]);
  const { rows } = await pool.query<{ block: string }>('SELECT block FROM chain_cursor WHERE network = $1', [network]);
  return BigInt(rows[0]?.block ?? final);
}

async function readTransfers(
  pool: Pool,
  network: UsdtNetwork,
  settings: UsdtSettings,
  chain: PublicClient,
  fromBlock: bigint,
  toBlock: bigint,
): Promise<Transfer[]> {
  const contract = getAddress(parseAddress(network, settings.contract));
  const { rows } = await pool.query<{ address: `0x${string}` }>('SELECT address FROM deposit_address WHERE network = $1', [network]);
  const transfers: Transfer[] = [];
  for (let start = 0; start < rows.length; start += ADDRESSES_AT_ONCE) {
    const to = rows.slice(start, start + ADDRESSES_AT_ONCE).map((row) => getAddress(row.address));
    const logs = await chain.getLogs({ address: contract, event: TRANSFER, args: { to }, fromBlock, toBlock, strict: true });
    for (const log of logs) {
      const micro = log.args.value;
      // A node that ignores the filter, a pending log, nothing, or more than a wallet can hold.
      if (log.removed || getAddress(log.address) !== contract || micro <= 0n || micro * NANO_PER_MICRO_USD > MAX_NANO_USD) continue;
      const { transactionHash: txHash, logIndex, blockNumber, blockHash } = log;
      transfers.push({ txHash, logIndex, blockNumber, blockHash, address: log.args.to.toLowerCase(), micro });
    }
  }
  return transfers;
}

/** A transfer that a reorganisation moved to another block is that transfer still. */
async function recordTransfers(pool: Pool, network: UsdtNetwork, transfers: readonly Transfer[]): Promise<void> {
  for (const transfer of transfers)
    await pool.query(
      `INSERT INTO deposit AS known (network, tx_hash, log_index, block_number, block_hash, address, account_id, micro, status)
       SELECT network, $2, $3, $4, $5, address, account_id, $7, 'confirming' FROM deposit_address WHERE network = $1 AND address = $6
       ON CONFLICT (network, tx_hash, log_index) DO UPDATE SET block_number = excluded.block_number, block_hash = excluded.block_hash,
         address = excluded.address, account_id = excluded.account_id, micro = excluded.micro, status = 'confirming'
       WHERE known.status <> 'credited'`,
      [network, transfer.txHash, transfer.logIndex, transfer.blockNumber, transfer.blockHash, transfer.address, transfer.micro],
    );
}

interface DepositRow {
  tx_hash: string;
  log_index: number;
  block_number: string;
  block_hash: string;
  account_id: string;
  micro: string;
}

async function settleFinal(
  pool: Pool,
  network: UsdtNetwork,
  chain: PublicClient,
  final: bigint,
): Promise<{ credited: number; orphaned: number }> {
  const { rows } = await pool.query<DepositRow>(
    `SELECT * FROM deposit WHERE network = $1 AND status = 'confirming' AND block_number <= $2 ORDER BY block_number, log_index`,
    [network, final],
  );
  const hashes = new Map<string, string>();
  let credited = 0;
  for (const row of rows) {
    const hash = hashes.get(row.block_number) ?? (await chain.getBlock({ blockNumber: BigInt(row.block_number) })).hash;
    hashes.set(row.block_number, hash);
    if (await inTransaction(pool, (client) => settleDeposit(client, network, row, hash === row.block_hash))) credited += 1;
  }
  return { credited, orphaned: rows.length - credited };
}

/** True when it was credited now. */
async function settleDeposit(client: PoolClient, network: UsdtNetwork, row: DepositRow, isOnChain: boolean): Promise<boolean> {
  const key = [network, row.tx_hash, row.log_index];
  const locked = await client.query(
    `SELECT 1 FROM deposit WHERE network = $1 AND tx_hash = $2 AND log_index = $3 AND status = 'confirming' AND block_hash = $4 FOR UPDATE`,
    [...key, row.block_hash],
  );
  if (locked.rowCount === 0) return false;
  if (!isOnChain) {
    await client.query(`UPDATE deposit SET status = 'orphaned' WHERE network = $1 AND tx_hash = $2 AND log_index = $3`, key);
    return false;
  }
  const amount = BigInt(row.micro) * NANO_PER_MICRO_USD;
  const refId = `${network}/${row.tx_hash}/${row.log_index}`;
  await creditPayment(client, { accountId: row.account_id, amount, refType: 'deposit', refId, reason: `USDT on ${network}` });
  await client.query(
    `UPDATE deposit SET status = 'credited', credited_at = now() WHERE network = $1 AND tx_hash = $2 AND log_index = $3`,
    key,
  );
  const { rows } = await client.query<{ id: string }>(
    `UPDATE top_up SET status = 'paid', credited = $3, paid_at = now() WHERE id = (
       SELECT id FROM top_up WHERE account_id = $1 AND network = $2 AND status = 'pending' ORDER BY id LIMIT 1 FOR UPDATE) RETURNING id`,
    [row.account_id, network, amount],
  );
  await tellTopUpCredited(client, { accountId: row.account_id, topUpId: rows[0]?.id ?? null, amount, method: 'usdt' });
  return true;
}

function smallest(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
